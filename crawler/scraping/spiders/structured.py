"""Reads any shop that publishes structured data: sitemaps, pagination, links, product pages."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from lxml.etree import LxmlError
from scrapy import Request
from scrapy.exceptions import CloseSpider
from scrapy.http import Response, TextResponse
from scrapy.utils.gz import gunzip, gzip_magic_number
from scrapy.utils.sitemap import Sitemap, sitemap_urls_from_robots
from twisted.python.failure import Failure

from catalog.types import ListingDraft
from crawler.scraping.context import KEY, CrawlContext
from crawler.scraping.failures import CrawlClosing, problem_of
from crawler.scraping.items import ProductItem
from crawler.scraping.pages import Page, page_read, url_clean
from crawler.scraping.spiders.base import ShopSpider, error_and_request
from crawler.scraping.spiders.yields import MAX_BARREN_STEPS, Yields
from crawler.types import Problem

ROBOTS, SITEMAP, PRODUCT, LISTED, NEXT, SEED, LINK = 100, 60, 40, 30, 20, 10, 0
"""Priorities: what is surely a product before what may lead to one."""
_YIELDS = "yields"


class StructuredSpider(ShopSpider):
    """Starts at robots.txt and the seeds, follows sitemaps and links, reads what pages say."""

    name = "structured"

    def __init__(self, context: CrawlContext, **kwargs: Any) -> None:
        super().__init__(context, **kwargs)
        self.yields = Yields(context.frontier.note(_YIELDS))
        context.before_commit = self.keep

    def keep(self) -> None:
        """Put what was learnt beside what is waiting."""
        self.context.frontier.set_note(_YIELDS, self.yields.to_json())

    async def start(self) -> AsyncIterator[Request]:
        """The robots.txt of each seed's host; on a resumed run all are seen already."""
        sites = dict.fromkeys(
            f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, self.context.plan.seeds)
        )
        for site in sites:
            request = self.ask(
                f"{site}/robots.txt",
                self.parse_robots,
                priority=ROBOTS,
                is_robots=True,
                dont_obey_robotstxt=True,
                handle_httpstatus_all=True,
            )
            request.errback = self.on_robots_failure
            yield request

    # --- robots.txt and sitemaps -----------------------------------------------------------------

    def parse_robots(self, response: Response) -> Iterator[Request]:
        if response.status >= 500:
            # RFC 9309, 2.3.1.4: while robots.txt is unavailable, everything is disallowed.
            self.context.failure = (
                f"{response.url} answered {response.status}. While a shop cannot say what may be "
                "crawled, nothing may; try again later."
            )
            raise CloseSpider("failed")
        sitemaps: list[str] = []
        if response.status == 200:
            found = sitemap_urls_from_robots(response.body, response.url)
            sitemaps = [url for one in found if (url := url_clean(one, base=response.url))]
        for url in sitemaps:
            yield self.ask(url, self.parse, priority=SITEMAP)
        if not sitemaps:
            url = response.urljoin("/sitemap.xml")
            yield self.ask(url, self.parse, priority=SITEMAP, is_guess=True)
        site = urlsplit(response.request.url if response.request else response.url)
        for seed in self.context.plan.seeds:
            parts = urlsplit(seed)
            if (parts.scheme, parts.netloc) == (site.scheme, site.netloc):
                yield self.ask(url_clean(seed, base=seed) or seed, self.parse, priority=SEED)

    def on_robots_failure(self, failure: Failure) -> None:
        error, request = error_and_request(failure)
        key = request.meta[KEY]
        problem = problem_of(error, request)
        if not isinstance(error, CrawlClosing):
            self.context.failure = f"The shop cannot be reached. {problem.message}"
            self.context.problem(key, problem)
        self.context.spoil(key)
        self.context.finish(key)
        if self.context.failure:
            raise CloseSpider("failed")

    def parse(self, response: Response) -> Iterator[Any]:
        """Any page: a sitemap, a product, or a list of them."""
        body = response.body
        if gzip_magic_number(response):
            try:
                body = gunzip(body, max_size=self.settings.getint("DOWNLOAD_MAXSIZE"))
            except Exception as error:
                self.tell(response, "invalid-gzip", f"Cannot be unpacked: {error}")
                return
        if _is_sitemap(body):
            yield from self.parse_sitemap(response, body)
        elif isinstance(response, TextResponse) and body is response.body:
            yield from self.parse_page(response)
        elif not response.meta.get("is_guess"):
            kind = (response.headers.get("Content-Type") or b"unknown").decode("latin-1")
            self.tell(response, "not-a-page", f"Not a web page: {kind}", is_notice=True)

    def parse_sitemap(self, response: Response, body: bytes) -> Iterator[Request]:
        try:
            sitemap = Sitemap(body)
            for entry in sitemap:
                if url := url_clean(entry["loc"], base=response.url):
                    if sitemap.type == "sitemapindex":
                        request = self.ask(url, self.parse, priority=SITEMAP)
                    else:
                        request = self.ask(url, self.parse, priority=LISTED, is_listed=True)
                    yield from self._new(request, of=response)
        except (LxmlError, StopIteration, ValueError) as error:
            self.tell(response, "invalid-sitemap", f"Not readable to the end: {error}")

    # --- pages -----------------------------------------------------------------------------------

    def parse_page(self, response: TextResponse) -> Iterator[Any]:
        page = page_read(response.text, response.url)
        for problem in page.problems:
            self.tell(response, problem.kind, problem.message)
        for draft in page.drafts:
            if (own := self._claimed(draft, response)) is not None:
                yield ProductItem(own, response.meta[KEY])
        # Everything that a shop lists in its sitemap is found there; its navigation would only
        # lead to the same pages again.
        follow = not (page.drafts and response.meta.get("is_listed"))
        requests = list(self._links(page, response, follow=follow))
        fruitful = any(request.priority == PRODUCT for request in requests)
        self.yields.saw(response.url, products=len(page.drafts), fruitful=fruitful)
        steps = 0 if page.drafts or fruitful else response.meta.get("barren_steps", 0) + 1
        if steps > MAX_BARREN_STEPS:
            if requests:
                message = f"{steps} pages in a row led to no new product; its links are left out."
                self.tell(response, "no-yield", message, is_notice=True)
            return
        for request in requests:
            request.meta["barren_steps"] = steps
            yield request

    def _links(self, page: Page, response: Response, *, follow: bool) -> Iterator[Request]:
        for url in page.product_links:
            yield from self._new(
                self.ask(url, self.parse, priority=PRODUCT), of=response, tell=True
            )
        if not follow:
            return
        for url in page.next_links:
            yield from self._new(self.ask(url, self.parse, priority=NEXT), of=response)
        for url in page.links:
            priority = PRODUCT if self.yields.is_product(url) else LINK
            yield from self._new(self.ask(url, self.parse, priority=priority), of=response)

    def _new(self, request: Request, *, of: Response, tell: bool = False) -> Iterator[Request]:
        """The request, if its page may be asked for, was not yet, and promises something."""
        if not self.context.rules.allows(request.url):
            if tell or request.priority in {SITEMAP, LISTED}:
                refusal = self.context.rules.refusal(request.url)
                self.context.problem(of.meta[KEY], problem_of(refusal, request))
            return
        if self.is_seen(request):
            return
        if request.priority < LISTED and self.yields.is_barren(request.url):
            message = "Pages of this kind led to no product; further ones are left out."
            notice = Problem("no-yield", request.url, message, is_notice=True)
            self.context.problem(of.meta[KEY], notice)
            return
        yield request

    def _claimed(self, draft: ListingDraft, response: Response) -> ListingDraft | None:
        """The draft under an address of its own; None if another page of this run gave it already.

        Where different products call one address theirs, the later one keeps its page's.
        """
        for url in dict.fromkeys([draft.url, response.url]):
            if not self.context.rules.allows(url):
                continue
            fingerprint = hashlib.sha1(url.encode(), usedforsecurity=False).digest()
            own, sku = self.context.frontier.claim_listing(
                fingerprint, key=response.meta[KEY], sku=draft.sku
            )
            if own:
                return replace(draft, url=url)
            if sku == draft.sku:
                return None
        return None


def _is_sitemap(body: bytes) -> bool:
    start = body[:1000].lstrip(b"\xef\xbb\xbf \t\r\n")
    return start.startswith(b"<") and any(
        tag in start.lower() for tag in (b"<urlset", b"<sitemapindex")
    )
