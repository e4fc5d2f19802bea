"""What every spider of a shop shares: robots.txt first, requests that tell failures, drafts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, cast
from urllib.parse import urlsplit

from scrapy import Request, Spider
from scrapy.exceptions import CloseSpider
from scrapy.http import Response
from scrapy.utils.sitemap import sitemap_urls_from_robots
from twisted.python.failure import Failure

from catalog.types import ListingDraft
from crawler.scraping.context import KEY, CrawlContext, engine_of
from crawler.scraping.failures import CrawlClosing, problem_of
from crawler.scraping.frontier import listing_fingerprint
from crawler.scraping.guard import IS_PHOTO
from crawler.scraping.items import PhotoItem, ProductItem
from crawler.scraping.letters import LEADS, PHOTO_OF
from crawler.scraping.pages import url_clean, url_fragment
from crawler.scraping.scheduler import FrontierScheduler, request_to_json
from crawler.types import GONE, Problem

ROBOTS = 100
"""Priority of robots.txt: before everything else of a host."""


class ShopSpider(Spider):
    """Asks each seed's host for robots.txt, then calls `begin`; see docs/crawling.md.

    A spider yields requests made by `ask` and items made by `product`; everything else (politeness,
    which hosts may be asked, resuming, counting, photos, storing) is done for it. Callbacks are
    methods: what waits is kept on disk by their names.
    """

    name = "shop"

    def __init__(self, context: CrawlContext, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.context = context
        self.params: Any = context.plan.params
        """Of the `Params` class that the spider's kind declares."""

    def begin(self, seeds: Sequence[str], *, sitemaps: Sequence[str]) -> Iterable[Request]:
        """The first requests to one host.

        Args:
            seeds: the source's addresses at that host.
            sitemaps: those that its robots.txt names.
        """
        raise NotImplementedError

    def ask(self, url: str, callback: Any, *, priority: int = 0, **meta: Any) -> Request:
        """A request that tells its failure; ``meta`` holds plain values only (they go to disk)."""
        return Request(
            url, callback=callback, errback=self.on_failure, priority=priority, meta=meta
        )

    def is_seen(self, request: Request) -> bool:
        return cast(FrontierScheduler, engine_of(self.crawler).scheduler).is_seen(request)

    def tell(
        self, page: Response, kind: str, message: str, *, url: str = "", is_notice: bool = False
    ) -> None:
        """Count a problem of a page; ``url`` where it is about another address."""
        problem = Problem(kind, url or page.url, message, is_notice)
        self.context.problem(page.meta[KEY], problem)
        if not is_notice:
            self.logger.warning("%s %s: %s", kind, problem.url, message)

    def product(
        self, draft: ListingDraft, page: Response, *, otherwise: str = ""
    ) -> Iterator[ProductItem]:
        """The item of a draft; none if another page of this run gave the same one already.

        Args:
            otherwise: its address where another product took its own; by default that with a
                fragment: its code, else its colour.
        """
        label = draft.mpn or draft.sku or draft.colour or draft.title
        otherwise = otherwise or f"{draft.url.partition('#')[0]}#{url_fragment(label)}"
        for url in dict.fromkeys([draft.url, otherwise]):
            own, held = self.claim(url, draft, page)
            if own:
                yield ProductItem(replace(draft, url=url), page.meta[KEY])
            if own or held == draft.sku:
                return

    def claim(self, url: str, draft: ListingDraft, page: Response) -> tuple[bool, str]:
        """Take an address for a draft: whether it is ours, and the code of what holds it."""
        return self.context.frontier.claim_listing(
            listing_fingerprint(url), key=page.meta[KEY], sku=draft.sku
        )

    # --- robots.txt ------------------------------------------------------------------------------

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
        site = urlsplit(response.request.url if response.request else response.url)
        own = [
            url_clean(seed, base=seed) or seed
            for seed in self.context.plan.seeds
            if urlsplit(seed)[:2] == site[:2]
        ]
        for request in self.begin(own, sitemaps=sitemaps):
            request.meta[LEADS] = True
            if not self.context.plan.is_retry or self.context.letters.is_open(request.url):
                yield request

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

    # --- what failed before ----------------------------------------------------------------------

    def parse_photo(self, response: Response) -> Iterator[PhotoItem]:
        """A photo that could not be had when its product was read."""
        places = tuple((int(listing), int(n)) for listing, n in response.meta[PHOTO_OF])
        url = (response.meta.get("redirect_urls") or [response.url])[0]
        yield PhotoItem(url, bytes(response.body), places, response.meta[KEY])

    def about(self, request: Request) -> Sequence[int]:
        """Ids of the listings that a page was about when it was last read, as far as known."""
        memory = self.context.memory
        if memory is None:
            return ()
        note = memory.get(self.crawler.request_fingerprinter.fingerprint(request))
        return note.listings if note else ()

    # --- failures --------------------------------------------------------------------------------

    def on_failure(self, failure: Failure) -> Iterator[Any] | None:
        """Errback of all requests."""
        error, request = error_and_request(failure)
        key = request.meta[KEY]
        if isinstance(error, CrawlClosing) or self.context.closing.is_set():
            # Also what the end of the crawl cut off: no fault of the page.
            self.context.spoil(key)
        elif not request.meta.get("is_guess"):
            problem = problem_of(error, request)
            if request.meta.get("is_missing") and problem.kind in GONE:
                problem = replace(problem, is_notice=True)
            self.context.problem(key, problem)
            self.context.note_failure(
                key, problem, request_to_json(request), listings=self.about(request)
            )
            if not problem.is_notice:
                self.logger.warning("%s %s: %s", problem.kind, problem.url, problem.message)
        self.context.finish(key, is_page=not request.meta.get(IS_PHOTO))
        return None


def error_and_request(failure: Failure) -> tuple[BaseException, Request]:
    """What an errback is told; Scrapy adds the request to Twisted's failure."""
    error = failure.value or RuntimeError("unknown")
    return error, cast(Request, getattr(failure, "request"))  # noqa: B009
