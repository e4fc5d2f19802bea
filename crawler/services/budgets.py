"""What may still be taken: room on the disk, and each source's quotas."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.core.cache import cache
from django.db.models import Sum
from django.utils import timezone

from catalog.models import ImageSource, ShoeImage
from crawler.models import CrawlSource

QUOTA_DAYS = 30
_MB = 1_000_000
_LOOK_SECONDS = 60
"""The sum over all photos is asked for no more often than this."""


@dataclass(frozen=True, slots=True)
class QuotaLeft:
    """What a source may still take; None where it has no quota."""

    bytes: int | None
    photos: int | None


def disk_shortage() -> str:
    """Why no crawl may go on for want of room, with the mend; "" while there is enough."""
    reserve = settings.SHOEFINDER_DISK_RESERVE_MB * _MB
    for folder in dict.fromkeys([Path(settings.MEDIA_ROOT), Path(settings.VAR_DIR)]):
        free = shutil.disk_usage(_nearest(folder)).free
        if free < reserve:
            return (
                f"Only {free // _MB:,} MB are free at {folder}, and {reserve // _MB:,.0f} MB are "
                "kept free. Free some, or lower SHOEFINDER_DISK_RESERVE_MB."
            )
    budget = settings.SHOEFINDER_PHOTO_BUDGET_MB * _MB
    if budget and (stored := photo_bytes()) >= budget:
        return (
            f"The photos take {stored // _MB:,} MB of the {budget // _MB:,.0f} MB they may. Delete "
            "some, or raise SHOEFINDER_PHOTO_BUDGET_MB."
        )
    return ""


def photo_bytes() -> int:
    """Bytes of all stored photos, as of a minute ago at most."""
    stored = cache.get_or_set("crawler.photo_bytes", _photo_bytes, _LOOK_SECONDS)
    return stored or 0


def _photo_bytes() -> int:
    return ShoeImage.objects.aggregate(total=Sum("byte_size"))["total"] or 0


def _nearest(folder: Path) -> Path:
    """The folder, or what of its path is there already."""
    while not folder.exists():
        folder = folder.parent
    return folder


def source_quota_left(source: CrawlSource) -> QuotaLeft:
    """What a source may still take; never below zero."""
    left_bytes = left_photos = None
    if source.quota_megabytes is not None:
        left_bytes = max(0, source.quota_megabytes * _MB - source_bytes(source))
    if source.quota_photos is not None:
        stored = ImageSource.objects.filter(listing__retailer=source.retailer_id)
        count = stored.values("image").distinct().count()
        left_photos = max(0, source.quota_photos - count)
    return QuotaLeft(left_bytes, left_photos)


def source_bytes(source: CrawlSource) -> int:
    """What its runs downloaded in the last `QUOTA_DAYS` days."""
    runs = source.runs.filter(is_dry_run=False, started_at__gte=_quota_start())
    return runs.aggregate(total=Sum("bytes"))["total"] or 0


def _quota_start() -> datetime:
    return timezone.now() - timedelta(days=QUOTA_DAYS)


def source_refusal(source: CrawlSource) -> str:
    """Why a source may take nothing now, with the mend; "" if it may."""
    if shortage := disk_shortage():
        return shortage
    if source_quota_left(source).bytes == 0:
        return (
            f"“{source}” has used up the {source.quota_megabytes:,} MB that it may download in "
            f"{QUOTA_DAYS} days. Raise its quota, or wait until its oldest runs are out of them."
        )
    return ""
