"""Dry runs: what was found, made ready to be shown."""

from __future__ import annotations

import base64
import io

from django.db import connection

from catalog.colours import colours_parse
from catalog.exceptions import DraftRejected, PhotoRejected
from catalog.images import photo_open
from catalog.services import draft_clean
from catalog.types import ListingDraft
from crawler.models import PreviewItem
from crawler.types import Preview, Problem

THUMBNAIL = 240
"""Longest side in pixels."""
MAX_SHOWN_PHOTOS = 50


def crawl_preview_add(
    *, run_id: int, position: int, draft: ListingDraft, photo: bytes | Problem | None
) -> None:
    """Keep a product that a dry run found.

    Args:
        photo: the bytes of its first photo, or why there are none.
    """
    content = preview_of(draft, photo).to_json()
    try:
        PreviewItem.objects.update_or_create(
            run_id=run_id, position=position, defaults={"content": content}
        )
    finally:
        # Called in threads that come and go.
        if not connection.in_atomic_block:
            connection.close()


def preview_of(draft: ListingDraft, photo: bytes | Problem | None) -> Preview:
    """The draft as it would be stored, and what is missing or wrong."""
    notes: list[str] = []
    try:
        draft = draft_clean(draft)
    except DraftRejected as error:
        notes.append(f"Would be refused: {error.message}")
    if not draft.brand:
        notes.append("No brand: it is looked for in the title, else the listing waits.")
    if draft.price is None:
        notes.append("No price.")
    elif not draft.currency:
        notes.append("No currency.")
    if not draft.availability:
        notes.append("It does not say whether it can be bought.")
    thumbnail = ""
    if photo is None:
        notes.append("No photo.")
    elif isinstance(photo, Problem):
        notes.append(f"Photo: {photo.message}")
    else:
        try:
            thumbnail = _thumbnail(photo)
        except PhotoRejected as error:
            notes.append(f"Photo: {error.message}")
    return Preview(
        url=draft.url,
        title=draft.title,
        brand=draft.brand,
        model=draft.model,
        colour=draft.colour,
        colours=colours_parse(draft.colour),
        code=draft.mpn or draft.sku,
        price="" if draft.price is None else f"{draft.price:.2f}",
        currency=draft.currency,
        availability=draft.availability,
        photos=draft.image_urls[:MAX_SHOWN_PHOTOS],
        thumbnail=thumbnail,
        notes=tuple(notes),
    )


def _thumbnail(content: bytes) -> str:
    image = photo_open(content, reduced=True).image
    image.thumbnail((THUMBNAIL, THUMBNAIL))
    out = io.BytesIO()
    image.save(out, "WEBP", quality=70)
    return "data:image/webp;base64," + base64.b64encode(out.getvalue()).decode("ascii")
