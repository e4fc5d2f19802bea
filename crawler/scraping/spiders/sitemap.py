"""Sitemaps alone: the pages that they list, and no links."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urljoin, urlsplit

from scrapy import Request
from scrapy.http import Response, TextResponse

from catalog.types import ListingDraft
from crawler.scraping.pages import Page
from crawler.scraping.pages.sitemaps import SitemapEntry
from crawler.scraping.spiders.structured import SITEMAP, StructuredSpider


class SitemapSpider(StructuredSpider):
    """Reads what sitemaps list and the rules allow."""

    name = "sitemap"

    def begin(self, seeds: Sequence[str], *, sitemaps: Sequence[str]) -> Iterator[Request]:
        fronts = [seed for seed in seeds if urlsplit(seed).path in {"", "/"}]
        for seed in seeds:
            if seed not in fronts:
                yield self.ask(seed, self.parse, priority=SITEMAP, is_seed=True)
        if fronts:
            for url in sitemaps or [urljoin(fronts[0], "/sitemap.xml")]:
                yield self.ask(url, self.parse, priority=SITEMAP, is_seed=True)

    def parse_page(self, response: TextResponse) -> Iterator[Any]:
        if response.meta.get("is_seed"):
            self.tell(response, "not-a-sitemap", "This is a web page, not a sitemap. Give the "
                      "address of a sitemap, or the shop's front page if its robots.txt names "
                      "one.")  # fmt: skip
            return
        yield from super().parse_page(response)

    def photos_listed(self, entry: SitemapEntry, url: str) -> list[str]:
        return super().photos_listed(entry, url) if self.params.sitemap_photos else []

    def photos_of(self, draft: ListingDraft, listed: Sequence[str]) -> Sequence[str]:
        """Its own, and the sitemap's behind them."""
        return [*draft.image_urls, *listed]

    def links(self, page: Page, response: Response, *, follow: bool) -> Iterator[Request]:
        yield from ()
