"""Product feeds: fetched onto the disk, then read item by item while their photos are fetched."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import StopDownload
from scrapy.http import Response

from crawler.scraping.context import KEY
from crawler.scraping.download import TO_FILE
from crawler.scraping.feeds import FeedItem, Trouble, feed_read
from crawler.scraping.items import ProductItem
from crawler.scraping.pages.feeds import (
    FeedDraft,
    FeedRules,
    columns_read,
    is_wanted,
    item_draft,
)
from crawler.scraping.pages.products import merged
from crawler.scraping.positions import Position, mark_of
from crawler.scraping.spiders.base import ShopSpider

MAX_BYTES = 5 * 1024**3
TIMEOUT_SECONDS = 3600.0
"""For a whole feed; the run's own limits hold too."""
DRY_RUN_BYTES = 4 * 1024 * 1024
"""Enough of a feed for its first products."""
MAX_SIZES = 200
"""Items of one shoe that are held together."""
_DELIMITERS = {"tab": "\t", "comma": ",", "semicolon": ";", "bar": "|"}


class FeedSpider(ShopSpider):
    """Each seed is a feed."""

    name = "feed"

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> FeedSpider:
        spider: FeedSpider = super().from_crawler(crawler, *args, **kwargs)
        if spider.context.plan.is_dry_run:
            crawler.signals.connect(spider.on_bytes, signal=signals.bytes_received)
        return spider

    def begin(self, seeds: Sequence[str], *, sitemaps: Sequence[str]) -> Iterator[Request]:
        limit = self.context.plan.max_bytes
        for seed in seeds:
            name = hashlib.sha1(seed.encode(), usedforsecurity=False).hexdigest()[:16]
            meta: dict[str, Any] = {
                "download_maxsize": min(MAX_BYTES, limit or MAX_BYTES),
                "download_timeout": TIMEOUT_SECONDS,
                # What came of a feed that was cut off is read; that it was is told.
                "download_fail_on_dataloss": False,
                TO_FILE: f"feed-{name}",
            }
            yield self.ask(seed, self.parse_feed, **meta)

    def on_bytes(self, data: bytes, request: Request) -> None:
        """A dry run needs no more than the beginning."""
        if TO_FILE in request.meta:
            got = request.meta["got"] = request.meta.get("got", 0) + len(data)
            if got > DRY_RUN_BYTES:
                raise StopDownload(fail=False)

    async def parse_feed(self, response: Response) -> AsyncIterator[ProductItem]:
        name = response.meta[TO_FILE]
        path = self.context.plan.directory / name
        try:
            mark = mark_of(path, response)
            position = Position(self.context, response, name=name, mark=mark)
            async for item in self.items(path, response, position):
                yield item
        finally:
            path.unlink(missing_ok=True)

    async def items(
        self, path: Path, response: Response, position: Position
    ) -> AsyncIterator[ProductItem]:
        rules = FeedRules(
            currency=self.params.currency,
            product_types=self.params.product_types,
            columns=columns_read(self.params.columns),
        )
        held: list[FeedDraft] = []
        read = number = position.done
        if read:
            self.logger.info("going on behind item %s of %s", read, response.url)
        for one in self.told(path, response, skip=position.done):
            if self.context.closing.is_set():
                # The rest of a large feed would be read for nothing; it is read when it goes on.
                self.context.spoil(response.meta[KEY])
                return
            last, number = number, one.number
            if not held:
                await position.keep(last)
            if not is_wanted(one, rules):
                continue
            read += 1
            made = item_draft(one, base=response.url, rules=rules)
            if isinstance(made, Trouble):
                self.tell(response, made.kind, made.message)
            elif held and (len(held) >= MAX_SIZES or not made.is_size_of(held[-1])):
                for item in self.shoe(held, response):
                    yield item
                await position.keep(last)
                held = [made]
            else:
                held.append(made)
        if held:
            for item in self.shoe(held, response):
                yield item
        if not read:
            self.tell(response, "no-items", "No product was found in this feed.")

    def told(self, path: Path, response: Response, *, skip: int) -> Iterator[FeedItem]:
        """The items of a feed; what cannot be read of it is counted.

        Args:
            skip: number of the last item that an earlier attempt has done; what could not be read
                before the one behind it was counted then.
        """
        charset = (response.headers.get("Content-Type") or b"").decode("latin-1").lower()
        charset = charset.partition("charset=")[2].strip(" \"';")
        delimiter = _DELIMITERS.get(self.params.delimiter)
        is_known = skip > 0
        for one in feed_read(path, charset=charset, delimiter=delimiter):
            is_known = is_known and (isinstance(one, Trouble) or one.number <= skip)
            if is_known:
                continue
            if isinstance(one, FeedItem):
                yield one
            elif not (one.kind == "truncated" and "download_stopped" in response.flags):
                self.tell(response, one.kind, one.message, is_notice=one.kind == "nul-characters")

    def shoe(self, sizes: Sequence[FeedDraft], response: Response) -> Iterator[ProductItem]:
        """One shoe from all its sizes. One that comes again later in the feed is that shoe."""
        draft = merged([size.draft for size in sizes])
        if len(sizes) > 1 or sizes[0].size:
            identity = f"{draft.group_id or draft.sku}|{draft.colour.casefold()}"[:100]
            own, held = self.claim(draft.url, replace(draft, sku=identity), response)
            if own:
                yield ProductItem(draft, response.meta[KEY])
            if own or held == identity:
                return
        yield from self.product(draft, response)
