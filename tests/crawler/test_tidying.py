"""What ended runs and deleted sources leave on the disk, and when it goes."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule

from crawler.models import CrawlRun, CrawlSource
from crawler.services import (
    crawl_runs_tidy,
    crawl_source_delete,
    crawl_source_ensure,
    crawl_source_save,
)
from crawler.types import FRONTIER

pytestmark = pytest.mark.django_db
Status = CrawlRun.Status


@pytest.fixture
def source(settings: Any, tmp_path: Path) -> CrawlSource:
    settings.VAR_DIR, settings.SHOEFINDER_RUN_LOG_DAYS = tmp_path, 30
    return crawl_source_ensure(name="Shop", seeds=["https://shop.example/"])


def ended(source: CrawlSource, status: str, *, days: int = 1, complete: bool = False) -> CrawlRun:
    run: CrawlRun = CrawlRun.objects.create(
        source=source, trigger="command", status=status, complete=complete,
        finished_at=timezone.now() - timedelta(days=days),
    )  # fmt: skip
    run.directory.mkdir(parents=True)
    for name in ("crawl.log", FRONTIER, "feed-1"):
        (run.directory / name).touch()
    return run


def left(run: CrawlRun) -> set[str]:
    return {path.name for path in run.directory.glob("*")}


def test_logs_go_when_they_are_old_and_no_run_goes_on(source: CrawlSource) -> None:
    old, paused = ended(source, Status.DONE, days=31), ended(source, Status.INTERRUPTED, days=31)
    young = ended(source, Status.FAILED, days=29)

    assert crawl_runs_tidy() == 1

    assert left(old) == set()
    assert left(paused) == left(young) == {"crawl.log", FRONTIER, "feed-1"}
    assert CrawlRun.objects.count() == 3


def test_a_run_that_ended_early_is_not_gone_on_with_after_a_whole_one(source: CrawlSource) -> None:
    failed, paused = ended(source, Status.FAILED), ended(source, Status.INTERRUPTED)
    ended(source, Status.DONE, complete=True)
    cancelled = ended(source, Status.CANCELLED)

    crawl_runs_tidy()

    assert left(failed) == {"crawl.log"}
    assert left(paused) == left(cancelled) == {"crawl.log", FRONTIER, "feed-1"}
    assert crawl_runs_tidy() == 0


def test_a_deleted_source_leaves_nothing(
    source: CrawlSource, django_capture_on_commit_callbacks: Any
) -> None:
    run = ended(source, Status.DONE)
    source.samples_path.mkdir(parents=True)
    source.memory_path.touch()

    with django_capture_on_commit_callbacks(execute=True):
        crawl_source_delete(source=source)

    assert not run.directory.exists()
    assert list(source.samples_path.parent.iterdir()) == []


def test_a_schedule_that_stands_there_twice_is_used_all_the_same(source: CrawlSource) -> None:
    for _ in range(2):
        CrontabSchedule.objects.create(
            minute="5", hour="3", timezone=django_settings.TIME_ZONE, day_of_week="1"
        )
    source.schedule, source.cron = "cron", "5 3 * * 1"

    crawl_source_save(source=source)

    assert source.periodic_task is not None
    assert CrontabSchedule.objects.filter(minute="5").count() == 2
