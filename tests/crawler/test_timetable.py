"""Schedules over months: spread, quiet hours, pauses, room on the disk, and quotas."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from catalog.models import ShoeImage
from crawler.exceptions import CrawlRefused, SourceInvalid
from crawler.models import CrawlRun, CrawlSource
from crawler.runner import run_until_ended
from crawler.services import (
    crawl_run_request,
    crawl_run_resume,
    crawl_runs_sweep,
    crawl_source_ensure,
    crawl_source_note_due,
    crawl_source_save,
    quiet_end,
)
from tests.crawler.conftest import crawl, kinds, source_of
from tests.fakeshop import FakeShop

Status = CrawlRun.Status


@pytest.fixture
def source(db: None) -> CrawlSource:
    return crawl_source_ensure(name="Shop", seeds=["https://shop.example/"])


def at(hour: int, minute: int = 0, day: int = 10) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "end", "moment", "over"),
    [
        (time(8), time(20), at(7, 59), None),
        (time(8), time(20), at(8), at(20)),
        (time(8), time(20), at(20), None),
        (time(22), time(6), at(23), at(6, day=11)),
        (time(22), time(6), at(5, 59), at(6)),
        (time(22), time(6), at(12), None),
        (None, None, at(12), None),
    ],
)
def test_quiet_hours(
    start: time | None, end: time | None, moment: datetime, over: datetime | None
) -> None:
    assert quiet_end(start, end, moment) == over


@given(start=st.times(), end=st.times(), moment=st.datetimes(timezones=st.just(UTC)).filter(
    lambda moment: 1 < moment.year < 9999))  # fmt: skip
def test_quiet_hours_end_after_they_began_and_within_a_day(
    start: time, end: time, moment: datetime
) -> None:
    over = quiet_end(start, end, moment)
    if over is not None:
        assert timedelta(0) < over - moment <= timedelta(days=1)
        assert quiet_end(start, end, over) is None


def hours_around_now() -> dict[str, time]:
    now = timezone.localtime()
    return {
        "quiet_from": (now - timedelta(hours=2)).time(),
        "quiet_until": (now + timedelta(hours=2)).time(),
    }


def change(source: CrawlSource, **values: Any) -> None:
    CrawlSource.objects.filter(pk=source.pk).update(**values)
    source.refresh_from_db()


def test_a_scheduled_crawl_is_spread_and_started_when_it_is_due(source: CrawlSource) -> None:
    before = timezone.now()

    due = crawl_source_note_due(source_id=source.pk)

    assert due is not None
    assert before <= due <= timezone.now() + timedelta(minutes=source.jitter_minutes)
    assert crawl_source_note_due(source_id=source.pk) == due
    change(source, due_at=timezone.now() + timedelta(minutes=5))
    assert crawl_runs_sweep() == 0
    change(source, due_at=timezone.now())
    assert crawl_runs_sweep() == 1
    source.refresh_from_db()
    assert (source.due_at, source.runs.get().trigger) == (None, "schedule")


def test_a_due_source_waits_for_the_run_that_is_active(source: CrawlSource) -> None:
    run = crawl_run_request(source=source, trigger="admin", enqueue=False)
    change(source, due_at=timezone.now())
    crawl_runs_sweep()
    assert source.runs.count() == 1

    CrawlRun.objects.filter(pk=run.pk).update(status=Status.DONE)
    crawl_runs_sweep()

    assert source.runs.count() == 2


def test_nothing_scheduled_starts_in_quiet_hours(source: CrawlSource) -> None:
    change(source, jitter_minutes=0, **hours_around_now())
    due = crawl_source_note_due(source_id=source.pk)
    assert due is not None
    assert due > timezone.now() + timedelta(hours=1)

    # They were changed after it had become due.
    change(source, due_at=timezone.now())
    crawl_runs_sweep()

    assert not source.runs.exists()
    source.refresh_from_db()
    assert source.due_at is not None
    assert source.due_at > timezone.now()


def test_a_source_that_was_switched_off_is_not_due(source: CrawlSource) -> None:
    change(source, due_at=timezone.now(), enabled=False)
    crawl_runs_sweep()
    source.refresh_from_db()
    assert (source.due_at, source.runs.count()) == (None, 0)
    assert crawl_source_note_due(source_id=source.pk) is None


@pytest.mark.parametrize(
    ("start", "end", "told"),
    [(time(8), None, "both"), (time(8), time(8), "end where they begin")],
)
def test_quiet_hours_that_make_no_sense_are_refused(
    source: CrawlSource, start: time, end: time | None, told: str
) -> None:
    source.quiet_from, source.quiet_until = start, end
    with pytest.raises(SourceInvalid, match=told):
        crawl_source_save(source=source)


def paused(source: CrawlSource, reason: str, **values: Any) -> CrawlRun:
    values = {"status": Status.INTERRUPTED, "stopped_by": reason, "trigger": "schedule", **values}
    return CrawlRun.objects.create(source=source, **values)


def test_a_pause_ends_with_the_quiet_hours_and_counts_as_no_fault(source: CrawlSource) -> None:
    change(source, **hours_around_now())
    run = paused(source, "quiet-hours")
    crawl_runs_sweep()
    run.refresh_from_db()
    assert run.is_paused

    change(source, quiet_from=None, quiet_until=None)
    crawl_runs_sweep()

    run.refresh_from_db()
    assert (run.status, run.resumed) == (Status.PENDING, 0)


def test_by_hand_a_paused_run_goes_on_at_once(source: CrawlSource) -> None:
    change(source, **hours_around_now())
    run = crawl_run_resume(run=paused(source, "quiet-hours"), trigger="admin", enqueue=False)
    assert (run.status, run.trigger) == (Status.PENDING, "admin")


def test_without_room_nothing_starts_and_what_was_due_stays_due(
    source: CrawlSource, settings: Any
) -> None:
    run = paused(source, "disk-full")
    settings.SHOEFINDER_DISK_RESERVE_MB = 1e12
    change(source, due_at=timezone.now())
    with pytest.raises(CrawlRefused, match="SHOEFINDER_DISK_RESERVE_MB"):
        crawl_run_request(source=source, trigger="admin", enqueue=False)
    crawl_runs_sweep()
    source.refresh_from_db()
    run.refresh_from_db()
    assert source.due_at is not None
    assert run.is_paused

    settings.SHOEFINDER_DISK_RESERVE_MB = 0.0
    crawl_runs_sweep()

    run.refresh_from_db()
    assert run.status == Status.PENDING


def test_photos_beyond_their_budget_stop_all_crawls(source: CrawlSource, settings: Any) -> None:
    settings.SHOEFINDER_DISK_RESERVE_MB = 0.0
    settings.SHOEFINDER_PHOTO_BUDGET_MB = 1.0
    cache.clear()  # what is stored is counted once a minute
    ShoeImage.objects.create(sha256="0" * 64, byte_size=2_000_000, width=9, height=9)
    with pytest.raises(CrawlRefused, match="2 MB of the 1 MB"):
        crawl_run_request(source=source, trigger="admin", enqueue=False)


def test_a_source_that_used_up_its_megabytes_waits(source: CrawlSource) -> None:
    change(source, quota_megabytes=1)
    old, now = timezone.now() - timedelta(days=31), timezone.now()
    for started, size, dry in ((old, 5_000_000, False), (now, 5_000_000, True)):
        CrawlRun.objects.create(source=source, status=Status.DONE, trigger="admin", bytes=size,
                                started_at=started, is_dry_run=dry)  # fmt: skip
    run = crawl_run_request(source=source, trigger="admin", enqueue=False)
    CrawlRun.objects.filter(pk=run.pk).update(
        status=Status.DONE, bytes=1_000_000, started_at=timezone.now()
    )
    with pytest.raises(CrawlRefused, match="1 MB that it may download in 30 days"):
        crawl_run_request(source=source, trigger="admin", enqueue=False)


@pytest.mark.crawl
def test_a_run_keeps_to_its_quota_of_photos(warm: None, shop_of: Callable[..., FakeShop]) -> None:
    shop = shop_of(limit=6)
    run = crawl(source_of(shop, quota_photos=3))

    assert (run.status, run.products, run.photos_new) == (Status.DONE, 6, 3)
    assert (run.errors, kinds(run)["photo-quota"] > 0) == (0, True)
    again = crawl(run.source)
    assert (again.products, again.photos_new, ShoeImage.objects.count()) == (6, 0, 3)


@pytest.mark.crawl
def test_a_run_pauses_when_the_quiet_hours_begin_and_goes_on_after_them(
    warm: None, shop_of: Callable[..., FakeShop]
) -> None:
    shop = shop_of(limit=6)
    source = source_of(shop, **hours_around_now())
    run = crawl_run_request(source=source, trigger="schedule", enqueue=False)
    run_until_ended(run_id=run.pk)
    run.refresh_from_db()
    assert run.is_paused
    assert "quiet hours" in run.error

    change(source, quiet_from=None, quiet_until=None)
    crawl_runs_sweep()
    run_until_ended(run_id=run.pk)

    run.refresh_from_db()
    assert (run.status, run.complete, run.products) == (Status.DONE, True, 6)


@pytest.mark.crawl
def test_a_run_pauses_before_the_disk_is_full(
    warm: None, shop_of: Callable[..., FakeShop], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = shop_of(limit=6, latency=0.3)
    source = source_of(shop, concurrency=1)
    run = crawl_run_request(source=source, trigger="admin", enqueue=False)
    monkeypatch.setitem(os.environ, "SHOEFINDER_DISK_RESERVE_MB", "1000000000")
    run_until_ended(run_id=run.pk)
    run.refresh_from_db()
    assert (run.is_paused, run.stopped_by) == (True, "disk-full")

    monkeypatch.delenv("SHOEFINDER_DISK_RESERVE_MB")
    shop.latency = 0.0
    crawl_runs_sweep()
    run_until_ended(run_id=run.pk)

    run.refresh_from_db()
    assert (run.status, run.products) == (Status.DONE, 6)
