"""What a valid source is, and its schedule."""

from __future__ import annotations

import json

import pytest
from django_celery_beat.models import PeriodicTask

from crawler.exceptions import CrawlRefused, SourceInvalid
from crawler.models import CrawlRun, CrawlSource
from crawler.services import (
    crawl_run_cancel,
    crawl_run_request,
    crawl_source_delete,
    crawl_source_ensure,
    crawl_source_save,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def source() -> CrawlSource:
    return crawl_source_ensure(name="Shop", seeds=["https://Shop.example:8443/a"])


def test_a_source_is_made_once(source: CrawlSource) -> None:
    again = crawl_source_ensure(name="Shop", seeds=["https://other.example/"])

    assert again == source
    assert again.seed_list == ["https://Shop.example:8443/a"]
    assert (source.retailer.name, source.retailer.website) == ("Shop", source.seeds)


def test_the_hosts_of_the_seeds_are_allowed(source: CrawlSource) -> None:
    source.allowed_hosts = "CDN.example\nshop.example:8443"

    assert source.host_list == ["shop.example:8443", "cdn.example"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"seeds": " "}, "at least one address"),
        ({"seeds": "shop.example"}, "not an address like"),
        ({"seeds": "ftp://shop.example/"}, "not an address like"),
        ({"seeds": "https://shop.example:port/"}, "not an address like"),
        ({"seeds": "https://user:secret@shop.example/"}, "holds a password"),
        ({"allowed_hosts": "https://cdn.example"}, "not a host like"),
        ({"allowed_hosts": "cdn.example:port"}, "not a host like"),
        ({"schedule": "cron", "cron": "every day"}, "not a cron expression"),
        ({"schedule": "cron", "cron": "61 * * * *"}, "not a cron expression"),
    ],
)
def test_what_could_never_be_crawled_is_refused(
    source: CrawlSource, changes: dict[str, str], told: str
) -> None:
    for name, value in changes.items():
        setattr(source, name, value)

    with pytest.raises(SourceInvalid, match=told):
        crawl_source_save(source=source)


@pytest.mark.parametrize("schedule", ["daily", "weekly", "cron"])
def test_a_schedule_is_kept_in_step(source: CrawlSource, schedule: str) -> None:
    source.schedule, source.cron = schedule, "30  3 * * 1-5"
    crawl_source_save(source=source)
    task = PeriodicTask.objects.get(task="crawler.tasks.start_scheduled_crawl")
    assert (json.loads(task.args), task.enabled) == ([source.pk], True)
    if schedule == "cron":
        assert (task.crontab.minute, task.crontab.hour, task.crontab.day_of_week) == (
            "30", "3", "1-5",
        )  # fmt: skip

    source.enabled = False
    crawl_source_save(source=source)
    task.refresh_from_db()
    assert not task.enabled

    source.schedule = ""
    crawl_source_save(source=source)
    assert not PeriodicTask.objects.filter(pk=task.pk).exists()


def test_a_deleted_source_takes_its_schedule_along(source: CrawlSource) -> None:
    source.schedule = "daily"
    crawl_source_save(source=source)

    crawl_source_delete(source=source)

    assert not PeriodicTask.objects.filter(task__startswith="crawler").exists()
    assert not CrawlSource.objects.exists()


def test_a_source_that_is_being_crawled_is_not_deleted(source: CrawlSource) -> None:
    run = crawl_run_request(source=source, trigger="admin")

    with pytest.raises(CrawlRefused, match=f"Cancel run {run.pk} first"):
        crawl_source_delete(source=source)

    crawl_run_cancel(run=run)
    crawl_source_delete(source=source)
    assert not CrawlRun.objects.exists()
