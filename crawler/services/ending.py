"""How a run ends: its status, what has vanished, and what is tidied."""

from __future__ import annotations

import os
import socket
from datetime import datetime

import structlog
from django.db.models import Max
from django.utils import timezone

from catalog.models import Listing
from catalog.services import listings_mark_vanished
from crawler.models import CrawlError, CrawlRun
from crawler.services.health import source_compare
from crawler.services.letters import list_is_held, list_waits, listings_waiting
from crawler.services.progress import crawl_embed_request
from crawler.types import FRONTIER, GONE, Problem, RunEnd

log = structlog.get_logger(__name__)

MAX_ERROR_RATE = 0.1
"""Share of pages that could not be read above which a run is no witness of what has vanished."""
MAX_VANISHED_SHARE = 0.5
MANY_LISTINGS = 20
"""A shop of more listings that loses over half of them at once has changed its pages rather."""
_PAUSE_MESSAGES = {
    "quiet-hours": "Paused for the source's quiet hours.",
    "disk-full": "Paused before the disk is full: free some room, or lower what is kept free.",
}
MAX_TOLD_OUTPUT = 300
"""Characters from the end of a process's output: the last line of a traceback and the way to it."""


def crawl_run_finish(*, run_id: int, end: RunEnd) -> CrawlRun | None:
    """Write the end of a run that this process carried out; None if it lost the run to another."""
    if end.reason == "lost":
        return None
    status, complete = _status(end)
    # A dry run, or one of letters only, is no witness of what a shop has, however far it came.
    whole = CrawlRun.objects.filter(pk=run_id, is_dry_run=False, is_retry=False)
    of_all = whole.select_related("source").first() if complete else None
    waits = of_all is not None and list_is_held(of_all.source)
    complete = of_all is not None and not waits
    updated = CrawlRun.objects.filter(
        pk=run_id,
        pid=os.getpid(),
        host=socket.gethostname(),
        status__in=(CrawlRun.Status.RUNNING, CrawlRun.Status.CANCELLING),
    ).update(
        status=status,
        complete=complete,
        finished_at=timezone.now(),
        stopped_by=_stopped_by(end, waits=waits),
        error=end.message or _PAUSE_MESSAGES.get(end.reason, ""),
        pid=None,
    )
    if not updated:
        return None
    run = CrawlRun.objects.select_related("source__retailer").get(pk=run_id)
    drifts = []
    if status == CrawlRun.Status.DONE and not (run.is_dry_run or run.is_retry):
        drifts = source_compare(run=run)
    if complete:
        _mark_vanished(run, drifts=bool(drifts))
    if status == CrawlRun.Status.DONE:
        frontier_remove(run)
    if run.photos_new or run.listings_changed or run.listings_vanished or run.listings_new:
        crawl_embed_request()
    log.info("crawl_ended", run_id=run.pk, status=run.status, reason=end.reason)
    return run


def crawl_run_child_ended(*, run_id: int, pid: int, code: int, output: str = "") -> bool:
    """Note that a run's process is gone; whether it left the run unfinished.

    One that never began its run says why in its output only; the sweep tries that run again.

    Args:
        output: what the process wrote.
    """
    how = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
    ended = {"finished_at": timezone.now(), "pid": None}
    not_begun = CrawlRun.objects.filter(pk=run_id, status=CrawlRun.Status.PENDING).update(
        status=CrawlRun.Status.INTERRUPTED,
        error=f"The crawl's process ended before the crawl began ({how}). "
        f"{output.strip()[-MAX_TOLD_OUTPUT:]}".strip(),
        **ended,
    )
    if not_begun:
        return False
    left = CrawlRun.objects.filter(
        pk=run_id,
        pid=pid,
        host=socket.gethostname(),
        status__in=(CrawlRun.Status.RUNNING, CrawlRun.Status.CANCELLING),
    )
    cancelled = left.filter(status=CrawlRun.Status.CANCELLING).update(
        status=CrawlRun.Status.CANCELLED, stopped_by="cancelled", **ended
    )
    return not cancelled and bool(
        left.update(
            status=CrawlRun.Status.INTERRUPTED,
            error=f"The crawl's process ended before the crawl did ({how}).",
            **ended,
        )
    )


def _status(end: RunEnd) -> tuple[str, bool]:
    if end.reason == "finished":
        return CrawlRun.Status.DONE, True
    if end.reason.startswith("limit-"):
        return CrawlRun.Status.DONE, False
    if end.reason == "cancelled":
        return CrawlRun.Status.CANCELLED, False
    if end.reason == "shutdown" or end.reason in CrawlRun.PAUSES:
        return CrawlRun.Status.INTERRUPTED, False
    return CrawlRun.Status.FAILED, False


def _stopped_by(end: RunEnd, *, waits: bool) -> str:
    if end.reason != "finished":
        return end.reason[:40]
    return CrawlRun.LIST_WAITS if waits else ""


def _mark_vanished(run: CrawlRun, *, drifts: bool) -> None:
    """Mark what this shop no longer lists, if the run is a good witness; tell it if it is not."""
    since = _not_seen_since(run)
    if since is None:
        return
    unread = sum(
        kind.count
        for kind in CrawlError.objects.filter(run=run, is_notice=False)
        if not kind.kind.startswith("photo-") and kind.kind not in GONE and _is_page(kind.kind)
    )
    live = Listing.objects.filter(retailer=run.source.retailer, vanished_at=None)
    total, unseen = live.count(), live.filter(last_seen_at__lt=since).count()
    if not unseen:
        return
    retailer = run.source.retailer
    reason = ""
    if drifts:
        reason = "the shop's pages seem to have changed"
    elif unread > MAX_ERROR_RATE * max(run.pages, 1):
        reason = f"{unread} of {run.pages} pages could not be read"
    elif total > MANY_LISTINGS and unseen > MAX_VANISHED_SHARE * total:
        reason = f"{unseen} of {total} listings would vanish at once"
    elif list_waits(retailer=retailer):
        reason = "a list of the shop could not be read, and is to be tried again"
    if reason:
        message = f"Nothing was marked as vanished: {reason}."
        CrawlError.objects.update_or_create(
            run=run,
            kind="vanish-check-skipped",
            defaults={
                "count": 1,
                "is_notice": True,
                "examples": [{"url": run.source.seed_list[0], "message": message}],
            },
        )
        return
    run.listings_missing, run.listings_vanished = listings_mark_vanished(
        retailer=retailer,
        not_seen_since=since,
        spared=listings_waiting(retailer=retailer, unseen=live.filter(last_seen_at__lt=since)),
    )
    run.save(update_fields=["listings_missing", "listings_vanished"])


def _is_page(kind: str) -> bool:
    """Whether a kind of problem means that a page, not a photo or a part of it, was not read."""
    return kind.startswith("http-") or kind in {
        "timeout", "connection-refused", "truncated", "download-failed", "internal-error",
        "unknown-host", "tls", "invalid-sitemap", "invalid-gzip", "not-a-page", "not-a-feed",
        "no-items", "not-shopify", "not-woocommerce", "invalid-xml", "invalid-row",
    }  # fmt: skip


def _not_seen_since(run: CrawlRun) -> datetime | None:
    """The moment before which a listing of this shop was last seen if no source lists it any more.

    A shop with several sources: the oldest start among the last complete runs of each, None while
    one of them has not been crawled whole.
    """
    sources = run.source.retailer.crawl_sources.filter(enabled=True) | (
        run.source.retailer.crawl_sources.filter(pk=run.source_id)
    )
    starts: list[datetime] = []
    for source in sources.distinct():
        latest = source.runs.filter(complete=True).aggregate(at=Max("started_at"))["at"]
        if latest is None:
            return None
        starts.append(latest)
    return min(starts)


def frontier_remove(run: CrawlRun) -> bool:
    """Forget what was still to be visited, and feeds that were half read; whether there was any.
    The log stays."""
    left = [*run.directory.glob(f"{FRONTIER}*"), *run.directory.glob("feed-*")]
    for path in left:
        path.unlink(missing_ok=True)
    return bool(left)


def problem_note(*, run: CrawlRun, problem: Problem) -> None:
    """Tell something about a run as a whole."""
    CrawlError.objects.update_or_create(
        run=run,
        kind=problem.kind,
        defaults={
            "count": 1,
            "is_notice": problem.is_notice,
            "examples": [{"url": problem.url, "message": problem.message}],
        },
    )
