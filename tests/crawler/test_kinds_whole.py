"""Whole crawls by kind: what Shopify, WooCommerce, feeds and sitemaps publish arrives."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from catalog.models import Listing, Retailer, ShoeImage
from crawler.models import CrawlRun, CrawlSource
from crawler.services import crawl_run_request, crawl_source_ensure
from tests.crawler.conftest import Pages, crawl, kinds, product_html
from tests.fakeshop import FakeShop

pytestmark = [pytest.mark.crawl, pytest.mark.usefixtures("warm")]

Shops = Callable[..., FakeShop]


def source(kind: str, seed: str, **params: Any) -> CrawlSource:
    return crawl_source_ensure(name=kind, seeds=[seed], delay=0.0, spider=kind, params=params)


@pytest.mark.parametrize(
    ("kind", "path"),
    [("shopify", "/"), ("woocommerce", "/"), ("feed", "/feed.xml"), ("feed", "/feed.csv.gz"),
     ("sitemap", "/sitemap.xml")],
)  # fmt: skip
def test_every_product_arrives_as_published(shop_of: Shops, kind: str, path: str) -> None:
    shop = shop_of(limit=8)

    run = crawl(source(kind, shop.base_url + path))

    assert (run.status, run.complete, run.error) == (CrawlRun.Status.DONE, True, "")
    assert kinds(run) == {}
    assert Listing.objects.count() == run.products == len(shop.products)
    for product in shop.products:
        listing = Listing.objects.get(sku=product.sku)
        assert (listing.price, listing.currency) == (product.price, product.currency)
        stock = {"InStock": "in-stock", "OutOfStock": "out-of-stock", "PreOrder": "preorder"}
        if kind in {"shopify", "woocommerce"}:  # they know yes and no
            stock["PreOrder"] = "out-of-stock"
        assert listing.availability == stock[product.availability]
        assert listing.colorway is not None
        assert listing.colorway.model.name == product.model.name
        assert listing.colorway.model.brand.name == product.model.brand.name
        assert listing.colorway.name.replace(" / ", "/") == product.color.replace(" / ", "/")
        wanted = [shop.photo_sha256(product, i) for i in range(len(product.photos))]
        found = listing.image_sources.order_by("position").values_list("image__sha256", flat=True)
        assert list(found) == wanted
    assert shop.stats()["forbidden"] == []
    assert not list(run.directory.glob("feed-*"))
    assert "Traceback" not in run.log_path.read_text()


def test_a_feed_that_is_cut_off_keeps_what_came_and_marks_nothing_as_vanished(
    pages_at: Pages,
) -> None:
    rows = [f"{n},Maker Low {n},/p/{n},Maker" for n in range(30)]
    whole = gzip.compress("\n".join(["id,title,link,brand", *rows]).encode())
    server = pages_at({"/feed.csv": (200, {"Content-Encoding": "gzip"}, whole)})
    shop = source("feed", f"{server.base_url}/feed.csv")
    assert crawl(shop).products == 30
    server.pages["/feed.csv"] = (200, {}, whole[:-40])

    run = crawl(shop)

    assert 0 < run.listings_unchanged < 30
    assert kinds(run)["truncated"] == 1
    assert run.listings_vanished == 0


def test_only_what_the_rules_name_is_asked_for(pages_at: Pages) -> None:
    pages = {
        f"/{kind}/{n}": (200, {}, product_html(f"Low {kind} {n}")) for kind in "ab" for n in "123"
    }
    locs = "".join(f"<url><loc>{{base}}{path}</loc></url>" for path in pages)
    server = pages_at(pages)
    sitemap = f"<urlset>{locs}</urlset>".replace("{base}", server.base_url)
    server.pages["/map.xml"] = (200, {"Content-Type": "application/xml"}, sitemap)

    run = crawl(source("sitemap", f"{server.base_url}/map.xml", include=["/a/"], exclude=["3$"]))

    assert run.complete
    assert set(server.asked) == {"/a/1", "/a/2", "/map.xml", "/robots.txt"}


def test_pages_in_other_languages_only_lead_to_the_wanted_one(pages_at: Pages) -> None:
    def page(language: str) -> str:
        links = "".join(
            f'<link rel="alternate" hreflang="{one}" href="/{one}/low">' for one in ("en", "de")
        )
        return product_html("Low 1", sku=language, head=links)

    server = pages_at({
        "/": (200, {}, '<a href="/en/low">Low</a>'),
        "/en/low": (200, {}, page("en")), "/de/low": (200, {}, page("de")),
    })  # fmt: skip

    run = crawl(source("structured", f"{server.base_url}/", language="de-AT", currency="EUR"))

    assert (run.complete, kinds(run)) == (True, {})
    assert [listing.url for listing in Listing.objects.all()] == [f"{server.base_url}/de/low"]


def test_the_pause_that_robots_txt_asks_for_is_kept(shop_of: Shops) -> None:
    shop = shop_of(limit=1, crawl_delay=0.2)

    run = crawl(source("feed", f"{shop.base_url}/feed.xml"))

    assert "asks for 0.2 s between requests" in run.log_path.read_text()


def test_a_shop_that_is_not_of_its_kind_says_so(pages_at: Pages) -> None:
    server = pages_at({"/products.json": (200, {}, "<html>"), "/": (200, {}, "hello")})

    run = crawl(source("shopify", f"{server.base_url}/"))

    assert kinds(run)["not-shopify"] == 1
    assert "Is it a Shopify shop" in run.error_kinds.get(kind="not-shopify").examples[0]["message"]


# --- dry runs -------------------------------------------------------------------------------------


def dry_run(source: CrawlSource) -> CrawlRun:
    from crawler.runner import run_until_ended

    run = crawl_run_request(source=source, trigger="command", enqueue=False, is_dry_run=True)
    run_until_ended(run_id=run.pk)
    run.refresh_from_db()
    return run


def test_a_dry_run_shows_ten_products_and_stores_none(shop_of: Shops) -> None:
    shop = shop_of(limit=30)
    feed = source("feed", f"{shop.base_url}/feed.xml")

    first, run = dry_run(feed), dry_run(feed)

    assert (run.status, run.complete) == (CrawlRun.Status.DONE, False)
    items = [item.content for item in run.preview_items.all()]
    assert [item["title"] for item in items] == [p.title for p in shop.products[:10]]
    assert items[0]["price"] == str(shop.products[0].price)
    assert items[0]["thumbnail"].startswith("data:image/webp;base64,")
    assert len(items[0]["photos"]) == len(shop.products[0].photos)
    assert not Listing.objects.exists()
    assert not ShoeImage.objects.exists()
    assert not CrawlRun.objects.filter(pk=first.pk).exists()


def test_a_dry_run_fetches_only_the_beginning_of_a_large_feed(pages_at: Pages) -> None:
    rows = "".join(f"{n},Maker Low {n},/p/{n},Maker,{'x' * 900}\n" for n in range(10_000))
    feed = f"id,title,link,brand,description\n{rows}"
    server = pages_at({"/feed.csv": (200, {"Content-Type": "text/csv"}, feed)})

    run = dry_run(source("feed", f"{server.base_url}/feed.csv"))

    assert (run.status, run.preview_items.count(), kinds(run)) == ("done", 10, {})
    assert 4_000_000 < run.bytes < 6_000_000 < len(feed)


def test_a_dry_run_on_the_command_line_leaves_nothing_behind(
    shop_of: Shops, tmp_path: Path
) -> None:
    shop = shop_of(limit=3)
    out = StringIO()

    call_command(
        "crawl", f"{shop.base_url}/", "--kind", "shopify", "--param", "currency=EUR", "--dry-run",
        stdout=out,
    )  # fmt: skip

    told = out.getvalue()
    assert f"code: {shop.products[0].sku}" in told
    assert f"price: {shop.products[0].price} EUR" in told
    assert not CrawlSource.objects.exists()
    assert not Retailer.objects.exists()
