"""What every spider of a shop shares: the crawl's context, and requests that tell failures."""

from __future__ import annotations

from typing import Any, cast

from scrapy import Request, Spider
from scrapy.http import Response
from twisted.python.failure import Failure

from crawler.scraping.context import KEY, CrawlContext, engine_of
from crawler.scraping.failures import CrawlClosing, problem_of
from crawler.scraping.scheduler import FrontierScheduler
from crawler.types import Problem


class ShopSpider(Spider):
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
        return cast(FrontierScheduler, engine_of(self.crawler).scheduler).is_seen(request)

    def tell(self, page: Response, kind: str, message: str, *, is_notice: bool = False) -> None:
        """Count a problem of a page."""
        problem = Problem(kind, page.url, message, is_notice)
        self.context.problem(page.meta[KEY], problem)
        if not is_notice:
            self.logger.warning("%s %s: %s", kind, page.url, message)

    def on_failure(self, failure: Failure) -> None:
        """Errback of all requests."""
        error, request = error_and_request(failure)
        key = request.meta[KEY]
        if isinstance(error, CrawlClosing):
            self.context.spoil(key)
        elif not request.meta.get("is_guess"):
            problem = problem_of(error, request)
            self.context.problem(key, problem)
            if not problem.is_notice:
                self.logger.warning("%s %s: %s", problem.kind, problem.url, problem.message)
        self.context.finish(key)


def error_and_request(failure: Failure) -> tuple[BaseException, Request]:
    """What an errback is told; Scrapy adds the request to Twisted's failure."""
    error = failure.value or RuntimeError("unknown")
    return error, cast(Request, getattr(failure, "request"))  # noqa: B009
