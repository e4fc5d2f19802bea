"""What becomes of an item: the listing is written, then its photos are fetched and stored."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import BrokenExecutor

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import DropItem, IgnoreRequest
from scrapy.http.request import NO_CALLBACK
from scrapy.spidermiddlewares.httperror import HttpError

from catalog.services import FoundPhoto
from catalog.types import Outcome
from crawler.ingest import (
    Job,
    ListingJob,
    ListingStored,
    PhotosJob,
    PhotosStored,
    Refused,
    Result,
    SeenJob,
    SeenStored,
)
from crawler.scraping.context import context_of, engine_of
from crawler.scraping.failures import CrawlClosing, problem_of
from crawler.scraping.guard import IS_PHOTO
from crawler.scraping.items import Item, PhotoItem, ProductItem, SeenItem
from crawler.scraping.letters import WAITS, photo_content
from crawler.services import crawl_embed_request
from crawler.types import Problem

logger = logging.getLogger(__name__)

EMBED_EVERY = 200
"""New photos after which embedding is asked for while the crawl still runs."""
PHOTO_PRIORITY = 50
QUOTA = "photo-quota"
UNASKED = {QUOTA, WAITS}
"""Kinds of problem of photos that were not asked for."""
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

    async def write(self, job: Job) -> Result:
        """Store a job; where the catalog cannot be written, the crawl ends and can be resumed."""
        try:
            return await self.context.writer.write(job)
        except Exception as error:
            if not self.context.closing.is_set():
                logger.exception("the catalog cannot be written")
                self.context.closing.set()
                # A writer that was killed is an interruption; it heals by itself.
                reason = "shutdown" if isinstance(error, BrokenExecutor) else "failed"
                if reason == "failed":
                    self.context.failure = f"The catalog cannot be written: {error}"
                # Not awaited: the engine waits for this very item before it closes.
                closing = engine_of(self.crawler).close_spider_async(reason=reason)
                self.context.keep(asyncio.create_task(closing))
            raise LeftForLater(str(error)) from error


class ListingPipeline(_Pipeline):
    """Writes the listing; a draft that the catalog refuses ends here."""

    async def process_item(self, item: Item) -> Item:
        context = self.context
        if context.closing.is_set():
            raise LeftForLater
        if isinstance(item, PhotoItem):
            return item
        if isinstance(item, SeenItem):
            seen = await self.write(SeenJob(item.listing_ids))
            if isinstance(seen, SeenStored):
                context.ledger.count(item.key, "photos_known", seen.photos)
            for name in ("products", "listings_unchanged"):
                context.ledger.count(item.key, name, len(item.listing_ids))
            return item
        result = await self.write(ListingJob(context.plan.retailer_id, item.draft))
        if isinstance(result, Refused):
            context.problem(item.key, Problem(result.reason, item.draft.url, result.message))
            context.forget_page(item.key)
        elif isinstance(result, ListingStored):
            item.listing_id, item.known = result.listing_id, result.known
            self._note(item.key, result)
            context.ledger.count(item.key, "products")
            context.ledger.count(item.key, _LISTING_COUNTS[result.outcome])
            logger.info("%s listing %s", result.outcome, item.draft.url)
        return item

    def _note(self, key: int, stored: ListingStored) -> None:
        context = self.context
        if key in context.notes:
            context.notes[key][1].listings.append(stored.listing_id)
        if key in context.samples and stored.outcome is Outcome.UPDATED and context.memory:
            logger.warning("the sitemap had not said that a page changed; pages are asked instead")
            context.memory.distrust_lastmod()


class PhotoPipeline(_Pipeline):
    """Fetches the photos that are not known yet, through the engine: politely, like any request."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._fetching: dict[str, asyncio.Task[bytes | Problem]] = {}
        self._new = 0
        quota = self.context.plan.quota_photos
        self._left = None if quota is None else quota - self.context.ledger.total("photos_new")
        """Photos that the quota still allows; those under way are taken off."""

    async def process_item(self, item: Item) -> Item:
        if isinstance(item, PhotoItem):
            await self._store_late(item)
            return item
        if isinstance(item, SeenItem) or item.listing_id is None:
            return item
        urls = item.draft.image_urls[: self.context.plan.max_photos]
        known = [url for url in urls if url in item.known]
        if known:
            self.context.ledger.count(item.key, "photos_known", len(known))
        wanted = [(n, url) for n, url in enumerate(urls) if url not in item.known]
        fetched = await asyncio.gather(*(self.fetch(url) for _, url in wanted))
        found: list[FoundPhoto] = []
        for (position, url), content in zip(wanted, fetched, strict=True):
            if isinstance(content, Problem):
                self._reject(item, content)
                place = (item.listing_id, position)
                if content.kind not in UNASKED:
                    self.context.note_failure(item.key, content, photo_content(url, [place]))
                # It may be there next time.
                self.context.forget_page(item.key)
            else:
                photo = FoundPhoto(
                    listing_id=item.listing_id, url=url, content=content, position=position
                )
                found.append(photo)
        if found:
            await self._store(item, found)
        return item

    async def _store_late(self, item: PhotoItem) -> None:
        if self._left is not None and self._left <= 0:
            self._reject(item, _over_quota(item.url))
            return
        found = [
            FoundPhoto(listing_id=listing, url=item.url, content=item.content, position=position)
            for listing, position in item.places
        ]
        await self._store(item, found)

    async def _store(self, item: ProductItem | PhotoItem, found: list[FoundPhoto]) -> None:
        stored = await self.write(PhotosJob(tuple(found)))
        if not isinstance(stored, PhotosStored):
            raise TypeError(f"unexpected answer: {stored!r}")
        for photo, outcome in zip(found, stored.outcomes, strict=True):
            if isinstance(outcome, Refused):
                self._reject(item, Problem(outcome.reason, photo.url, outcome.message))
            elif outcome is Outcome.CREATED:
                self.context.ledger.count(item.key, "photos_new")
                await self._ask_to_embed()
            else:
                self.context.ledger.count(item.key, "photos_known")

    def _reject(self, item: ProductItem | PhotoItem, problem: Problem) -> None:
        self.context.problem(item.key, problem)
        if not problem.is_notice:
            self.context.ledger.count(item.key, "photos_rejected")

    async def fetch(self, url: str) -> bytes | Problem:
        """The bytes at an address; products that share a photo share its download."""
        task = self._fetching.get(url)
        if task is None:
            task = self._fetching[url] = asyncio.create_task(self._within_quota(url))
            task.add_done_callback(lambda _: self._fetching.pop(url, None))
        return await task

    async def _within_quota(self, url: str) -> bytes | Problem:
        if self._left is None:
            return await self._download(url)
        if self._left <= 0:
            return _over_quota(url)
        self._left -= 1
        got = await self._download(url)
        if isinstance(got, Problem):
            self._left += 1
        return got

    async def _download(self, url: str) -> bytes | Problem:
        if self.context.closing.is_set():
            raise LeftForLater
        if (waiting := self.context.letters.waiting(url)) is not None:
            return Problem(WAITS, url, waiting.told, is_notice=True)
        if not self.context.rules.allows_photo(url):
            return problem_of(self.context.rules.refusal(url), Request(url))
        maxsize = self.crawler.settings.getint("CRAWL_PHOTO_MAX_BYTES")
        request = Request(
            url,
            callback=NO_CALLBACK,
            priority=PHOTO_PRIORITY,
            headers={"Accept": "image/avif,image/webp,image/*,*/*;q=0.8"},
            meta={"download_maxsize": maxsize, IS_PHOTO: True},
        )
        try:
            response = await engine_of(self.crawler).download_async(request)
        except CrawlClosing as error:
            raise LeftForLater from error
        except Exception as error:
            if self.context.closing.is_set():
                # Cut off by the end of the crawl: no fault of the photo.
                raise LeftForLater from error
            if not isinstance(error, IgnoreRequest):
                logger.info("photo %s: %r", url, error)
            return problem_of(error, request)
        if response.status != 200:
            return problem_of(HttpError(response), request)
        self.context.letters.answered(url)
        return bytes(response.body)

    async def _ask_to_embed(self) -> None:
        self._new += 1
        if self._new % EMBED_EVERY == 0:
            await asyncio.to_thread(crawl_embed_request)


def _over_quota(url: str) -> Problem:
    message = "The source's quota of photos is used up; new ones are left out."
    return Problem(QUOTA, url, message, is_notice=True)
