"""Scrapy's handler for pages in a browser; apart, since it needs an optional library."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from playwright.async_api import Error as PlaywrightError
from scrapy import Request, Spider
from scrapy.exceptions import DownloadTimeoutError
from scrapy.http import Response
from scrapy_playwright.handler import ScrapyPlaywrightDownloadHandler

from crawler.scraping.browser import IDLE_MILLISECONDS
from crawler.scraping.download import PoliteHandler

PAGE_FACTOR = 2.0
"""Times the time limit of a request that a page may take to load, come to rest and be read."""
CLOSE_SECONDS = 10.0


class BrowserHandler(ScrapyPlaywrightDownloadHandler, PoliteHandler):  # type: ignore[misc]
    """Opens in a browser what asks for it, and fetches all else politely as ever.

    Playwright bounds the way to a page, not the reading of one: a script that never lets go of its
    page would hold up the crawl, and its end, for ever.
    """

    async def _download_request(self, request: Request, spider: Spider | None = None) -> Response:
        limit = PAGE_FACTOR * self._limit
        try:
            async with asyncio.timeout(limit):
                response: Response = await super()._download_request(request, spider)
        except TimeoutError as error:
            raise DownloadTimeoutError(
                f"Opening {request.url} in the browser took longer than {limit:g} seconds."
            ) from error
        self._context.bytes += len(response.body)
        return response

    async def _close(self) -> None:
        # What is left of the browser ends with this process.
        with contextlib.suppress(PlaywrightError, TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await super()._close()

    async def _apply_page_methods(self, page: Any, request: Request, spider: Spider) -> None:
        """A page is read when it has come to rest, or after a while: some never do."""
        await super()._apply_page_methods(page, request, spider)
        with contextlib.suppress(PlaywrightError):
            await page.wait_for_load_state("networkidle", timeout=IDLE_MILLISECONDS)
