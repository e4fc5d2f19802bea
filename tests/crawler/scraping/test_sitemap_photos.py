"""Photos that image sitemaps name for pages."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from scrapy.http import TextResponse

from catalog.types import ListingDraft
from crawler.kinds import kind_get
from crawler.scraping.pages import Page
from crawler.scraping.pages.sitemaps import SitemapEntry
from crawler.scraping.spiders.sitemap import SitemapSpider
from crawler.scraping.spiders.structured import StructuredSpider

URL = "https://shop.example/p/1"
OWN = ("https://shop.example/own.jpg",)
LISTED = ("https://shop.example/1.jpg", "https://shop.example/2.jpg")


@pytest.mark.parametrize(
    ("kind", "params", "own", "photos"),
    [
        ("structured", {}, OWN, OWN),
        ("structured", {}, (), LISTED),
        ("sitemap", {}, OWN, OWN + LISTED),
        ("sitemap", {"sitemap_photos": False}, OWN, OWN),
    ],
)
def test_which_photos_a_listing_has(
    kind: str, params: dict[str, Any], own: tuple[str, ...], photos: tuple[str, ...]
) -> None:
    told = SimpleNamespace(params=kind_get(kind).params(**params), max_photos=2)
    context: Any = SimpleNamespace(plan=told, frontier=SimpleNamespace(note=lambda name: None))
    spider = (SitemapSpider if kind == "sitemap" else StructuredSpider)(context)
    entry = SitemapEntry(loc=URL, photos=["/1.jpg", "/2.jpg", "/3.jpg"])
    page = Page(drafts=(ListingDraft(url=URL, title="Low 1", image_urls=own),))

    response = TextResponse(URL, request=spider.page_request(entry, URL))

    assert [draft.image_urls for draft in spider.drafts(page, response)] == [photos]
    several = Page(drafts=page.drafts * 2)
    assert spider.drafts(several, response) == several.drafts
