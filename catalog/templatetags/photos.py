"""How templates show catalog photos: sized for the screen, their space kept, loaded when near."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from catalog.thumbnails import SIZES, Pictured, thumbnail_srcset, thumbnail_url

register = template.Library()


@register.simple_tag
def photo(
    image: Pictured | None, alt: str = "", sizes: str = "16rem", eager: bool = False
) -> SafeString:
    """``{% photo card.cover alt=card.title sizes="(min-width: 62rem) 16rem, 45vw" %}``

    ``sizes`` as in HTML: how wide the photo will stand. ``eager`` for what is seen first.
    """
    if image is None:
        return format_html('<span class="photo-missing">{}</span>', "No photo")
    return format_html(
        '<img src="{}" srcset="{}" sizes="{}" width="{}" height="{}" alt="{}"{} decoding="async">',
        thumbnail_url(image, SIZES[1]),
        thumbnail_srcset(image),
        sizes if eager else f"auto, {sizes}",
        image.width,
        image.height,
        alt,
        SafeString(' fetchpriority="high"' if eager else ' loading="lazy"'),
    )
