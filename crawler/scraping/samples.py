"""Counts which fields products have, and keeps a good page and the first one that lost something.

They are what an alarm shows when a shop's layout changed (`crawler.services.health`).
"""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from typing import Any

from django.utils import timezone
from scrapy.crawler import Crawler
from scrapy.http import Response, TextResponse

from catalog.types import ListingDraft
from crawler.scraping.context import KEY, CrawlContext, context_of
from crawler.scraping.items import ProductItem
from crawler.types import BAD_PAGE, FIELD_PREFIX, FIELDS, GOOD_PAGE

MAX_CHARACTERS = 1_000_000


def fields_of(draft: ListingDraft) -> set[str]:
    """Names of `FIELDS` that a draft has."""
    told = {
        "brand": draft.brand, "colour": draft.colour, "price": draft.price is not None,
        "currency": draft.currency, "code": draft.mpn or draft.sku,
        "availability": draft.availability != "unknown" and draft.availability,
        "photo": draft.image_urls,
    }  # fmt: skip
    return {name for name in FIELDS if told[name]}


class SampleMiddleware:
    """Spider middleware, outside of the one that knows what pages gave before."""

    def __init__(self, crawler: Crawler, context: CrawlContext) -> None:
        self._context = context
        self._fingerprint = crawler.request_fingerprinter.fingerprint
        self._best = -1
        self._has_bad = (context.plan.directory / BAD_PAGE).exists()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> SampleMiddleware:
        return cls(crawler, context_of(crawler))

    async def process_spider_output(
        self, response: Response, result: AsyncIterable[Any]
    ) -> AsyncIterator[Any]:
        key = response.meta[KEY]
        is_read = response.status == 200 and not response.meta.get("is_robots")
        gave_before = is_read and self._gave_before(response)
        has: set[str] | None = None
        async for one in result:
            if is_read and isinstance(one, ProductItem):
                fields = fields_of(one.draft)
                self._count(key, ["read", *fields])
                has = fields if has is None else has & fields
            yield one
        if has is not None:
            missing = self._context.plan.expected - has
            self._keep(response, has, missing)
        elif gave_before:
            self._count(key, ["lost"])
            self._keep(response, set(), set(FIELDS))

    def _gave_before(self, response: Response) -> bool:
        memory, request = self._context.memory, response.request
        if memory is None or request is None:
            return False
        note = memory.get(self._fingerprint(request))
        return note is not None and bool(note.listings)

    def _count(self, key: int, names: Iterable[str]) -> None:
        for name in names:
            self._context.ledger.count(key, FIELD_PREFIX + name)

    def _keep(self, response: Response, has: set[str], missing: set[str] | frozenset[str]) -> None:
        if not isinstance(response, TextResponse):
            return
        if missing and not self._has_bad:
            self._has_bad = True
            self._write(BAD_PAGE, response, has, missing)
        elif not missing and len(has) > self._best:
            self._best = len(has)
            self._write(GOOD_PAGE, response, has, missing)

    def _write(
        self, name: str, response: TextResponse, has: Iterable[str], missing: Iterable[str]
    ) -> None:
        told = {
            "url": response.url,
            "at": timezone.now().isoformat(),
            "has": sorted(has),
            "missing": sorted(missing),
            "text": response.text[:MAX_CHARACTERS],
        }
        with gzip.open(self._context.plan.directory / name, "wt", encoding="utf-8") as file:
            json.dump(told, file)
