"""What becomes of an item in a dry run: it is shown, and nothing is stored."""

from __future__ import annotations

import asyncio
import logging

from scrapy.crawler import Crawler

from crawler.scraping.context import engine_of
from crawler.scraping.items import Item, ProductItem
from crawler.scraping.pipelines import LeftForLater, PhotoPipeline
from crawler.services import crawl_preview_add
from crawler.types import PREVIEW_ITEMS, Problem

logger = logging.getLogger(__name__)


class PreviewPipeline(PhotoPipeline):
    """Keeps the first products for the run's page, each with one small photo, then ends the run."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._begun = self._kept = 0

    async def process_item(self, item: Item) -> Item:
        if not isinstance(item, ProductItem):
            # A dry run remembers no pages and asks for nothing again.
            return item
        if self.context.closing.is_set() or self._begun >= PREVIEW_ITEMS:
            raise LeftForLater("Enough has been seen.")
        position = self._begun
        self._begun += 1
        photo: bytes | Problem | None = None
        if item.draft.image_urls:
            photo = await self.fetch(item.draft.image_urls[0])
            if isinstance(photo, Problem):
                self.context.problem(item.key, photo)
        await asyncio.to_thread(
            crawl_preview_add,
            run_id=self.context.plan.run_id,
            position=position,
            draft=item.draft,
            photo=photo,
        )
        self.context.ledger.count(item.key, "products")
        logger.info("would store %s", item.draft.url)
        self._kept += 1
        if self._kept >= PREVIEW_ITEMS:
            self._end()
        return item

    def _end(self) -> None:
        self.context.closing.set()
        # Not awaited: the engine waits for this very item before it closes.
        closing = engine_of(self.crawler).close_spider_async(reason="limit-items")
        self.context.keep(asyncio.create_task(closing))
