"""When a source is crawled by itself: its schedule's time, a while later by chance, never in its
quiet hours."""

from __future__ import annotations

import random
from datetime import datetime, time, timedelta

import structlog
from django.utils import timezone

from crawler.exceptions import CrawlerError, CrawlRefused
from crawler.models import CrawlRun, CrawlSource
from crawler.services.budgets import disk_shortage
from crawler.services.runs import crawl_run_request

log = structlog.get_logger(__name__)


def quiet_end(start: time | None, end: time | None, moment: datetime) -> datetime | None:
    """When the quiet hours end that a moment lies in; None if it lies in none.

    They are of the site's time zone, and may go over midnight.

    Args:
        moment: aware.
    """
    if start is None or end is None:
        return None
    local = timezone.localtime(moment)
    now, today = local.time(), local.date()
    if start <= end:
        inside, day = start <= now < end, today
    else:
        inside = now >= start or now < end
        day = today if now < end else today + timedelta(days=1)
    if not inside:
        return None
    return datetime.combine(day, end, tzinfo=local.tzinfo)


def crawl_source_note_due(*, source_id: int) -> datetime | None:
    """Note that a source's time has come; when it is to start. None for one that is gone or off.

    Noted in its row and not in a message: a source that is being crawled, or a broker that is
    away, only makes it later. One that is due already stays at its time.
    """
    source = CrawlSource.objects.filter(pk=source_id, enabled=True).first()
    if source is None or source.due_at is not None:
        return source.due_at if source else None
    due = _after_quiet_hours(source, timezone.now())
    CrawlSource.objects.filter(pk=source_id, due_at=None).update(due_at=due)
    log.info("crawl_due", source_id=source_id, at=due.isoformat())
    return due


def crawl_sources_start_due() -> int:
    """Ask for runs of the sources whose time has come; how many. One that runs is left for later.

    A source that cannot be crawled is told in the log, and is asked at its next time again.
    """
    started = 0
    now = timezone.now()
    if shortage := disk_shortage():
        # They stay due: it is no fault of theirs.
        log.error("scheduled_crawls_wait", reason=shortage)
        return 0
    for source in CrawlSource.objects.filter(due_at__lte=now).select_related("retailer"):
        if not source.enabled:
            CrawlSource.objects.filter(pk=source.pk).update(due_at=None)
            continue
        if quiet_end(source.quiet_from, source.quiet_until, now) is not None:
            due = _after_quiet_hours(source, now)
            CrawlSource.objects.filter(pk=source.pk).update(due_at=due)
            continue
        if source.runs.filter(status__in=CrawlRun.ACTIVE).exists():
            continue
        # Taken before the run is made: of two sweeps one starts it.
        if not CrawlSource.objects.filter(pk=source.pk, due_at=source.due_at).update(due_at=None):
            continue
        try:
            crawl_run_request(source=source, trigger=CrawlRun.Trigger.SCHEDULE)
            started += 1
        except CrawlRefused as error:
            log.warning("scheduled_crawl_refused", source_id=source.pk, reason=str(error))
        except CrawlerError as error:
            log.error("scheduled_crawl_impossible", source_id=source.pk, reason=str(error))
    return started


def _after_quiet_hours(source: CrawlSource, moment: datetime) -> datetime:
    """A moment spread by chance that lies in no quiet hours."""
    spread = timedelta(minutes=source.jitter_minutes)
    due = moment + spread * random.random()  # noqa: S311 - spreads load, no secret
    end = quiet_end(source.quiet_from, source.quiet_until, due)
    return due if end is None else end + spread * random.random()  # noqa: S311
