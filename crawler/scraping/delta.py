"""Asks only for pages that may have changed, and goes on from the others as if they had been read.

Works below the spiders, which know nothing of it: an unchanged page's request gets a callback that
yields what the page led to when it was read.
"""

from __future__ import annotations

import random
import time
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from http import HTTPStatus
from typing import Any

from django.conf import settings as django_settings
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response

from crawler.scraping.context import KEY, CrawlContext, context_of
from crawler.scraping.frontier import listing_fingerprint
from crawler.scraping.guard import IS_PHOTO
from crawler.scraping.items import ProductItem, SeenItem
from crawler.scraping.memory import MAX_CHILDREN, PageMemory, PageNote
from crawler.scraping.scheduler import request_from_json, request_to_json

LASTMOD = "lastmod"
"""In a request's meta: what the sitemap says of the page's last change."""
SAMPLE_SHARE = 0.03
"""Of the pages that a sitemap calls unchanged, so many are asked for all the same: should one have
changed, the sitemap's word counts for nothing for a month."""
_DAY = 86400.0


class DeltaMiddleware:
    """Downloader middleware (what is asked, and how) and spider middleware (what is noted)."""

    def __init__(self, crawler: Crawler, context: CrawlContext) -> None:
        self._crawler = crawler
        self._context = context
        self._fingerprint = crawler.request_fingerprinter.fingerprint
        self._oldest = time.time() - django_settings.SHOEFINDER_CRAWL_FULL_DAYS * _DAY

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> DeltaMiddleware:
        return cls(crawler, context_of(crawler))

    # --- downloader ------------------------------------------------------------------------------

    def process_request(self, request: Request) -> Response | None:
        memory, note = self._known(request)
        if memory is None or note is None:
            return None
        told = request.meta.get(LASTMOD)
        if told and told == note.lastmod and memory.trusts_lastmod:
            if random.random() >= SAMPLE_SHARE:  # noqa: S311 - a sample, not a secret
                return Response(request.url, status=HTTPStatus.NOT_MODIFIED, request=request)
            self._context.samples.add(request.meta[KEY])
        if note.etag:
            request.headers["If-None-Match"] = note.etag
        if note.modified:
            request.headers["If-Modified-Since"] = note.modified
        return None

    def process_response(self, request: Request, response: Response) -> Response:
        if response.status == HTTPStatus.NOT_MODIFIED and self._known(request)[1] is not None:
            request.meta["handle_httpstatus_list"] = [HTTPStatus.NOT_MODIFIED]
            request.callback = self.replay
        return response

    def _known(self, request: Request) -> tuple[PageMemory | None, PageNote | None]:
        """The memory, and what it holds of a page that need not be read anew whatever it says."""
        memory = self._context.memory
        if memory is None or KEY not in request.meta or request.meta.get("is_robots"):
            return memory, None
        fingerprint = self._fingerprint(request)
        note = memory.get(fingerprint)
        if note is None:
            return memory, None
        # Read in the future: the clock has gone back, and nothing says how old it is.
        is_fresh = self._oldest <= note.fetched <= time.time()
        if not is_fresh or not all(map(self._context.is_alive, note.listings)):
            memory.forget(fingerprint)
            return memory, None
        return memory, note

    def replay(self, response: Response) -> Iterator[Any]:
        """What the page gave when it was read: its listings are there, its links are followed."""
        request = response.request
        if request is None:
            return
        memory, note = self._known(request)
        if memory is None or note is None:
            return
        key = request.meta[KEY]
        self._context.ledger.count(key, "pages_unchanged")
        if request.meta.get(LASTMOD, note.lastmod) != note.lastmod:
            note.lastmod = request.meta[LASTMOD]
            memory.put(self._fingerprint(request), note)
        for url, sku in note.claims:
            self._context.frontier.claim_listing(listing_fingerprint(url), key=key, sku=sku)
        if note.listings:
            yield SeenItem(tuple(note.listings), key)
        for child in note.children:
            yield request_from_json(child, self._crawler.spider)

    # --- spider ----------------------------------------------------------------------------------

    async def process_spider_output(
        self, response: Response, result: AsyncIterable[Any]
    ) -> AsyncIterator[Any]:
        """Note what a page that was read leads to."""
        note = self._begin(response)
        children: dict[bytes, dict[str, Any]] = {}
        try:
            async for one in result:
                if note is not None and isinstance(one, ProductItem):
                    note.claims.append([one.draft.url, one.draft.sku])
                elif (
                    note is not None
                    and isinstance(one, Request)
                    # A page with more is not remembered; a sitemap may have 50,000.
                    and len(children) <= MAX_CHILDREN
                ):
                    fingerprint = self._fingerprint(one)
                    if not self._context.frontier.is_seen(fingerprint):
                        children.setdefault(fingerprint, request_to_json(one))
                yield one
        except BaseException:
            self._context.forget_page(response.meta[KEY])
            raise
        if note is not None:
            note.children = list(children.values())

    def _begin(self, response: Response) -> PageNote | None:
        request, context = response.request, self._context
        if (
            context.memory is None
            or request is None
            or response.status != HTTPStatus.OK
            or response.meta.get("is_robots")
            # Of a photo that is asked for by itself a 304 would bring nothing.
            or response.meta.get(IS_PHOTO)
            # What a killed attempt had got from it counts as seen: the rest would be half of it.
            or response.meta[KEY] in context.frontier.reissued
        ):
            return None
        note = PageNote(
            etag=_header(response, "ETag"),
            modified=_header(response, "Last-Modified"),
            lastmod=str(response.meta.get(LASTMOD) or ""),
        )
        context.notes[response.meta[KEY]] = (self._fingerprint(request), note)
        return note


def _header(response: Response, name: str) -> str:
    return (response.headers.get(name) or b"").decode("latin-1").strip()[:500]
