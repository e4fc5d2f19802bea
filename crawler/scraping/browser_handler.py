"""Scrapy's handler for pages in a browser; apart, since it needs an optional library."""

from __future__ import annotations

import contextlib
from typing import Any

from playwright.async_api import Error as PlaywrightError
from scrapy import Request, Spider
from scrapy_playwright.handler import ScrapyPlaywrightDownloadHandler

from crawler.scraping.browser import IDLE_MILLISECONDS
from crawler.scraping.download import PoliteHandler


class BrowserHandler(ScrapyPlaywrightDownloadHandler, PoliteHandler):  # type: ignore[misc]
    """Opens in a browser what asks for it, and fetches all else politely as ever."""

    async def _apply_page_methods(self, page: Any, request: Request, spider: Spider) -> None:
        """A page is read when it has come to rest, or after a while: some never do."""
        await super()._apply_page_methods(page, request, spider)
        with contextlib.suppress(PlaywrightError):
            await page.wait_for_load_state("networkidle", timeout=IDLE_MILLISECONDS)
