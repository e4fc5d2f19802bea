"""What the crawl's own process writes into its row, and what the row tells it."""

from __future__ import annotations

import os
import socket
from array import array
from enum import Enum

import psutil
import structlog
from django.db import transaction
from django.db.models.functions import Coalesce
from django.utils import timezone
from kombu.exceptions import OperationalError

from catalog.models import Listing
from crawler.models import CrawlError, CrawlRun
from crawler.services.budgets import disk_shortage, source_quota_left
from crawler.services.health import expected_fields
from crawler.services.letters import letters_known, letters_left
from crawler.types import COUNTS, FIELD_PREFIX, RunCounts, RunPlan

log = structlog.get_logger(__name__)

MAX_MISSING = 2_000
"""Listings that are asked for by their own address, since no page led to them any more."""


class RunState(Enum):
    """What a run's row asks of its process."""

    GO_ON = "go on"
    CANCEL = "cancel"
    FULL = "full"
    """The disk has no room for more."""
    LOST = "lost"
    """The run is not this process's any more: it was taken for dead and given to another."""


def crawl_run_claim(*, run_id: int) -> RunPlan | None:
    """Make this process the one that carries out a waiting run; None where there is nothing to do.

    Of two processes that were told the same id, one gets the plan.
    """
    now = timezone.now()
    claimed = CrawlRun.objects.filter(pk=run_id, status=CrawlRun.Status.PENDING).update(
        status=CrawlRun.Status.RUNNING,
        started_at=Coalesce("started_at", now),
        heartbeat_at=now,
        host=socket.gethostname(),
        pid=os.getpid(),
        process_started=psutil.Process().create_time(),
    )
    if not claimed:
        return None
    run = CrawlRun.objects.select_related("source").get(pk=run_id)
    source = run.source
    left = source_quota_left(source)
    scheduled = run.trigger == CrawlRun.Trigger.SCHEDULE
    remembers = source.only_changed and not run.is_dry_run
    return RunPlan(
        run_id=run.pk,
        retailer_id=source.retailer_id,
        spider=source.kind.spider,
        params=source.told,
        is_dry_run=run.is_dry_run,
        is_retry=run.is_retry,
        letters=() if run.is_dry_run else letters_known(run),
        letters_left=letters_left(run),
        seeds=tuple(source.seed_list),
        hosts=tuple(source.host_list),
        directory=run.directory,
        delay=source.delay,
        concurrency=source.concurrency,
        max_photos=source.max_photos,
        max_pages=run.max_pages,
        max_seconds=run.max_minutes * 60.0 if run.max_minutes else None,
        max_bytes=run.max_megabytes * 1_000_000 if run.max_megabytes else None,
        memory=source.memory_path if remembers else None,
        alive=_alive(source.retailer_id) if remembers else (),
        missing=() if run.is_dry_run or run.is_retry else _missing(source.retailer_id),
        quota_bytes=None if left.bytes is None else run.bytes + left.bytes,
        quota_photos=None if left.photos is None else run.photos_new + left.photos,
        expected=frozenset() if run.is_dry_run else expected_fields(source),
        quiet=(
            (source.quiet_from, source.quiet_until)
            if scheduled and source.quiet_from and source.quiet_until
            else None
        ),
        seconds=run.seconds,
        bytes=run.bytes,
    )


def _alive(retailer_id: int) -> array[int]:
    """8 bytes a listing: a shop may have a million."""
    listings = Listing.objects.filter(
        retailer=retailer_id, vanished_at=None, colorway__isnull=False
    )
    ids = listings.order_by("pk").values_list("pk", flat=True)
    return array("q", ids.iterator(chunk_size=10_000))


def _missing(retailer_id: int) -> tuple[str, ...]:
    missing = Listing.objects.filter(
        retailer=retailer_id, vanished_at=None, missing_since__isnull=False
    )
    return tuple(missing.order_by("pk").values_list("url", flat=True)[:MAX_MISSING])


def crawl_run_beat(
    *, run_id: int, counts: RunCounts, seconds: float, size: int, waiting: int
) -> RunState:
    """Write counts and a heartbeat; what the row asks in return."""
    with transaction.atomic():
        mine = CrawlRun.objects.filter(
            pk=run_id,
            pid=os.getpid(),
            host=socket.gethostname(),
            status__in=(CrawlRun.Status.RUNNING, CrawlRun.Status.CANCELLING),
        )
        updated = mine.update(
            heartbeat_at=timezone.now(),
            seconds=seconds,
            bytes=size,
            waiting=waiting,
            field_counts={
                name.removeprefix(FIELD_PREFIX): n
                for name, n in counts.columns.items()
                if name.startswith(FIELD_PREFIX)
            },
            **{name: counts.columns.get(name, 0) for name in (*COUNTS, "errors")},
        )
        if not updated:
            return RunState.LOST
        _write_kinds(run_id, counts)
        status = mine.values_list("status", flat=True).get()
    if status == CrawlRun.Status.CANCELLING:
        return RunState.CANCEL
    return RunState.FULL if disk_shortage() else RunState.GO_ON


def _write_kinds(run_id: int, counts: RunCounts) -> None:
    told = dict(CrawlError.objects.filter(run_id=run_id).values_list("kind", "count"))
    changed = [
        CrawlError(run_id=run_id, kind=kind[:60], is_notice=is_notice, count=n, examples=examples)
        for kind, is_notice, n, examples in counts.kinds
        if told.get(kind[:60]) != n
    ]
    CrawlError.objects.bulk_create(
        changed,
        update_conflicts=True,
        unique_fields=["run", "kind"],
        update_fields=["count", "examples", "is_notice"],
    )


def crawl_embed_request() -> None:
    """Ask for new photos to be embedded; where the broker does not answer, the schedule will."""
    from search.tasks import embed_pending

    try:
        embed_pending.apply_async(retry=False)
    except OperationalError as error:
        log.warning("embed_not_requested", error=str(error))
