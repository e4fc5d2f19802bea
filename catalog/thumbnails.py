"""Small versions of catalog photos: made on first request, kept on disk, cached for good.

The address carries the photo's id and the start of its content hash, so its content never changes.
Own code and no library: easy-thumbnails and sorl read a table (or make the file) for each photo
while a page renders; this leaves it to the photo's own request, and needs neither table nor sweep.
The files are a cache beside the photos; deleting the folder loses nothing.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from catalog.images import photo_load
from catalog.models import ImageStatus, ShoeImage

SIZES = (160, 320, 640, 1280)
"""Longest sides in pixels that can be asked for; smaller photos are not enlarged."""
QUALITY = 80
DIGEST_LENGTH = 8

_DIGEST = re.compile(r"[0-9a-f]{8}")


class Pictured(Protocol):
    """A photo as templates know it: a ShoeImage, or a card's plain copy of one."""

    @property
    def id(self) -> int: ...
    @property
    def sha256(self) -> str: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...


def thumbnail_url(image: Pictured, size: int) -> str:
    """Address of the version whose longest side is ``size``, one of SIZES."""
    return reverse("catalog:thumbnail", args=[image.id, image.sha256[:DIGEST_LENGTH], size])


def thumbnail_srcset(image: Pictured) -> str:
    """All versions as HTML's ``srcset``. One reversed address: a page shows dozens of photos."""
    before, _, after = thumbnail_url(image, SIZES[0]).rpartition(str(SIZES[0]))
    versions = thumbnail_widths(image).items()
    return ", ".join(f"{before}{size}{after} {width}w" for size, width in versions)


def thumbnail_widths(image: Pictured, sizes: Sequence[int] = SIZES) -> dict[int, int]:
    """Size → width in pixels of that version; versions that would be alike only once."""
    longest = max(image.width, image.height, 1)
    widths: dict[int, int] = {}
    for size in sizes:
        width = max(1, round(image.width * min(1.0, size / longest)))
        if width not in widths.values():
            widths[size] = width
    return widths


def thumbnail_path(*, image: ShoeImage, size: int) -> Path:
    """The file of a version, made if it is not there.

    Raises FileNotFoundError when the photo itself is gone, OSError when it cannot be decoded.
    """
    folder = Path(settings.MEDIA_ROOT) / "thumbs" / image.sha256[:2]
    path = folder / f"{image.sha256}-{size}.webp"
    if not path.exists():
        with image.file.open("rb") as file:
            small = photo_load(file, longest_side=size)
        folder.mkdir(parents=True, exist_ok=True)
        # Beside and renamed: two requests may make the same file, none may read half of one.
        beside = folder / f".{path.name}.{secrets.token_hex(4)}"
        try:
            small.save(beside, "WEBP", quality=QUALITY, method=4)
            os.replace(beside, path)
        finally:
            beside.unlink(missing_ok=True)
    return path


@require_safe
@cache_control(public=True, max_age=31536000, immutable=True)
def thumbnail(request: HttpRequest, image_id: int, digest: str, size: int) -> HttpResponseBase:
    if size not in SIZES or not _DIGEST.fullmatch(digest):
        raise Http404
    image = ShoeImage.objects.filter(
        pk=image_id, sha256__startswith=digest, status=ImageStatus.ACCEPTED
    ).first()
    if image is None:
        raise Http404
    try:
        path = thumbnail_path(image=image, size=size)
    except OSError as error:
        raise Http404 from error
    return FileResponse(path.open("rb"), content_type="image/webp")
