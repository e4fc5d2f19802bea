"""What becomes of an item: the listing is written, then its photos are fetched and stored."""

from __future__ import annotations

import asyncio
import logging

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import DropItem, IgnoreRequest
from scrapy.http.request import NO_CALLBACK

from catalog.types import Outcome
from crawler.ingest import ListingStored, PhotoJob, Refused
from crawler.scraping.context import context_of, engine_of
from crawler.scraping.failures import CrawlClosing, problem_of, status_problem
from crawler.scraping.items import ProductItem
from crawler.services import crawl_embed_request
from crawler.types import Problem

logger = logging.getLogger(__name__)

EMBED_EVERY = 200
"""New photos after which embedding is asked for while the crawl still runs."""
PHOTO_PRIORITY = 50
_LISTING_COUNTS = {
    Outcome.CREATED: "listings_new",
    Outcome.UPDATED: "listings_changed",
    Outcome.UNCHANGED: "listings_unchanged",
}


class LeftForLater(DropItem):
    """The crawl is ending; the item's page will be asked for again."""

    def __init__(self, message: str = "The crawl is ending.") -> None:
        super().__init__(message, log_level="DEBUG")


class _Pipeline:
    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.context = context_of(crawler)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> _Pipeline:
        return cls(crawler)

    async def give_up(self, error: Exception) -> None:
        """The catalog cannot be written: end the crawl, so that it can be resumed."""
        if not self.context.failure:
            self.context.failure = f"The catalog cannot be written: {error}"
            logger.error(self.context.failure)
            self.context.closing.set()
            # Not awaited: the engine waits for this very item before it closes.
            task = asyncio.create_task(engine_of(self.crawler).close_spider_async(reason="failed"))
            self.context.keep(task)


class ListingPipeline(_Pipeline):
    """Writes the listing; a draft that the catalog refuses ends here."""

    async def process_item(self, item: ProductItem) -> ProductItem:
        context = self.context
        if context.closing.is_set():
            raise LeftForLater
        try:
            result = await context.writer.write((context.plan.retailer_id, item.draft))
        except Exception as error:
            await self.give_up(error)
            raise LeftForLater(str(error)) from error
        if isinstance(result, Refused):
            context.problem(item.key, Problem(result.reason, item.draft.url, result.message))
        elif isinstance(result, ListingStored):
            item.listing_id, item.known = result.listing_id, result.known
            context.ledger.count(item.key, "products")
            context.ledger.count(item.key, _LISTING_COUNTS[result.outcome])
            logger.info("%s listing %s", result.outcome, item.draft.url)
        return item


class PhotoPipeline(_Pipeline):
    """Fetches the photos that are not known yet, through the engine: politely, like any request."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._fetching: dict[str, asyncio.Task[bytes | Problem]] = {}
        self._new = 0

    async def process_item(self, item: ProductItem) -> ProductItem:
        if item.listing_id is None:
            return item
        urls = item.draft.image_urls[: self.context.plan.max_photos]
        known = [url for url in urls if url in item.known]
        if known:
            self.context.ledger.count(item.key, "photos_known", len(known))
        wanted = [(n, url) for n, url in enumerate(urls) if url not in item.known]
        await asyncio.gather(*(self._photo(item, item.listing_id, n, url) for n, url in wanted))
        return item

    async def _photo(self, item: ProductItem, listing_id: int, position: int, url: str) -> None:
        context = self.context
        content = await self._fetch(url)
        if isinstance(content, Problem):
            context.problem(item.key, content)
            if not content.is_notice:
                context.ledger.count(item.key, "photos_rejected")
            return
        job = PhotoJob(listing_id, url, position, content)
        try:
            result = await context.writer.write(job)
        except Exception as error:
            await self.give_up(error)
            raise LeftForLater(str(error)) from error
        if isinstance(result, Refused):
            context.ledger.count(item.key, "photos_rejected")
            context.problem(item.key, Problem(result.reason, url, result.message))
        elif result.outcome is Outcome.CREATED:
            context.ledger.count(item.key, "photos_new")
            await self._ask_to_embed()
        else:
            context.ledger.count(item.key, "photos_known")

    async def _fetch(self, url: str) -> bytes | Problem:
        """The bytes at an address; products that share a photo share its download."""
        task = self._fetching.get(url)
        if task is None:
            task = self._fetching[url] = asyncio.create_task(self._download(url))
            task.add_done_callback(lambda _: self._fetching.pop(url, None))
        return await task

    async def _download(self, url: str) -> bytes | Problem:
        if self.context.closing.is_set():
            raise LeftForLater
        if not self.context.rules.allows(url):
            return _photo_problem(problem_of(self.context.rules.refusal(url), Request(url)))
        maxsize = self.crawler.settings.getint("CRAWL_PHOTO_MAX_BYTES")
        request = Request(
            url,
            callback=NO_CALLBACK,
            priority=PHOTO_PRIORITY,
            headers={"Accept": "image/avif,image/webp,image/*,*/*;q=0.8"},
            meta={"download_maxsize": maxsize},
        )
        try:
            response = await engine_of(self.crawler).download_async(request)
        except CrawlClosing as error:
            raise LeftForLater from error
        except Exception as error:
            if not isinstance(error, IgnoreRequest):
                logger.info("photo %s: %r", url, error)
            return _photo_problem(problem_of(error, request))
        if response.status != 200:
            return _photo_problem(status_problem(response.status, url))
        return bytes(response.body)

    async def _ask_to_embed(self) -> None:
        self._new += 1
        if self._new % EMBED_EVERY == 0:
            await asyncio.to_thread(crawl_embed_request)


def _photo_problem(problem: Problem) -> Problem:
    """The same problem, told apart from a page's."""
    kind = problem.kind if problem.is_notice else f"photo-{problem.kind}"
    return Problem(kind, problem.url, problem.message, problem.is_notice)
