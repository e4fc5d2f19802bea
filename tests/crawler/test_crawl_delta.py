"""A second crawl asks only for what may have changed, and misses nothing that did."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from decimal import Decimal

import pytest

from catalog.models import Listing
from crawler.models import CrawlRun
from tests.crawler.conftest import Pages, crawl, product_html, source_of
from tests.fakeshop import FakeShop

pytestmark = [pytest.mark.crawl, pytest.mark.usefixtures("warm")]

Shops = Callable[..., FakeShop]


@pytest.mark.parametrize("kind", ["jsonld", "microdata"])
def test_an_unchanged_shop_sends_no_page_again(shop_of: Shops, kind: str) -> None:
    """With a sitemap by its lastmod, without one by ETags."""
    shop = shop_of(kind=kind)
    source = source_of(shop)
    crawl(source)
    first = shop.stats()["bytes"]
    shop.reset_stats()

    run = crawl(source)

    assert (run.status, run.complete) == (CrawlRun.Status.DONE, True)
    assert run.products == run.listings_unchanged == len(shop.products)
    assert (run.listings_missing, run.photos_new) == (0, 0)
    # Photos of 96 px: of a real shop's bytes it is a far smaller share.
    assert shop.stats()["bytes"] < 0.1 * first


def test_what_changed_is_read_and_the_rest_is_not(shop_of: Shops) -> None:
    shop = shop_of()
    source = source_of(shop)
    crawl(source)
    dearer = shop.products[3]
    shop.set_price(dearer.sku, "321.00")

    run = crawl(source)

    assert Listing.objects.get(sku=dearer.sku).price == Decimal("321.00")
    assert (run.listings_changed, run.listings_unchanged) == (1, len(shop.products) - 1)


def test_everything_is_read_anew_where_the_source_says_so(shop_of: Shops) -> None:
    shop = shop_of(limit=4)
    source = source_of(shop, only_changed=False)
    crawl(source)

    assert crawl(source).pages_unchanged == 0


def test_a_listing_that_was_deleted_comes_back(shop_of: Shops) -> None:
    shop = shop_of(limit=4)
    source = source_of(shop)
    crawl(source)
    Listing.objects.order_by("pk")[0].delete()

    run = crawl(source)

    assert (run.listings_new, run.listings_unchanged) == (1, 3)


def product(name: str, etag: str) -> tuple[int, dict[str, str], str]:
    return 200, {"ETag": etag}, product_html(name, sku=name)


def test_links_of_an_unchanged_page_are_followed(pages_at: Pages) -> None:
    front = (200, {"ETag": '"1"'}, '<a href="/a">A</a> <a href="/b">B</a>')
    shop = pages_at({"/": front, "/a": product("A", '"a"'), "/b": product("B", '"b"')})
    source = source_of(shop)
    crawl(source)
    # The server ignores what it is asked: 304 by hand, as a shop would.
    shop.pages["/"] = shop.pages["/a"] = (304, {}, "")
    shop.pages["/b"] = product("B, dearer", '"b2"')

    run = crawl(source)

    assert (run.listings_unchanged, run.listings_changed, run.pages_unchanged) == (1, 1, 2)
    assert set(shop.asked[-2:]) == {"/a", "/b"}


def test_a_listing_that_no_page_leads_to_is_asked_itself(pages_at: Pages) -> None:
    shop = pages_at({"/": (200, {}, '<a href="/a">A</a>'), "/a": product("A", '"a"')})
    source = source_of(shop)
    crawl(source)
    shop.pages["/"] = (200, {}, "Sold out")

    assert crawl(source).listings_missing == 1
    again = crawl(source)

    assert (again.products, again.listings_missing, again.listings_vanished) == (1, 0, 0)


def test_pages_read_in_the_future_are_read_anew(pages_at: Pages) -> None:
    """The clock went back: nothing says how old what is remembered is."""
    shop = pages_at({"/": (200, {}, '<a href="/a">A</a>'), "/a": product("A", '"a"')})
    source = source_of(shop)
    crawl(source)
    with sqlite3.connect(source.memory_path) as memory:
        memory.execute("UPDATE pages SET fetched = fetched + 3600")

    assert crawl(source).pages_unchanged == 0


def sitemap(url: str) -> tuple[int, dict[str, str], str]:
    xml = (
        '<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
        f"<url><loc>{url}</loc><lastmod>2026-01-01</lastmod></url></urlset>"
    )
    return 200, {"Content-Type": "application/xml"}, xml


def test_a_sitemap_is_believed_for_a_month(
    pages_at: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = pages_at({"/": (200, {}, "Shop"), "/a": (200, {}, product_html("A", sku="A"))})
    shop.pages["/sitemap.xml"] = sitemap(f"{shop.base_url}/a")
    source = source_of(shop)
    crawl(source)
    shop.asked.clear()
    shop.pages["/a"] = (200, {}, product_html("A, dearer", sku="A"))

    second = crawl(source)
    assert second.products == 1
    # A page in thirty is asked for all the same; then it has changed already.
    assert second.listings_changed == shop.asked.count("/a")
    monkeypatch.setenv("SHOEFINDER_CRAWL_FULL_DAYS", "0")
    third = crawl(source)

    assert second.listings_changed + third.listings_changed == 1
