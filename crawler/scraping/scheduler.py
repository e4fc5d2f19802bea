"""Scrapy's scheduler on top of the frontier."""

from __future__ import annotations

from typing import Any

from scrapy import Request, Spider
from scrapy.core.scheduler import BaseScheduler
from scrapy.crawler import Crawler
from scrapy.utils.defer import _schedule_coro

from crawler.scraping.context import KEY, CrawlContext, context_of, engine_of
from crawler.scraping.guard import IS_PHOTO
from crawler.scraping.letters import IS_LETTER, LEADS, WAITS
from crawler.types import Problem

MISSING_PRIORITY = -10
"""After everything that pages lead to: most of the missing are met on the way."""
_ASKED = "missing-asked"
_ASKED_AGAIN = "letters-asked"
MAX_UNDER_WAY = 48
"""Pages that may be downloaded, read or stored at one time; their photos come on top."""


class FrontierScheduler(BaseScheduler):
    """Issues requests of the frontier while neither the page limit nor the load forbids it."""

    context: CrawlContext

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._fingerprint = crawler.request_fingerprinter.fingerprint
        self._at_limit = False

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> FrontierScheduler:
        return cls(crawler)

    def open(self, spider: Spider) -> None:
        self._spider = spider
        self.context = context_of(self._crawler)
        self._ask_for_missing()
        self._ask_again()

    def _ask_for_missing(self) -> None:
        """A listing that no page leads to any more is asked itself before it counts as gone."""
        spider, frontier = self._spider, self.context.frontier
        if frontier.note(_ASKED) or not callable(getattr(spider, "parse", None)):
            return
        frontier.set_note(_ASKED, True)
        for url in self.context.plan.missing:
            request = Request(
                url,
                callback=spider.parse,
                errback=getattr(spider, "on_failure", None),
                priority=MISSING_PRIORITY,
                meta={"is_missing": True},
            )
            # Not marked as seen: what leads to it again is to be noted as leading there.
            frontier.add(priority=request.priority, content=request_to_json(request))

    def _ask_again(self) -> None:
        """What failed in earlier runs and is due, behind all that pages lead to."""
        frontier = self.context.frontier
        if frontier.note(_ASKED_AGAIN):
            return
        frontier.set_note(_ASKED_AGAIN, True)
        for content in self.context.letters.to_ask():
            frontier.add(priority=MISSING_PRIORITY, content=content)

    def close(self, reason: str) -> None:
        self.context.commit()

    def has_pending_requests(self) -> bool:
        return self.context.frontier.waiting > 0

    def is_seen(self, request: Request) -> bool:
        """Whether the address was asked for, or is waiting to be."""
        return self.context.frontier.is_seen(self._fingerprint(request))

    def enqueue_request(self, request: Request) -> bool:
        key = request.meta.get(KEY)
        frontier = self.context.frontier
        new = frontier.mark_seen(self._fingerprint(request))
        if key is None:
            if not new and not request.dont_filter:
                return False
            frontier.add(priority=request.priority, content=request_to_json(request))
            return True
        return self._replace(key, request, new=new)

    def _replace(self, key: int, request: Request, *, new: bool) -> bool:
        """A retry or a redirect of a request that is under way."""
        chain = request.meta.get("redirect_urls") or []
        for url in chain:
            # It answered; should what it leads to fail, that is another letter.
            self.context.letters.answered(url)
        is_loop = request.url in chain
        if chain and not new and not is_loop and not request.dont_filter:
            # Leads to a page that is visited anyway.
            self.context.finish(key)
            return False
        self.context.reopened(key)
        self.context.frontier.replace(
            key, priority=request.priority, content=request_to_json(request)
        )
        return True

    def next_request(self) -> Request | None:
        context = self.context
        if context.closing.is_set() or context.under_way >= MAX_UNDER_WAY:
            return None
        limit = context.plan.max_pages
        if limit is not None and context.ledger.total("pages") + context.under_way >= limit:
            if context.under_way == 0 and context.frontier.waiting and not self._at_limit:
                self._at_limit = True
                _schedule_coro(engine_of(self._crawler).close_spider_async(reason="limit-pages"))
            return None
        while (taken := context.frontier.take()) is not None:
            key, content = taken
            context.opened(key)
            try:
                request = request_from_json(content, self._spider, key=key)
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                # Written by another version of this spider.
                problem = Problem("unreadable-request", str(content.get("url")), str(error))
                context.problem(key, problem)
            else:
                if self._is_to_be_asked(request, key):
                    return request
            context.finish(key, is_page=False)
        return None

    def _is_to_be_asked(self, request: Request, key: int) -> bool:
        """Not what failed before and is to be left in peace, or was met on the way meanwhile."""
        letters, frontier = self.context.letters, self.context.frontier
        # Looked at once: not again when it comes back after a pause or a redirect.
        if request.meta.pop(IS_LETTER, False):
            is_new = (
                bool(request.meta.get(IS_PHOTO))
                or frontier.mark_seen(self._fingerprint(request))
                or key in frontier.reissued
            )
            return is_new and letters.is_open(request.url)
        waiting = letters.waiting(request.url, leads=bool(request.meta.get(LEADS)))
        if waiting is not None:
            self.context.problem(key, Problem(WAITS, request.url, waiting.told, is_notice=True))
        return waiting is None


def request_to_json(request: Request) -> dict[str, Any]:
    """What makes the request again. Headers are set anew each time; none of ours has a body."""
    meta = {k: v for k, v in request.meta.items() if k not in {KEY, "download_latency"}}
    return {
        "url": request.url,
        "callback": request.callback.__name__ if request.callback else None,
        "errback": request.errback.__name__ if request.errback else None,
        "priority": request.priority,
        "dont_filter": request.dont_filter,
        "meta": meta,
    }


def request_from_json(
    content: dict[str, Any], spider: Spider | None, *, key: int | None = None
) -> Request:
    """The request that `request_to_json` described; ``key`` is its row in the frontier."""
    names = {name: content[name] for name in ("callback", "errback") if content[name]}
    return Request(
        content["url"],
        priority=content["priority"],
        dont_filter=content["dont_filter"],
        meta=content["meta"] if key is None else {**content["meta"], KEY: key},
        **{name: getattr(spider, method) for name, method in names.items()},
    )
