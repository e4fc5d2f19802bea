"""What goes on by itself: runs whose process is gone, messages that were lost, cancels that hang,
pauses that are over, and sources whose time has come."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from datetime import timedelta

import psutil
import structlog
from django.utils import timezone

from crawler.exceptions import CrawlRefused
from crawler.models import CrawlRun
from crawler.services.budgets import disk_shortage
from crawler.services.runs import crawl_run_enqueue, crawl_run_resume
from crawler.services.timetable import crawl_sources_start_due, quiet_end

log = structlog.get_logger(__name__)

STALE = timedelta(seconds=30)
"""Heartbeats come each second; a run without one for so long is taken for dead."""
LOST_MESSAGE = timedelta(seconds=60)
CANCEL_GRACE = timedelta(seconds=45)
MAX_AUTOMATIC_RESUMES = 10


def crawl_runs_sweep() -> int:
    """Find what stopped, mark it, and go on with it; how many rows were changed."""
    changed = _end_dead() + _resume_interrupted() + _send_again() + crawl_sources_start_due()
    if changed:
        log.info("crawls_swept", changed=changed)
    return changed


def _end_dead() -> int:
    """Runs that nobody carries out any more."""
    changed = 0
    now = timezone.now()
    active = (CrawlRun.Status.RUNNING, CrawlRun.Status.CANCELLING)
    for run in CrawlRun.objects.filter(status__in=active):
        process = process_of(run)
        here = run.host == socket.gethostname()
        stale = run.heartbeat_at is None or now - run.heartbeat_at > STALE
        hangs = (
            run.status == CrawlRun.Status.CANCELLING
            and run.cancel_requested_at is not None
            and now - run.cancel_requested_at > CANCEL_GRACE
        )
        gone = here and process is None
        if not (gone or stale or (hangs and here)):
            continue
        if process is not None:
            kill(process)
        cancelled = run.status == CrawlRun.Status.CANCELLING
        changed += CrawlRun.objects.filter(pk=run.pk, status=run.status, pid=run.pid).update(
            status=CrawlRun.Status.CANCELLED if cancelled else CrawlRun.Status.INTERRUPTED,
            stopped_by="cancelled" if cancelled else "interrupted",
            error="" if cancelled else "The crawl's process was gone without having said why.",
            finished_at=now,
            pid=None,
        )
    return changed


def _resume_interrupted() -> int:
    changed = 0
    interrupted = CrawlRun.objects.filter(status=CrawlRun.Status.INTERRUPTED)
    for run in interrupted.select_related("source"):
        if run.resumed >= MAX_AUTOMATIC_RESUMES:
            changed += CrawlRun.objects.filter(
                pk=run.pk, status=CrawlRun.Status.INTERRUPTED
            ).update(
                status=CrawlRun.Status.FAILED,
                error=f"Interrupted {run.resumed + 1} times; not started again by itself. "
                f"{run.error}",
            )
            continue
        if not run.source.enabled or _still_pauses(run):
            continue
        with contextlib.suppress(CrawlRefused):
            crawl_run_resume(run=run)
            changed += 1
    return changed


def _still_pauses(run: CrawlRun) -> bool:
    source = run.source
    if run.stopped_by == "disk-full":
        return bool(disk_shortage())
    hours = (source.quiet_from, source.quiet_until)
    is_quiet = quiet_end(*hours, timezone.now()) is not None
    return is_quiet and run.trigger == CrawlRun.Trigger.SCHEDULE


def _send_again() -> int:
    """Waiting runs whose message may have been lost; a message too many does no harm."""
    late = timezone.now() - LOST_MESSAGE
    waiting = CrawlRun.objects.filter(status=CrawlRun.Status.PENDING, queued_at__lt=late)
    return sum(crawl_run_enqueue(run_id=number) for number in waiting.values_list("id", flat=True))


def crawl_runs_interrupt_here() -> int:
    """Ask the crawls that this process started to stop (a worker that ends); how many."""
    told = 0
    here = CrawlRun.objects.filter(
        host=socket.gethostname(),
        pid__isnull=False,
        status__in=(CrawlRun.Status.RUNNING, CrawlRun.Status.CANCELLING),
    )
    for run in here:
        process = process_of(run)
        if process is None:
            continue
        with contextlib.suppress(psutil.Error):
            if os.getpid() in {parent.pid for parent in process.parents()}:
                process.send_signal(signal.SIGTERM)
                told += 1
    return told


def process_of(run: CrawlRun) -> psutil.Process | None:
    """The run's process on this host, if it lives; a pid given to another does not count."""
    if run.pid is None or run.host != socket.gethostname() or run.process_started is None:
        return None
    try:
        process = psutil.Process(run.pid)
        started = process.create_time()
        alive = process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return None
    return process if alive and abs(started - run.process_started) < 1 else None


def kill(process: psutil.Process) -> None:
    """End a crawl's process and all that it started, at once; the frontier survives it."""
    with contextlib.suppress(psutil.Error):
        family = [process, *process.children(recursive=True)]
        for one in family:
            with contextlib.suppress(psutil.Error):
                one.kill()
        psutil.wait_procs(family, timeout=10)
