"""Whole crawls of a shop that fails for a while: nothing is lost, and it is not pressed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from catalog.models import Listing
from crawler.models import CrawlRun, CrawlSource, DeadLetter
from crawler.runner import run_until_ended
from crawler.services import letters_retry, letters_write
from crawler.types import Letter
from tests.crawler.conftest import Pages, crawl, kinds, product_html, source_of
from tests.fakeshop import FakeShop

pytestmark = [pytest.mark.crawl, pytest.mark.usefixtures("warm")]

Kind = DeadLetter.Kind


def test_what_failed_is_left_in_peace_then_retried_by_hand_alone(
    shop_of: Callable[..., FakeShop], admin_user: User
) -> None:
    shop = shop_of(limit=6)
    source = source_of(shop)
    page, shows = shop.products[0], shop.products[1]
    photo = shows.photo_path(0)
    shop.fail(photo)
    crawl(source)
    shop.fail(page.path, retry_after=7200)

    first = crawl(source)

    assert (first.status, first.complete) == (CrawlRun.Status.DONE, True)
    letters = {row.kind: row for row in source.letters.all()}
    assert {row.url: row.reason for row in letters.values()} == {
        shop.base_url + page.path: "http-503", shop.base_url + photo: "http-503",
    }  # fmt: skip
    wait = letters[Kind.PAGE].next_try_at - timezone.now()
    assert timedelta(hours=1.9) < wait <= timedelta(hours=2)
    asked = shop.stats()["paths"]

    # Two complete crawls that do not see it would mark any other listing.
    for run in (crawl(source), crawl(source)):
        assert (run.complete, run.errors, kinds(run)["waits"]) == (True, 0, 2)
        assert (run.listings_missing, run.listings_vanished) == (0, 0)
    now = shop.stats()["paths"]
    assert all(now[path] == asked[path] for path in (page.path, photo))

    shop.mend()
    shop.set_price(page.sku, "77.70")
    shop.reset_stats()
    (run,), _ = letters_retry(letters=source.letters.all(), by=admin_user)
    run_until_ended(run_id=run.pk)

    run.refresh_from_db()
    assert (run.status, run.complete, run.error) == (CrawlRun.Status.DONE, False, "")
    assert (run.pages, run.products, run.photos_new, run.errors) == (1, 1, 1, 0)
    assert set(shop.stats()["paths"]) == {"/robots.txt", page.path, photo}
    assert not source.letters.exists()
    assert str(Listing.objects.get(sku=page.sku).price) == "77.70"
    wanted = [shop.photo_sha256(shows, i) for i in range(len(shows.photos))]
    found = Listing.objects.get(sku=shows.sku).image_sources.order_by("position")
    assert list(found.values_list("image__sha256", flat=True)) == wanted


def test_what_is_due_is_asked_for_though_nothing_leads_to_it(pages_at: Pages) -> None:
    server = pages_at({
        "/": (200, {}, '<a href="/p/1">1</a>'),
        "/p/1": (200, {}, product_html("Low 1")),
        "/p/hidden": (200, {}, product_html("Low 2")),
        "/p/moved": (301, {"Location": "/p/1"}, ""),
        "/p/away": (503, {"Retry-After": "90000"}, ""),
    })  # fmt: skip
    source = source_of(server)
    for name in ("1", "hidden", "gone", "moved", "away"):
        failed(source, f"{server.base_url}/p/{name}")
    source.letters.update(next_try_at=timezone.now())

    run = crawl(source)

    assert (run.status, run.products) == (CrawlRun.Status.DONE, 2)
    shoes = [path for path in server.asked if path.startswith("/p/")]
    assert sorted(shoes) == ["/p/1", "/p/away", "/p/gone", "/p/hidden", "/p/moved"]
    assert kinds(run) == {"http-404": 1, "http-503": 1}
    left = source.letters.get()
    assert (left.url, left.attempts) == (f"{server.base_url}/p/away", 2)
    assert left.next_try_at - timezone.now() > timedelta(hours=24)


def test_a_shop_that_asks_to_wait_is_left_in_peace_by_the_next_run_too(
    pages_at: Pages, admin_user: User
) -> None:
    server = pages_at({"/": (503, {"Retry-After": "7200"}, "")})
    source = source_of(server)

    first, second = crawl(source), crawl(source)

    assert [(run.status, run.complete, run.stopped_by) for run in (first, second)] == [
        (CrawlRun.Status.DONE, False, CrawlRun.LIST_WAITS)
    ] * 2
    assert (kinds(first)["http-503"], kinds(second)) == (1, {"waits": 1})
    assert server.asked.count("/") == 1

    server.pages["/"] = (200, {}, product_html("Low 1"))
    (run,), _ = letters_retry(letters=source.letters.all(), by=admin_user)
    run_until_ended(run_id=run.pk)
    assert Listing.objects.count() == 1
    assert not source.letters.exists()


def failed(source: CrawlSource, url: str) -> None:
    run = CrawlRun.objects.create(source=source, trigger="command", status="done")
    request = {"url": url, "callback": "parse", "errback": "on_failure", "priority": 0,
               "dont_filter": False, "meta": {}}  # fmt: skip
    letters_write(
        run.pk,
        [Letter(url=url, kind="page", reason="timeout", message="Slow.", request=request)],
        [],
    )
