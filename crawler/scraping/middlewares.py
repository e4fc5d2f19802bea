"""Between engine, spider and downloader: what is done with, what is tried again, and when."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterable, AsyncIterator
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.retry import RetryMiddleware
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import CloseSpider, DownloadTimeoutError
from scrapy.http import Response
from scrapy.robotstxt import RobotParser

from crawler.scraping.context import KEY, CrawlContext, context_of, engine_of
from crawler.scraping.failures import CrawlClosing, retry_after
from crawler.scraping.guard import IS_PHOTO
from crawler.scraping.letters import LEADS
from crawler.types import Problem

MAX_RETRY_AFTER_SECONDS = 60.0
FIRST_PAUSE_SECONDS = 0.5
MAX_ROBOTS_FAILURES = 5
"""After so many a host's robots.txt is not asked for again in a run, nor anything else there."""


class TrackingMiddleware:
    """Finishes a request when its callback has ended and each of its items is stored or dropped."""

    def __init__(self, context: CrawlContext) -> None:
        self._context = context
        self._items = context.items

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> TrackingMiddleware:
        tracking = cls(context_of(crawler))
        crawler.signals.connect(tracking.item_scraped, signal=signals.item_scraped)
        crawler.signals.connect(tracking.item_dropped, signal=signals.item_dropped)
        crawler.signals.connect(tracking.item_error, signal=signals.item_error)
        return tracking

    async def process_spider_output(
        self, response: Response, result: AsyncIterable[Any]
    ) -> AsyncIterator[Any]:
        key = response.meta[KEY]
        self._items[key] = 1  # the callback itself
        try:
            async for one in result:
                if not isinstance(one, Request):
                    self._items[key] += 1
                yield one
        except CloseSpider:
            self._context.spoil(key)
            raise
        except Exception as error:
            message = f"{type(error).__name__}: {error}"
            self._context.problem(key, Problem("internal-error", response.url, message))
            raise
        finally:
            self._less(response)

    def item_scraped(self, response: Response) -> None:
        self._less(response)

    def item_dropped(self, response: Response, exception: BaseException) -> None:
        self._context.spoil(response.meta[KEY])
        self._less(response)

    def item_error(self, response: Response, failure: Any) -> None:
        message = f"{failure.type.__name__}: {failure.getErrorMessage()}"
        self._context.problem(response.meta[KEY], Problem("internal-error", response.url, message))
        self._less(response)

    def _less(self, response: Response) -> None:
        key, meta = response.meta[KEY], response.meta
        left = self._items.get(key, 0) - 1
        self._context.item_done.set()
        if left > 0:
            self._items[key] = left
            return
        self._items.pop(key, None)
        self._context.finish(key, is_page=not (meta.get("is_robots") or meta.get(IS_PHOTO)))


class LetterMiddleware:
    """What came is no letter any more; and a run over letters follows only what lists lead to.

    Outside of the middleware that remembers what pages lead to.
    """

    def __init__(self, context: CrawlContext) -> None:
        self._context = context

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> LetterMiddleware:
        return cls(context_of(crawler))

    async def process_spider_output(
        self, response: Response, result: AsyncIterable[Any]
    ) -> AsyncIterator[Any]:
        if response.request is not None and response.status < HTTPStatus.BAD_REQUEST:
            self._context.letters.answered(response.request.url)
        leads = response.meta.get(LEADS) or response.meta.get("is_robots")
        is_alone = self._context.plan.is_retry and not leads
        async for one in result:
            if not (is_alone and isinstance(one, Request)):
                yield one


class ClosingMiddleware:
    """Nothing new is sent once the crawl is to end."""

    def __init__(self, context: CrawlContext) -> None:
        self._context = context

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> ClosingMiddleware:
        return cls(context_of(crawler))

    def process_request(self, request: Request) -> None:
        if self._context.closing.is_set():
            raise CrawlClosing("The crawl is ending.")


class RobotsUnavailable(OSError):
    """A host could not say what may be crawled; worth another try."""


class RobotsMiddleware(RobotsTxtMiddleware):
    """While a host's robots.txt cannot be had, nothing of it may be crawled (RFC 9309, 2.3.1.4).

    Scrapy's own lets everything pass then; and of several requests that wait while it is fetched it
    tells only the first what it says (2.19), and lets the others pass.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._failures: Counter[str] = Counter()

    def process_request_2(self, rp: RobotParser | None, request: Request) -> None:
        netloc = urlsplit(request.url).netloc
        known = rp or self._parsers.get(netloc)
        if isinstance(known, RobotParser):
            super().process_request_2(known, request)
            return
        if self._parsers.get(netloc) is None and self._failures[netloc] < MAX_ROBOTS_FAILURES:
            self._parsers.pop(netloc, None)  # the next request asks for it again
        if context_of(self.crawler).closing.is_set():
            raise CrawlClosing("The crawl is ending.")
        raise RobotsUnavailable(f"The robots.txt of {netloc} cannot be read.")

    def _robots_error(self, exc: Exception, netloc: str) -> None:
        self._failures[netloc] += 1
        super()._robots_error(exc, netloc)

    async def _parse_robots(self, response: Response, netloc: str, request: Request) -> None:
        if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise RobotsUnavailable(f"{response.url} answered {response.status}.")
        await super()._parse_robots(response, netloc, request)


class PatientRetryMiddleware(RetryMiddleware):
    """Tries again after the time that the shop asks for (Retry-After), else after a growing pause.

    A shop that asks for more than `MAX_RETRY_AFTER_SECONDS` is not asked again in this run.
    """

    async def process_response(  # type: ignore[override]
        self, request: Request, response: Response
    ) -> Request | Response:
        if response.status in self.retry_http_codes:
            pause = retry_after(response)
            if pause is not None and pause > MAX_RETRY_AFTER_SECONDS:
                return response
            if response.status == 429:
                self._slow_down(request)
        else:
            pause = None
        result = super().process_response(request, response)
        if isinstance(result, Request):
            await self._wait(result, pause)
        return result

    async def process_exception(  # type: ignore[override]
        self, request: Request, exception: Exception
    ) -> Request | Response | None:
        if isinstance(exception, DownloadTimeoutError) and request.meta.get("retry_times"):
            return None  # Twice is enough: each attempt takes the whole time limit.
        result = super().process_exception(request, exception)
        if isinstance(result, Request):
            await self._wait(result, None)
        return result

    async def _wait(self, request: Request, pause: float | None) -> None:
        if pause is None:
            pause = FIRST_PAUSE_SECONDS * 2 ** (request.meta.get("retry_times", 1) - 1)
        try:
            async with asyncio.timeout(pause):
                await context_of(self.crawler).closing.wait()
        except TimeoutError:
            return

    def _slow_down(self, request: Request) -> None:
        slots = engine_of(self.crawler).downloader.slots
        slot = slots.get(request.meta.get("download_slot", ""))
        if slot is not None:
            slot.delay = min(max(1.0, 2 * slot.delay), MAX_RETRY_AFTER_SECONDS)
