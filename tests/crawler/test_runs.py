"""Runs are asked for, cancelled, resumed and deleted; claimed once; beaten; ended."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from kombu.exceptions import OperationalError

from catalog.models import Listing, Retailer
from crawler import tasks
from crawler.exceptions import CrawlRefused
from crawler.models import CrawlError, CrawlRun, CrawlSource
from crawler.services import (
    RunState,
    crawl_run_beat,
    crawl_run_cancel,
    crawl_run_child_ended,
    crawl_run_claim,
    crawl_run_delete,
    crawl_run_finish,
    crawl_run_request,
    crawl_run_resume,
    crawl_runs_sweep,
    crawl_source_ensure,
)
from crawler.types import RunCounts, RunEnd

pytestmark = pytest.mark.django_db

Status = CrawlRun.Status


@pytest.fixture
def source() -> CrawlSource:
    return crawl_source_ensure(name="Shop", seeds=["https://shop.example/"])


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Ids that were handed to the broker."""
    ids: list[int] = []

    def apply_async(args: tuple[int], **options: Any) -> None:
        ids.extend(args)

    monkeypatch.setattr(tasks.run_crawl, "apply_async", apply_async)
    return ids


def ask(source: CrawlSource, **options: Any) -> CrawlRun:
    return crawl_run_request(source=source, trigger=CrawlRun.Trigger.ADMIN, **options)


def test_a_request_is_saved_and_sent_after_the_commit(
    source: CrawlSource, sent: list[int], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        run = ask(source, max_pages=7)
        assert sent == []

    assert sent == [run.pk]
    assert (run.status, run.max_pages, run.max_minutes) == (Status.PENDING, 7, source.max_minutes)


def test_a_broker_that_is_away_costs_nothing_but_time(
    source: CrawlSource, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    def apply_async(*args: Any, **options: Any) -> None:
        raise OperationalError("away")

    monkeypatch.setattr(tasks.run_crawl, "apply_async", apply_async)

    with django_capture_on_commit_callbacks(execute=True):
        run = ask(source)

    assert run.status == Status.PENDING


def test_a_source_has_one_active_run(source: CrawlSource) -> None:
    ask(source)

    with pytest.raises(CrawlRefused, match="being crawled already"):
        ask(source)

    assert CrawlRun.objects.count() == 1


def test_a_source_that_is_switched_off_is_refused(source: CrawlSource) -> None:
    source.enabled = False

    with pytest.raises(CrawlRefused, match="switched off"):
        ask(source)


def test_a_schedule_leaves_a_running_crawl_alone(source: CrawlSource) -> None:
    source.jitter_minutes = 0
    source.save()
    for _ in range(2):
        tasks.start_scheduled_crawl(source.pk)
        tasks.start_scheduled_crawl(source.pk + 1)
        tasks.sweep_crawls()

    assert [run.trigger for run in CrawlRun.objects.all()] == ["schedule"]


def test_a_run_that_is_gone_is_a_clean_exit() -> None:
    tasks.run_crawl(12345)


def test_a_waiting_run_is_cancelled_at_once_and_can_be_resumed(source: CrawlSource) -> None:
    run = crawl_run_cancel(run=ask(source))
    assert (run.status, run.is_resumable) == (Status.CANCELLED, True)

    run = crawl_run_resume(run=run)

    assert (run.status, run.resumed, run.stopped_by) == (Status.PENDING, 1, "")


def test_what_has_ended_cannot_be_cancelled_nor_what_is_done_resumed(source: CrawlSource) -> None:
    run = ask(source)
    CrawlRun.objects.update(status=Status.DONE)

    with pytest.raises(CrawlRefused, match="ended already"):
        crawl_run_cancel(run=run)
    with pytest.raises(CrawlRefused, match="Only a run that ended early"):
        crawl_run_resume(run=run)


def test_a_run_cannot_be_resumed_beside_another(source: CrawlSource) -> None:
    old = crawl_run_cancel(run=ask(source))
    ask(source)

    with pytest.raises(CrawlRefused, match="another run"):
        crawl_run_resume(run=old)


def test_a_run_is_claimed_once(source: CrawlSource) -> None:
    run = ask(source, max_minutes=2, max_megabytes=None)

    plan = crawl_run_claim(run_id=run.pk)

    assert plan is not None
    assert (plan.run_id, plan.hosts, plan.max_seconds, plan.max_bytes) == (
        run.pk, ("shop.example",), 120.0, None,
    )  # fmt: skip
    assert crawl_run_claim(run_id=run.pk) is None
    run.refresh_from_db()
    assert (run.status, run.pid) == (Status.RUNNING, os.getpid())


COUNTS = RunCounts(
    columns={"pages": 3, "products": 2, "errors": 4},
    kinds=(("http-404", False, 4, [{"url": "https://shop.example/x", "message": "gone"}]),),
)


def beat(run: CrawlRun, counts: RunCounts = COUNTS) -> RunState:
    return crawl_run_beat(run_id=run.pk, counts=counts, seconds=1.5, size=10, waiting=7)


def test_a_beat_writes_counts_and_reads_the_wish(source: CrawlSource) -> None:
    run = ask(source)
    crawl_run_claim(run_id=run.pk)

    assert beat(run) is RunState.GO_ON
    assert beat(run) is RunState.GO_ON
    crawl_run_cancel(run=run)
    assert beat(run) is RunState.CANCEL

    run.refresh_from_db()
    assert (run.pages, run.products, run.errors, run.waiting) == (3, 2, 4, 7)
    kind = CrawlError.objects.get()
    assert (kind.kind, kind.count, str(kind)) == ("http-404", 4, "http-404 × 4")


def test_a_beat_of_a_process_that_lost_its_run_writes_nothing(source: CrawlSource) -> None:
    run = ask(source)
    crawl_run_claim(run_id=run.pk)
    CrawlRun.objects.update(pid=1)

    assert beat(run) is RunState.LOST
    assert crawl_run_finish(run_id=run.pk, end=RunEnd("finished")) is None

    run.refresh_from_db()
    assert (run.pages, run.status) == (0, Status.RUNNING)


@pytest.mark.parametrize(
    ("reason", "status", "complete"),
    [
        ("finished", Status.DONE, True),
        ("limit-pages", Status.DONE, False),
        ("cancelled", Status.CANCELLED, False),
        ("shutdown", Status.INTERRUPTED, False),
        ("failed", Status.FAILED, False),
    ],
)
def test_the_end_of_a_run(source: CrawlSource, reason: str, status: str, complete: bool) -> None:
    run = ask(source)
    crawl_run_claim(run_id=run.pk)

    ended = crawl_run_finish(run_id=run.pk, end=RunEnd(reason, "told" * complete))

    assert ended is not None
    assert (ended.status, ended.complete, ended.pid) == (status, complete, None)
    assert ended.stopped_by == ("" if complete else reason)


def test_the_end_of_a_child_is_noted_only_if_the_run_was_left(source: CrawlSource) -> None:
    run = ask(source)
    crawl_run_claim(run_id=run.pk)

    assert not crawl_run_child_ended(run_id=run.pk, pid=1, code=-9)
    assert crawl_run_child_ended(run_id=run.pk, pid=os.getpid(), code=-9)

    run.refresh_from_db()
    assert (run.status, run.error) == (
        Status.INTERRUPTED,
        "The crawl's process ended before the crawl did (killed by signal 9).",
    )


def test_a_child_that_never_began_its_run_tells_why_and_the_sweep_tries_again(
    source: CrawlSource, sent: list[int], django_capture_on_commit_callbacks: Any
) -> None:
    run = ask(source)

    assert not crawl_run_child_ended(
        run_id=run.pk, pid=1, code=1, output="Traceback …\nImportError: no module named x\n"
    )

    run.refresh_from_db()
    assert run.status == Status.INTERRUPTED
    assert run.error == (
        "The crawl's process ended before the crawl began (exit code 1). Traceback …\n"
        "ImportError: no module named x"
    )
    with django_capture_on_commit_callbacks(execute=True):
        crawl_runs_sweep()
    assert sent == [run.pk]


def test_a_child_killed_while_it_was_cancelled_is_cancelled(source: CrawlSource) -> None:
    run = ask(source)
    crawl_run_claim(run_id=run.pk)
    crawl_run_cancel(run=run)

    assert not crawl_run_child_ended(run_id=run.pk, pid=os.getpid(), code=-9)

    run.refresh_from_db()
    assert run.status == Status.CANCELLED


# --- what has vanished ----------------------------------------------------------------------


@pytest.fixture
def listing_at(source: CrawlSource) -> Callable[[int], Listing]:
    def make(days_ago: int, retailer: Retailer | None = None) -> Listing:
        number = Listing.objects.count()
        return Listing.objects.create(
            retailer=retailer or source.retailer,
            url=f"https://shop.example/p/{number}",
            url_sha256=f"{number:064}",
            title="Shoe",
            last_seen_at=timezone.now() - timedelta(days=days_ago),
        )

    return make


def finish(source: CrawlSource, reason: str = "finished", **counts: int) -> CrawlRun:
    run = ask(source)
    crawl_run_claim(run_id=run.pk)
    CrawlRun.objects.filter(pk=run.pk).update(
        started_at=timezone.now() - timedelta(hours=1), **counts
    )
    ended = crawl_run_finish(run_id=run.pk, end=RunEnd(reason))
    assert ended is not None
    return ended


def test_two_complete_runs_in_a_row_mark_what_they_did_not_see(
    source: CrawlSource, listing_at: Callable[..., Listing]
) -> None:
    old, fresh = listing_at(2), listing_at(0)
    other = listing_at(2, Retailer.objects.create(name="Other", slug="other"))

    first, second = finish(source, pages=10), finish(source, pages=10)

    assert (first.listings_missing, first.listings_vanished) == (1, 0)
    assert (second.listings_missing, second.listings_vanished) == (0, 1)
    rows = [refreshed(row) for row in (old, fresh, other)]
    assert [row.vanished_at is None for row in rows] == [False, True, True]


def refreshed(row: Listing) -> Listing:
    row.refresh_from_db()
    return row


@pytest.mark.parametrize("reason", ["limit-pages", "cancelled", "failed", "shutdown"])
def test_an_incomplete_run_marks_nothing(
    source: CrawlSource, listing_at: Callable[..., Listing], reason: str
) -> None:
    listing_at(2)

    assert finish(source, reason, pages=10).listings_vanished == 0


def test_a_run_that_could_not_read_many_pages_is_no_witness(
    source: CrawlSource, listing_at: Callable[..., Listing]
) -> None:
    old = listing_at(2)
    run = ask(source)
    crawl_run_claim(run_id=run.pk)
    CrawlRun.objects.update(pages=10)
    CrawlError.objects.create(run=run, kind="http-503", count=2)
    CrawlError.objects.create(run=run, kind="http-404", count=9)

    crawl_run_finish(run_id=run.pk, end=RunEnd("finished"))

    assert refreshed(old).vanished_at is None
    told = run.error_kinds.get(kind="vanish-check-skipped")
    assert told.is_notice
    assert "2 of 10 pages could not be read" in told.examples[0]["message"]


def test_a_shop_that_loses_most_at_once_is_not_believed(
    source: CrawlSource, listing_at: Callable[..., Listing]
) -> None:
    for _ in range(30):
        listing_at(2)

    run = finish(source, pages=100)

    assert run.listings_vanished == 0
    assert run.error_kinds.filter(kind="vanish-check-skipped").exists()


def test_with_two_sources_a_listing_vanishes_when_neither_sees_it(
    source: CrawlSource, listing_at: Callable[..., Listing]
) -> None:
    second = crawl_source_ensure(
        name="Second", seeds=["https://shop.example/sale"], retailer=source.retailer.name
    )
    assert second.retailer == source.retailer
    old = listing_at(2)

    assert finish(source, pages=10).listings_missing == 0
    assert finish(second, pages=10).listings_missing == 1
    assert finish(source, pages=10).listings_vanished == 1
    assert refreshed(old).vanished_at is not None


def test_an_ended_run_is_deleted_with_its_log(
    source: CrawlSource, settings: Any, tmp_path: Any, django_capture_on_commit_callbacks: Any
) -> None:
    settings.VAR_DIR = tmp_path
    run = ask(source)
    run.directory.mkdir(parents=True)
    with pytest.raises(CrawlRefused, match="cancel it first"):
        crawl_run_delete(run=run)

    crawl_run_cancel(run=run)
    with django_capture_on_commit_callbacks(execute=True):
        crawl_run_delete(run=run)

    assert not CrawlRun.objects.exists()
    assert not run.directory.exists()
