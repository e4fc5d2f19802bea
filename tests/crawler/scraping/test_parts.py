"""The small parts: failures by kind, pauses, yields, the writer, the log's lines."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from django.db.utils import OperationalError
from scrapy import Request
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
)
from scrapy.http import Response
from scrapy.spidermiddlewares.httperror import HttpError

from catalog.types import ListingDraft
from crawler.ingest import Job, ListingJob, Refused, Result
from crawler.scraping import writer as writing
from crawler.scraping.failures import problem_of, retry_after
from crawler.scraping.guard import GuardedResolver
from crawler.scraping.process import LineFormatter
from crawler.scraping.settings import scrapy_settings, user_agent
from crawler.scraping.spiders.yields import MAX_BARREN_PAGES, Yields
from crawler.scraping.writer import Writer
from crawler.types import RunPlan

URL = "https://shop.example/p"


@pytest.mark.parametrize(
    ("error", "kind", "is_notice"),
    [
        (HttpError(Response(URL, status=404)), "http-404", False),
        (HttpError(Response(URL, status=799)), "http-799", False),
        (IgnoreRequest("Forbidden by robots.txt"), "robots", True),
        (IgnoreRequest("max redirections reached"), "redirect-loop", False),
        (DownloadTimeoutError("20 s"), "timeout", False),
        (DownloadConnectionRefusedError("no"), "connection-refused", False),
        (CannotResolveHostError("no"), "unknown-host", False),
        (ResponseDataLossError("cut"), "truncated", False),
        (DownloadCancelledError("large"), "too-many-bytes", False),
        (ValueError("certificate verify failed"), "tls", False),
        (RuntimeError("else"), "download-failed", False),
    ],
)
def test_failures_have_a_kind_and_a_sentence(error: Exception, kind: str, is_notice: bool) -> None:
    problem = problem_of(error, Request(URL))

    assert (problem.kind, problem.is_notice, problem.url) == (kind, is_notice, URL)
    assert problem.message


def test_a_name_refused_by_the_guard_is_told_as_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(GuardedResolver, "refused", {"shop.example"})

    problem = problem_of(CannotResolveHostError("no"), Request(URL))

    assert (problem.kind, problem.is_notice) == ("host-not-allowed", True)
    assert "private address" in problem.message


def test_how_long_a_shop_asks_to_wait() -> None:
    def asked(value: str) -> float | None:
        return retry_after(Response(URL, headers={"Retry-After": value}))

    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert asked("7") == 7.0
    assert 25 < (asked(soon) or 0) <= 30
    assert asked("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0
    assert asked("soon") is None
    assert retry_after(Response(URL)) is None


def test_a_shape_that_leads_to_nothing_is_given_up() -> None:
    yields = Yields()
    for day in range(MAX_BARREN_PAGES):
        assert not yields.is_barren(f"{URL}/calendar?day={day}")
        yields.saw(f"{URL}/calendar?day={day}", products=0, fruitful=False)
    yields.saw(f"{URL}/air-max-90", products=1, fruitful=False)

    again = Yields(yields.to_json())

    assert again.is_barren(f"{URL}/calendar?day=999")
    assert not again.is_barren(f"{URL}/air-max-95")
    assert again.is_product(f"{URL}/air-max-95")
    assert not again.is_product(f"{URL}/calendar?day=1")


# --- the writer -----------------------------------------------------------------------------------


def job(number: int) -> Job:
    return ListingJob(1, ListingDraft(url=f"{URL}/{number}", title="x"))


def write_all(writer: Writer, count: int) -> list[Any]:
    async def run() -> list[Any]:
        writes = (writer.write(job(number)) for number in range(count))
        results = await asyncio.gather(*writes, return_exceptions=True)
        await writer.close()
        return list(results)

    return asyncio.run(run())


def told(jobs: Sequence[Job]) -> list[Result]:
    return [Refused("told", one.draft.url) for one in jobs if isinstance(one, ListingJob)]


def test_jobs_are_written_in_batches_and_each_gets_its_own_answer() -> None:
    sizes: list[int] = []

    def store(jobs: Sequence[Job]) -> list[Result]:
        sizes.append(len(jobs))
        return told(jobs)

    results = write_all(Writer(store, ThreadPoolExecutor(1)), 100)

    assert [result.message for result in results] == [f"{URL}/{n}" for n in range(100)]
    assert sum(sizes) == 100
    assert len(sizes) <= 3


def test_a_locked_database_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "FIRST_PAUSE_SECONDS", 0.001)
    attempts: list[int] = []

    def store(jobs: Sequence[Job]) -> list[Result]:
        attempts.append(len(jobs))
        if len(attempts) < 3:
            raise OperationalError("database is locked")
        return told(jobs)

    results = write_all(Writer(store, ThreadPoolExecutor(1)), 1)

    assert len(attempts) == 3
    assert isinstance(results[0], Refused)


def test_a_database_that_stays_away_is_an_error_of_each_job(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(writing, "FIRST_PAUSE_SECONDS", 0.001)

    def store(jobs: Sequence[Job]) -> list[Result]:
        raise OperationalError("gone")

    results = write_all(Writer(store, ThreadPoolExecutor(1)), 2)

    assert all(isinstance(result, OperationalError) for result in results)


# --- settings and log -----------------------------------------------------------------------------


def plan(tmp_path: Path, host: str, delay: float | None = None) -> RunPlan:
    return RunPlan(
        run_id=1, retailer_id=1, spider="structured", seeds=(f"https://{host}/",), hosts=(host,),
        directory=tmp_path, delay=delay, concurrency=4, max_photos=9, max_pages=None,
        max_seconds=None, max_bytes=None,
    )  # fmt: skip


def test_strangers_are_asked_gently(tmp_path: Path) -> None:
    public = scrapy_settings(plan(tmp_path, "shop.example"))
    private = scrapy_settings(plan(tmp_path, "127.0.0.1:8000"))
    told = scrapy_settings(plan(tmp_path, "shop.example", delay=2.0))

    assert (public["DOWNLOAD_DELAY"], public["AUTOTHROTTLE_TARGET_CONCURRENCY"]) == (0.5, 1.0)
    assert (private["DOWNLOAD_DELAY"], private["AUTOTHROTTLE_TARGET_CONCURRENCY"]) == (0.0, 4.0)
    assert told["DOWNLOAD_DELAY"] == 2.0
    assert public["ROBOTSTXT_OBEY"]
    assert public["AUTOTHROTTLE_ENABLED"]


def test_the_user_agent(settings: Any) -> None:
    settings.SHOEFINDER_CRAWL_CONTACT = ""
    assert user_agent() == "shoefinder/0.1"
    settings.SHOEFINDER_CRAWL_CONTACT = "a@b.example"
    assert user_agent() == "shoefinder/0.1 (+a@b.example)"


def test_events_are_lines_for_people() -> None:
    event: Any = {"event": "crawl_ended", "run_id": 7, "level": "info", "timestamp": "x"}
    record = logging.LogRecord("x", logging.INFO, "f", 1, event, None, None)

    assert LineFormatter().format(record).endswith("INFO    crawl_ended run_id=7")
