"""What every spider of a shop shares: requests that report their failures, and the crawl's context."""

from __future__ import annotations

from typing import Any

from scrapy import Request, Spider
from twisted.python.failure import Failure

from crawler.scraping.context import KEY, CrawlContext
from crawler.scraping.failures import CrawlClosing, problem_of
from crawler.types import Problem


class ShopSpider(Spider):  # type: ignore[misc]
    """Navigates a shop; yields requests made by `ask`, and ProductItems."""

    def __init__(self, context: CrawlContext, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.context = context

    def ask(self, url: str, callback: Any, *, priority: int = 0, **meta: Any) -> Request:
        """A request that tells its failure; ``meta`` holds plain values only (they go to disk)."""
        return Request(
            url, callback=callback, errback=self.on_failure, priority=priority, meta=meta
        )

    def is_seen(self, request: Request) -> bool:
        return bool(self.crawler.engine.scheduler.is_seen(request))

    def tell(self, request: Request, kind: str, message: str, *, is_notice: bool = False) -> None:
        """Count a problem of the page that ``request`` asked for."""
        problem = Problem(kind, request.url, message, is_notice)
        self.context.problem(request.meta[KEY], problem)
        if not is_notice:
            self.logger.warning("%s %s: %s", kind, request.url, message)

    def on_failure(self, failure: Failure) -> None:
        """Errback of all requests."""
        request = failure.request
        key = request.meta[KEY]
        if failure.check(CrawlClosing):
            self.context.spoil(key)
        elif not request.meta.get("is_guess"):
            problem = problem_of(failure.value, request)
            self.context.problem(key, problem)
            if not problem.is_notice:
                self.logger.warning("%s %s: %s", problem.kind, problem.url, problem.message)
        self.context.finish(key)
