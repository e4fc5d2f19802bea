"""Whole crawls of a local shop, each in its own process: what is read, kept, left out and told."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from catalog.models import (
    Availability,
    Brand,
    Colorway,
    ImageSource,
    Listing,
    PriceObservation,
    ShoeImage,
)
from crawler.models import CrawlRun
from tests.crawler.conftest import Pages, crawl, kinds, product_html, source_of
from tests.fakeshop import FakeShop
from tests.fakeshop.faults import Fault

pytestmark = [pytest.mark.crawl, pytest.mark.usefixtures("warm")]

Shops = Callable[..., FakeShop]


def rows_of_catalog() -> dict[str, list[dict[str, Any]]]:
    """Everything but when it was last seen."""
    return {
        model.__name__: [
            {name: value for name, value in row.items() if name != "last_seen_at"}
            for row in model._default_manager.order_by("pk").values()
        ]
        for model in (Brand, Colorway, Listing, PriceObservation, ShoeImage, ImageSource)
    }


@pytest.mark.parametrize("kind", ["jsonld", "microdata", "opengraph"])
def test_every_product_is_read_as_published(shop_of: Shops, kind: str) -> None:
    shop = shop_of(kind=kind)

    run = crawl(source_of(shop))

    assert (run.status, run.complete, run.error) == (CrawlRun.Status.DONE, True, "")
    assert run.products == run.listings_new == Listing.objects.count() == len(shop.products)
    for product in shop.products:
        listing = Listing.objects.get(url=shop.base_url + product.path)
        assert (listing.price, listing.currency) == (product.price, product.currency)
        assert listing.sku == product.sku
        assert listing.colorway is not None
        assert listing.colorway.model.brand.name == product.model.brand.name
        assert listing.colorway.name == product.color
        wanted = {shop.photo_sha256(product, i) for i in range(len(product.photos))}
        found = listing.image_sources.values_list("image__sha256", flat=True)
        assert set(found) == wanted
    assert shop.stats()["forbidden"] == []
    assert run.photos_new == ShoeImage.objects.count()


def test_a_second_crawl_writes_nothing_but_when_it_was_seen(shop_of: Shops) -> None:
    shop = shop_of()
    source = source_of(shop)
    crawl(source)
    before, seen = rows_of_catalog(), Listing.objects.earliest("last_seen_at").last_seen_at
    bytes_before = shop.stats()["bytes"]

    run = crawl(source)

    assert rows_of_catalog() == before
    assert run.listings_unchanged == run.products == len(shop.products)
    assert (run.photos_new, run.listings_new, run.listings_changed) == (0, 0, 0)
    assert run.photos_known == sum(len(product.photos) for product in shop.products)
    assert Listing.objects.earliest("last_seen_at").last_seen_at > seen
    assert run.pages_unchanged >= len(shop.products) - 2
    assert shop.stats()["bytes"] - bytes_before < bytes_before


def test_what_changed_is_followed_and_what_is_gone_is_marked(shop_of: Shops) -> None:
    shop = shop_of()
    source = source_of(shop)
    crawl(source)
    dearer, gone, new = shop.products[0], shop.products[1], shop.products[2]
    shop.set_price(dearer.sku, "199.50")
    shop.remove(gone.sku)
    shop.replace_photo(new.sku)

    run = crawl(source)

    assert Listing.objects.get(sku=dearer.sku).price == Decimal("199.50")
    assert Listing.objects.get(sku=dearer.sku).price_history.count() == 2
    assert (run.listings_missing, run.listings_vanished) == (1, 0)
    second = crawl(source)
    assert (second.listings_missing, second.listings_vanished, second.errors) == (0, 1, 0)
    vanished = Listing.objects.get(sku=gone.sku)
    assert vanished.availability == Availability.VANISHED
    assert vanished.image_sources.exists()

    shop.add(gone)
    again = crawl(source)
    vanished.refresh_from_db()
    assert vanished.vanished_at is None
    assert again.listings_changed == 1


def test_a_hostile_shop_loses_nothing_readable_and_every_other_thing_is_told(
    shop_of: Shops, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOEFINDER_CRAWL_TIMEOUT", "2")
    shop = shop_of(limit=24, faults=list(Fault), slow_seconds=30)

    run = crawl(source_of(shop))

    assert (run.status, run.complete) == (CrawlRun.Status.DONE, True)
    assert Listing.objects.count() == len(shop.products)
    told = kinds(run)
    once = {
        "photo-http-404", "truncated", "not-an-image", "too-small", "too-many-pixels", "empty",
        "invalid-json-ld", "http-410", "redirect-loop", "timeout",
    }  # fmt: skip
    assert {kind: told.get(kind) for kind in once} == dict.fromkeys(once, 1)
    assert "internal-error" not in told
    rejected = {"truncated", "not-an-image", "too-small", "too-many-pixels", "empty"}
    assert run.photos_rejected == len(rejected) + 1
    assert Listing.objects.get(sku__in=shop.faulty[Fault.NO_OFFERS]).price is None
    odd = Listing.objects.get(sku__in=shop.faulty[Fault.ODD_PRICE])
    assert (odd.price, odd.currency) == (shop.product(odd.sku).price + 1000, "EUR")
    assert not Listing.objects.get(sku__in=shop.faulty[Fault.NO_PHOTOS]).image_sources.exists()
    for fault in (Fault.LYING_TYPE, Fault.LYING_SUFFIX):
        listing = Listing.objects.get(sku__in=shop.faulty[fault])
        product = shop.product(listing.sku)
        assert listing.image_sources.count() == len(product.photos)
    doubled = Listing.objects.get(sku__in=shop.faulty[Fault.DUPLICATE_PHOTO])
    sources = doubled.image_sources.all()
    assert len(sources) == len({source.image_id for source in sources}) + 1
    assert shop.stats()["forbidden"] == []
    for kind in run.error_kinds.all():
        assert all(example["url"] and example["message"] for example in kind.examples)


def test_an_endless_calendar_ends_without_a_limit(shop_of: Shops) -> None:
    shop = shop_of(kind="microdata", faults=[Fault.CALENDAR])

    run = crawl(source_of(shop))

    assert run.complete
    assert run.products == len(shop.products)
    assert shop.stats()["paths"]["/x/calendar"] < 15
    assert kinds(run)["no-yield"] >= 1


@pytest.mark.parametrize(
    ("limit", "reason"), [({"max_pages": 5}, "limit-pages"), ({"max_megabytes": 1}, "limit-bytes")]
)
def test_limits_end_a_run_early_and_mark_nothing_as_vanished(
    shop_of: Shops, limit: dict[str, int], reason: str
) -> None:
    shop = shop_of(limit=30, latency=0.02)
    source = source_of(shop)
    if reason == "limit-bytes":
        for product in shop.products:
            shop.replace_photo(product.sku, data=bytes(500_000))

    run = crawl(source, **limit)

    assert (run.status, run.stopped_by, run.complete) == (CrawlRun.Status.DONE, reason, False)
    if reason == "limit-pages":
        assert run.pages == 5
    assert run.products < len(shop.products)
    assert run.listings_vanished == 0
    assert not list(run.directory.glob("frontier*"))


def test_other_hosts_are_not_asked_and_that_is_told(pages_at: Pages, shop_of: Shops) -> None:
    elsewhere = shop_of(limit=3)
    other = f"{elsewhere.base_url}{elsewhere.products[0].path}"
    photo = f"{elsewhere.base_url}{elsewhere.products[0].photo_path(0)}"
    server = pages_at({
        "/": (200, {}, f'<a href="/p/1">1</a> <a href="/away">2</a> <a href="{other}">3</a>'),
        "/p/1": (200, {}, product_html("Low 1", image=photo)),
        "/away": (302, {"Location": other}, ""),
    })  # fmt: skip

    run = crawl(source_of(server))

    assert elsewhere.stats()["requests"] == 0
    assert Listing.objects.count() == 1
    assert run.error_kinds.get(kind="host-not-allowed", is_notice=True).count == 2
    assert (run.errors, run.complete) == (0, True)  # that there is no sitemap is no error
    assert kinds(run).get("http-404") is None


def test_a_shop_that_cannot_say_what_may_be_crawled_is_not_crawled(pages_at: Pages) -> None:
    server = pages_at({"/robots.txt": (500, {}, ""), "/": (200, {}, product_html("Low 1"))})

    run = crawl(source_of(server))

    assert run.status == CrawlRun.Status.FAILED
    assert "robots.txt answered 500" in run.error
    assert set(server.asked) == {"/robots.txt"}


def test_pages_of_one_product_are_one_listing(pages_at: Pages) -> None:
    canonical = '<link rel="canonical" href="/p/1">'
    page = product_html("Low 1", head=canonical)
    server = pages_at({
        "/": (200, {}, '<a href="/p/1?from=home">1</a> <a href="/p/1">1</a> <a href="/old">1</a>'),
        "/p/1": (200, {}, page),
        "/old": (301, {"Location": "/p/1"}, ""),
    })  # fmt: skip

    run = crawl(source_of(server))

    assert run.products == 1
    assert [listing.url for listing in Listing.objects.all()] == [f"{server.base_url}/p/1"]


def test_the_user_agent_tells_whom_to_write_to(
    shop_of: Shops, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOEFINDER_CRAWL_CONTACT", "crawl@example.org")
    shop = shop_of(limit=3)

    crawl(source_of(shop))

    assert list(shop.stats()["agents"]) == ["shoefinder/0.1 (+crawl@example.org)"]


def test_an_answer_that_comes_late_is_waited_for_and_not_asked_for_twice(
    shop_of: Shops, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOEFINDER_CRAWL_TIMEOUT", "3")
    shop = shop_of(limit=1, faults=[Fault.SLOW_PAGE], slow_seconds=4)

    run = crawl(source_of(shop))

    assert shop.stats()["paths"]["/x/slow"] == 1
    assert (run.complete, kinds(run).get("timeout")) == (True, None)


def test_no_more_requests_at_one_time_than_allowed(shop_of: Shops) -> None:
    shop = shop_of(latency=0.02)

    crawl(source_of(shop, concurrency=2))

    assert shop.stats()["most_at_once"] <= 2


def test_a_shop_that_cannot_be_reached_is_a_failed_run_with_the_reason(shop_of: Shops) -> None:
    shop = shop_of(limit=1)
    source = source_of(shop)
    shop.stop()

    run = crawl(source)

    assert run.status == CrawlRun.Status.FAILED
    assert run.error == "The shop cannot be reached. Nothing answers at this address."
