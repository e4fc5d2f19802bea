"""Sitemaps alone: the pages that they list, and no links."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urljoin, urlsplit

from scrapy import Request
from scrapy.http import Response, TextResponse

from catalog.types import ListingDraft
from crawler.scraping.pages import Page, url_clean
from crawler.scraping.pages.products import MAX_IMAGES
from crawler.scraping.pages.sitemaps import SitemapEntry
from crawler.scraping.spiders.structured import LISTED, SITEMAP, StructuredSpider

PHOTOS = "sitemap_photos"


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

    def page_request(self, entry: SitemapEntry, url: str) -> Request:
        photos = [p for one in entry.photos if (p := url_clean(one, base=url))]
        wanted = photos[: self.context.plan.max_photos] if self.params.sitemap_photos else []
        return self.ask(
            url,
            self.parse,
            priority=LISTED,
            is_listed=True,
            lastmod=entry.lastmod,
            **({PHOTOS: wanted} if wanted else {}),
        )

    def drafts(self, page: Page, response: Response) -> Sequence[ListingDraft]:
        """With the sitemap's photos behind their own; several on a page cannot be told apart."""
        photos = response.meta.get(PHOTOS)
        if not photos or len(page.drafts) != 1:
            return page.drafts
        draft = page.drafts[0]
        urls = tuple(dict.fromkeys([*draft.image_urls, *photos]))[:MAX_IMAGES]
        return [replace(draft, image_urls=urls)]

    def links(self, page: Page, response: Response, *, follow: bool) -> Iterator[Request]:
        yield from ()
