"""Visitors' photos: taken in, shown back, used for a search, deleted when their time is over."""

from __future__ import annotations

import io
import secrets
from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.core.files.base import ContentFile
from django.utils import timezone
from PIL import Image

from catalog.images import PhotoLimits, photo_open
from search.exceptions import QueryPhotoExpired
from search.models import QueryPhoto

LONGEST_SIDE = 1600
"""Pixels kept. Encoders look at 224 to 384, crops of a corner at a few times that."""
JPEG_QUALITY = 90
FOLDER = "queries"
ORPHAN_AGE = timedelta(hours=1)
"""A file without a row that is older was left by a process that died between the two."""
SWEEP_BATCH = 500


def upload_limits() -> PhotoLimits:
    """What a visitor's photo may cost: SHOEFINDER_UPLOAD_MAX_BYTES and SHOEFINDER_PHOTO_*."""
    limits = PhotoLimits.from_settings()
    return PhotoLimits(
        max_bytes=settings.SHOEFINDER_UPLOAD_MAX_BYTES,
        max_pixels=limits.max_pixels,
        min_side=limits.min_side,
    )


def query_photo_create(content: bytes) -> QueryPhoto:
    """Keep a visitor's photo for SHOEFINDER_UPLOAD_HOURS.

    Stored anew as an upright JPEG of at most 1600 px, so that no metadata (place, camera, name)
    stays. The token goes into addresses and the file has another name, so that who serves
    MEDIA_ROOT by itself gives nothing away that has expired.

    Raises:
        PhotoRejected: the bytes are not a photo that we take; the message is for the visitor.
    """
    image = photo_open(content, limits=upload_limits()).image
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    encoded = io.BytesIO()
    image.save(encoded, "JPEG", quality=JPEG_QUALITY)
    now = timezone.now()
    photo = QueryPhoto(
        token=secrets.token_urlsafe(16),
        width=image.width,
        height=image.height,
        created_at=now,
        expires_at=now + timedelta(hours=settings.SHOEFINDER_UPLOAD_HOURS),
    )
    photo.file.save(f"{secrets.token_urlsafe(24)}.jpg", ContentFile(encoded.getvalue()), save=False)
    photo.save()
    return photo


def query_photo_get(token: str) -> QueryPhoto:
    """The photo of a token.

    Raises:
        QueryPhotoExpired: its time is over, there never was one, or its file is gone.
    """
    found = query_photos_kept((token,))
    if not found:
        raise QueryPhotoExpired(
            "The photo of this search is no longer kept: photos are deleted after "
            f"{_duration(settings.SHOEFINDER_UPLOAD_HOURS)}. Please choose it again."
        )
    return found[0]


def query_photos_kept(tokens: Sequence[str]) -> list[QueryPhoto]:
    """Those photos that are still there, in the order of ``tokens``. One query, none without."""
    if not tokens:
        return []
    rows = QueryPhoto.objects.filter(token__in=tokens, expires_at__gt=timezone.now())
    found = {photo.token: photo for photo in rows}
    return [
        found[token]
        for token in tokens
        if token in found and found[token].file.storage.exists(str(found[token].file.name))
    ]


def query_photos_sweep() -> int:
    """Delete expired photos, and files that lost their row; returns how many files went.

    The file goes before its row: whoever dies in between leaves a row that the next sweep finds.
    """
    deleted = 0
    expired = QueryPhoto.objects.filter(expires_at__lte=timezone.now()).order_by("expires_at")
    while batch := list(expired[:SWEEP_BATCH]):
        for photo in batch:
            photo.file.delete(save=False)
        QueryPhoto.objects.filter(pk__in=[photo.pk for photo in batch]).delete()
        deleted += len(batch)
    return deleted + _orphans_delete()


def _orphans_delete() -> int:
    storage = QueryPhoto._meta.get_field("file").storage
    if not storage.exists(FOLDER):
        return 0
    before = timezone.now() - ORPHAN_AGE
    names = {f"{FOLDER}/{name}" for name in storage.listdir(FOLDER)[1]}
    known = set(QueryPhoto.objects.values_list("file", flat=True).iterator())
    orphans = [name for name in names - known if storage.get_modified_time(name) < before]
    for name in orphans:
        storage.delete(name)
    return len(orphans)


def _duration(hours: float) -> str:
    if hours == 1:
        return "an hour"
    if hours < 1:
        return f"{round(hours * 60)} minutes"
    return f"{hours:g} hours"
