"""Runs are asked for, cancelled and resumed here, whoever asks: admin, command or schedule."""

from __future__ import annotations

import shutil
from typing import Any

import structlog
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from crawler.exceptions import CrawlRefused
from crawler.models import CrawlRun, CrawlSource
from crawler.services.budgets import disk_shortage, source_refusal
from crawler.services.sources import crawl_source_check

log = structlog.get_logger(__name__)

LIMITS = ("max_pages", "max_minutes", "max_megabytes")
DRY_RUN_LIMITS = {"max_pages": 60, "max_minutes": 5, "max_megabytes": 2_000}
"""Enough to find ten products; a feed may be large."""


def crawl_run_request(
    *,
    source: CrawlSource,
    trigger: str,
    requested_by: User | None = None,
    enqueue: bool = True,
    is_dry_run: bool = False,
    is_retry: bool = False,
    **limits: int | None,
) -> CrawlRun:
    """Ask for a run of a source; a worker of the queue "crawl" starts it.

    A dry run shows the first products and stores none; it takes the place of an earlier one, and
    may be of a source that is switched off.

    Args:
        trigger: a CrawlRun.Trigger value.
        enqueue: False for a caller that runs it itself.
        is_retry: only of the letters that are given to it; see `letters_retry`.
        limits: max_pages, max_minutes or max_megabytes in place of the source's.

    Raises:
        CrawlRefused: the source is switched off, has a run already, or may take nothing more.
        SourceInvalid: the source cannot be crawled.
    """
    if not source.enabled and not is_dry_run:
        raise CrawlRefused(f"“{source}” is switched off. Tick “enabled” on the source first.")
    crawl_source_check(source)
    if refusal := source_refusal(source):
        raise CrawlRefused(refusal)
    values: dict[str, Any] = {name: getattr(source, name) for name in LIMITS}
    if is_dry_run:
        values.update(DRY_RUN_LIMITS)
    values.update(limits)
    try:
        with transaction.atomic():
            run = CrawlRun.objects.create(
                source=source,
                trigger=trigger,
                requested_by=requested_by,
                is_dry_run=is_dry_run,
                is_retry=is_retry,
                **values,
            )
    except IntegrityError as error:
        raise CrawlRefused(f"“{source}” is being crawled already.") from error
    if is_dry_run:
        for earlier in source.runs.filter(is_dry_run=True).exclude(pk=run.pk):
            crawl_run_delete(run=earlier)
    if enqueue:
        transaction.on_commit(lambda: crawl_run_enqueue(run_id=run.pk))
    return run


def crawl_run_enqueue(*, run_id: int) -> bool:
    """Send a run's id to the broker; False where it does not answer (the sweep tries again)."""
    from crawler.tasks import run_crawl

    CrawlRun.objects.filter(pk=run_id).update(queued_at=timezone.now())
    try:
        run_crawl.apply_async((run_id,), retry=False)
    except OperationalError as error:
        log.warning("crawl_not_enqueued", run_id=run_id, error=str(error))
        return False
    return True


def crawl_run_cancel(*, run: CrawlRun) -> CrawlRun:
    """Ask a run to end; its process sees it within a second. What it has not visited is kept.

    Raises:
        CrawlRefused: the run has ended already.
    """
    now = timezone.now()
    waiting = CrawlRun.objects.filter(pk=run.pk, status=CrawlRun.Status.PENDING)
    running = CrawlRun.objects.filter(pk=run.pk, status=CrawlRun.Status.RUNNING)
    if waiting.update(
        status=CrawlRun.Status.CANCELLED,
        stopped_by="cancelled",
        cancel_requested_at=now,
        finished_at=now,
    ):
        pass
    elif not running.update(status=CrawlRun.Status.CANCELLING, cancel_requested_at=now):
        run.refresh_from_db()
        if run.status != CrawlRun.Status.CANCELLING:
            raise CrawlRefused(f"The run has ended already: {run.get_status_display().lower()}.")
    run.refresh_from_db()
    return run


def crawl_run_resume(
    *, run: CrawlRun, enqueue: bool = True, trigger: str | None = None
) -> CrawlRun:
    """Go on with a run that was cancelled, interrupted or failed, from where it was.

    Args:
        trigger: who wants it, in place of who did first; by hand a run minds no quiet hours.

    Raises:
        CrawlRefused: the run cannot go on, its source has another active run, or there is no room.
    """
    if shortage := disk_shortage():
        raise CrawlRefused(shortage)
    try:
        with transaction.atomic():
            updated = CrawlRun.objects.filter(pk=run.pk, status__in=CrawlRun.RESUMABLE).update(
                status=CrawlRun.Status.PENDING,
                trigger=trigger or run.trigger,
                # A pause is no sign of anything wrong.
                resumed=run.resumed if run.is_paused else run.resumed + 1,
                cancel_requested_at=None,
                finished_at=None,
                heartbeat_at=None,
                pid=None,
                stopped_by="",
                error="",
            )
    except IntegrityError as error:
        raise CrawlRefused(f"“{run.source}” has another run that is active.") from error
    run.refresh_from_db()
    if not updated:
        raise CrawlRefused(
            f"Only a run that ended early can be resumed; this one is "
            f"{run.get_status_display().lower()}."
        )
    if enqueue:
        transaction.on_commit(lambda: crawl_run_enqueue(run_id=run.pk))
    return run


def crawl_run_delete(*, run: CrawlRun) -> None:
    """Delete an ended run with its log; what it brought into the catalog stays.

    Raises:
        CrawlRefused: the run is active.
    """
    directory = run.directory
    with transaction.atomic():
        ended = CrawlRun.objects.filter(pk=run.pk).exclude(status__in=CrawlRun.ACTIVE)
        if not ended.delete()[0]:
            raise CrawlRefused("The run is active; cancel it first.")
        transaction.on_commit(lambda: shutil.rmtree(directory, ignore_errors=True))
