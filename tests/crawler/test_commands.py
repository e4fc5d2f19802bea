"""``manage.py crawl``: the same as the admin's button, from a terminal."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from catalog.models import Listing
from crawler.models import CrawlRun, CrawlSource
from crawler.runner import NOTHING_TO_DO
from crawler.services import crawl_source_ensure
from tests.crawler.conftest import Pages, product_html


def crawl(*args: str, **options: Any) -> str:
    out = StringIO()
    call_command("crawl", *args, stdout=out, **options)
    return out.getvalue()


@pytest.mark.django_db
def test_an_address_makes_a_source_and_asks_for_a_run() -> None:
    told = crawl("https://shop.example/", "--limit-pages", "9", "--allow", "cdn.example")

    run = CrawlRun.objects.get()
    assert (run.status, run.trigger, run.max_pages) == ("pending", "command", 9)
    assert run.source.name == "shop.example"
    assert run.source.host_list == ["shop.example", "cdn.example"]
    assert "waits for a worker" in told


@pytest.mark.django_db
def test_a_source_by_name_or_number() -> None:
    source = crawl_source_ensure(name="Shop", seeds=["https://shop.example/"])
    crawl("Shop")
    CrawlRun.objects.update(status="done")

    crawl(str(source.pk))

    assert source.runs.count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["Nobody"], "There is no source “Nobody”. Known: “Shop”"),
        (["Shop", "--limit-pages", "0"], "at least 1"),
        (["ftp://shop.example/"], "is not an address like"),
    ],
)
def test_mistakes_are_told_with_the_mend(args: list[str], told: str) -> None:
    crawl_source_ensure(name="Shop", seeds=["https://shop.example/"])

    with pytest.raises(CommandError, match=told):
        crawl(*args)

    assert not CrawlRun.objects.exists()


@pytest.mark.django_db
def test_a_second_crawl_of_a_source_is_refused() -> None:
    crawl("https://shop.example/")

    with pytest.raises(CommandError, match="being crawled already"):
        crawl("shop.example")


@pytest.mark.django_db
def test_a_run_that_is_not_waiting_is_left_alone() -> None:
    with pytest.raises(SystemExit) as ended:
        call_command("crawl_run", "12345")

    assert ended.value.code == NOTHING_TO_DO


@pytest.mark.django_db
def test_a_child_whose_worker_is_gone_does_nothing() -> None:
    source = crawl_source_ensure(name="Shop", seeds=["https://shop.example/"])
    run = CrawlRun.objects.create(source=source, trigger="command")

    with pytest.raises(SystemExit):
        call_command("crawl_run", str(run.pk), "--parent", "1")

    run.refresh_from_db()
    assert run.status == "pending"


@pytest.mark.crawl
@pytest.mark.usefixtures("warm")
def test_it_can_be_watched_without_a_worker(pages_at: Pages) -> None:
    server = pages_at({"/": (200, {}, product_html("Low 1")), "/x": (404, {}, "")})

    told = crawl(f"{server.base_url}/", "--name", "Tiny", "--wait")

    assert Listing.objects.count() == 1
    assert "of “Tiny”: done." in told
    assert "1 products: 1 new" in told
    assert CrawlSource.objects.get().name == "Tiny"


@pytest.mark.crawl
@pytest.mark.usefixtures("warm")
def test_a_failed_crawl_is_a_failed_command() -> None:
    with pytest.raises(CommandError, match="cannot be reached"):
        crawl("http://127.0.0.1:9/", "--wait")
