"""The crawl's pulse (counts into its row, the row's cancel flag back), and politeness."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connections
from django.db.utils import DatabaseError
from django.utils import timezone
from scrapy import Request, Spider, signals
from scrapy.crawler import Crawler
from scrapy.extensions.throttle import AutoThrottle
from scrapy.http import Response

from crawler.scraping.context import context_of, engine_of
from crawler.scraping.letters import letters_of
from crawler.services import RunState, crawl_run_beat, letters_write, quiet_end

logger = logging.getLogger(__name__)

BEAT_SECONDS = 1.0
MAX_CRAWL_DELAY = 60.0
GENTLE_STEP_SECONDS = 0.1


_REASONS = {
    RunState.CANCEL: "cancelled",
    RunState.FULL: "disk-full",
    RunState.LOST: "lost",
}


class Pulse:
    """Commits the frontier and reports to the row once a second; ends the crawl when it must."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.context = context_of(crawler)
        self._started = time.monotonic()
        """When the spider was opened; until then Scrapy is still being loaded."""
        # One thread, one database connection.
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="crawl-pulse")
        self._task: asyncio.Task[None] | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Pulse:
        pulse = cls(crawler)
        crawler.signals.connect(pulse.spider_opened, signal=signals.spider_opened)
        crawler.signals.connect(pulse.spider_closed, signal=signals.spider_closed)
        crawler.signals.connect(pulse.check_limits, signal=signals.response_received)
        return pulse

    def spider_opened(self) -> None:
        self._started = time.monotonic()
        # All is loaded and stays: looking through it for garbage took a tenth of a crawl's time.
        gc.freeze()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop, "shutdown")
        self._task = asyncio.create_task(self._run())

    async def spider_closed(self) -> None:
        if self._task is not None:
            self._task.cancel()
        await self.beat()
        await self.context.writer.close()
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._executor, connections.close_all)
        self._executor.shutdown()

    def stop(self, reason: str) -> None:
        """End the crawl: what is under way is finished where that is quick, the rest is kept."""
        if self.context.closing.is_set():
            return
        logger.info("ending the crawl: %s", reason)
        self.context.closing.set()
        closing = engine_of(self.crawler).close_spider_async(reason=reason)
        self.context.keep(asyncio.ensure_future(closing))

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            state = await self.beat()
            if state is not RunState.GO_ON:
                self.stop(_REASONS[state])
            else:
                self.check_limits()

    async def beat(self) -> RunState:
        """Make everything so far durable, and tell the row; what the row says to do."""
        self.context.commit()
        letters = self.context.letters.pending()
        try:
            state = await asyncio.get_running_loop().run_in_executor(
                self._executor, self._write, self.seconds, self.bytes, letters
            )
        except DatabaseError as error:
            # The next beat will tell; a run that cannot write products ends through the writer.
            logger.warning("heartbeat not written: %s", error)
            return RunState.GO_ON
        if state is not RunState.LOST:
            self.context.letters.written(letters)
        return state

    def _write(self, seconds: float, size: int, letters: list[tuple[str, str]]) -> RunState:
        state = crawl_run_beat(
            run_id=self.context.plan.run_id,
            counts=self.context.ledger.snapshot(),
            seconds=seconds,
            size=size,
            waiting=self.context.frontier.waiting,
        )
        if letters and state is not RunState.LOST:
            letters_write(self.context.plan.run_id, *letters_of(letters))
        return state

    @property
    def seconds(self) -> float:
        """Over all attempts."""
        return self.context.plan.seconds + time.monotonic() - self._started

    @property
    def bytes(self) -> int:
        """Over all attempts."""
        return self.context.plan.bytes + self.context.bytes

    def check_limits(self) -> None:
        """Each second, and with each answer; the number of pages is the scheduler's to limit."""
        plan = self.context.plan
        if plan.max_seconds is not None and self.seconds >= plan.max_seconds:
            self.stop("limit-minutes")
        elif plan.max_bytes is not None and self.bytes >= plan.max_bytes:
            self.stop("limit-bytes")
        elif plan.quota_bytes is not None and self.bytes >= plan.quota_bytes:
            self.stop("limit-quota")
        elif plan.quiet and quiet_end(*plan.quiet, timezone.now()) is not None:
            self.stop("quiet-hours")


class PoliteThrottle(AutoThrottle):
    """AutoThrottle that obeys the Crawl-delay of robots.txt, and is not scared by one slow answer.

    A single answer of 20 seconds would otherwise mean minutes of pauses after it.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._floors: dict[str, float] = {}
        crawler.signals.connect(self.robots_parsed, signal=signals.robots_parsed)

    def robots_parsed(self, robotparser: Any, request: Request) -> None:
        agent = self.crawler.settings["USER_AGENT"]
        delay = min(robotparser.rp.crawl_delay(agent) or 0.0, MAX_CRAWL_DELAY)
        downloader = engine_of(self.crawler).downloader
        key = downloader.get_slot_key(request)
        if delay > self.mindelay:
            logger.info("robots.txt of %s asks for %.1f s between requests", key, delay)
            self._floors[key] = delay
            if slot := downloader.slots.get(key):
                slot.delay = max(slot.delay, delay)

    def _response_downloaded(self, response: Response, request: Request, spider: Spider) -> None:
        key = request.meta.get("download_slot", "")
        slot = engine_of(self.crawler).downloader.slots.get(key)
        before = slot.delay if slot else 0.0
        super()._response_downloaded(response, request, spider)
        if slot is not None:
            # One slow answer is no sign of load, several in a row are: grow step by step.
            slot.delay = min(slot.delay, max(2 * before, GENTLE_STEP_SECONDS))
            slot.delay = max(slot.delay, self.mindelay, self._floors.get(key, 0.0))
