"""Count colours and outlines on every accepted photo: evidence that vectors do not hold."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import structlog
from django.conf import settings
from django.core.files.storage import Storage
from django.db.models import Exists, OuterRef

from catalog.images import photo_load
from catalog.models import ImageStatus, ShoeImage
from search.evidence import VERSION, describe
from search.models import ImageEvidence

log = structlog.get_logger(__name__)

BATCH = 256
AT_LEAST = 320
"""Pixels of the longest side that photos are decoded to: twice what is looked at."""


def evidence_pending(
    *, seconds: float | None = None, tell: Callable[[int], None] = lambda done: None
) -> int:
    """Describe accepted photos that have no evidence of this version; how many were.

    A photo without evidence is found all the same, by its vector alone; so this comes after the
    embedding, and stops after ``seconds``. Killed at any point it goes on where it stopped. A photo
    that cannot be read is passed over: `EmbedFailure` tells of it.
    """
    ends = None if seconds is None else time.monotonic() + seconds
    storage: Storage = ShoeImage._meta.get_field("file").storage
    done = 0
    with ThreadPoolExecutor(settings.SHOEFINDER_DECODE_THREADS) as pool:
        for batch in _batches():
            described = pool.map(lambda photo: _describe(storage, photo[1]), batch)
            rows = [
                ImageEvidence(image_id=number, version=VERSION, data=data)
                for (number, _), data in zip(batch, described, strict=True)
                if data is not None
            ]
            # New rows, not updates: readers follow the numbers of rows.
            ImageEvidence.objects.filter(image_id__in=[row.image_id for row in rows]).delete()
            ImageEvidence.objects.bulk_create(rows, ignore_conflicts=True)
            done += len(rows)
            tell(done)
            if ends is not None and time.monotonic() >= ends:
                break
    if done:
        log.info("photos_described", count=done)
    return done


def _batches() -> Iterator[list[tuple[int, str]]]:
    known = ImageEvidence.objects.filter(image=OuterRef("pk"), version=VERSION)
    waiting = ShoeImage.objects.filter(~Exists(known), status=ImageStatus.ACCEPTED).order_by("pk")
    last = 0
    while batch := list(waiting.filter(pk__gt=last).values_list("pk", "file")[:BATCH]):
        last = batch[-1][0]
        yield batch


def _describe(storage: Storage, name: str) -> bytes | None:
    try:
        with storage.open(name, "rb") as file:
            return describe(photo_load(file, at_least=AT_LEAST))
    except Exception as error:
        # Decoders of damaged bytes raise nearly anything; see search.services.decoding.
        log.info("photo_not_described", file=name, error=str(error))
        return None
