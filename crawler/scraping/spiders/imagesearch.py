"""Photos of models by image search: asks a search engine, and takes each photo with its page."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from django.db import connections
from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured
from scrapy.http import Response, TextResponse

from catalog.types import ListingDraft
from crawler.exceptions import CrawlerError
from crawler.imagesearch.plans import ModelQuery, models_of_catalog, models_of_table, queries_of
from crawler.imagesearch.providers import (
    PAUSE_SECONDS,
    DdgsProvider,
    FolderProvider,
    ImageHit,
    ImageProvider,
    ProviderFailed,
    hits_dump,
    hits_load,
    searxng_hits,
    searxng_url,
)
from crawler.scraping.letters import LEADS
from crawler.scraping.places import Places, places_at
from crawler.scraping.spiders.base import ShopSpider

QUERY, NEXT = 20, 40
"""The next page of a question before another question: a model is done before the next begins."""
ASKS = "image_search"
"""In a request's meta: answered by `ProviderMiddleware` and not by the network."""
LEAST_SIDE = 200
"""Of the photo as the engine tells it: below it is a thumbnail."""


class ImageSearchSpider(ShopSpider):
    """Each question is a request, so that it waits on disk, is asked once, and is resumed."""

    name = "imagesearch"

    def begin(self, seeds: Sequence[str], *, sitemaps: Sequence[str]) -> Iterator[Request]:
        for seed in seeds[:1]:
            for number, query in enumerate(self._queries()):
                # Earlier models first.
                yield self.question(seed, query, page=1, brought=0, priority=QUERY - number)

    def _queries(self) -> list[ModelQuery]:
        # A thread of its own: Django refuses the database where an event loop runs.
        with ThreadPoolExecutor(1) as pool:
            models = pool.submit(self._models).result()
        return queries_of(
            models,
            suffixes=self.params.suffixes,
            photos=self.params.photos,
            photos_popular=self.params.photos_popular,
        )

    def _models(self) -> Iterable[Any]:
        try:
            if self.params.models:
                return models_of_table("\n".join(self.params.models))
            return models_of_catalog(
                brands=self.params.brands, missing_views=self.params.missing_views
            )
        finally:
            connections.close_all()

    def question(
        self, seed: str, query: ModelQuery, *, page: int, brought: int, priority: int
    ) -> Request:
        told = {"brand": query.brand, "model": query.model, "words": query.words,
                "share": query.share, "page": page, "brought": brought, "seed": seed}  # fmt: skip
        if self.params.provider == "searxng":
            url = searxng_url(seed, query.words, page=page, language=self.params.language)
            meta = {"query": told, LEADS: True}
            return self.ask(url, self.parse_hits, priority=priority, **meta)
        named = {"q": query.words, "iax": "images", "p": page, "l": self.params.language}
        url = f"{urljoin(seed, '/')}?{urlencode(named)}"
        asks = {"provider": self.params.provider, "folder": self.params.folder, "seed": seed,
                "words": query.words, "page": page, "language": self.params.language}  # fmt: skip
        meta = {"query": told, ASKS: asks, LEADS: True}
        return self.ask(url, self.parse_hits, priority=priority, **meta)

    def parse_hits(self, response: Response) -> Iterator[Any]:
        told = response.meta["query"]
        try:
            hits = self._hits(response)
        except CrawlerError as error:
            self.tell(response, "search-failed", str(error))
            return
        brought = told["brought"]
        for hit in hits:
            if brought >= told["share"]:
                return
            for item in self._photo(hit, told, response):
                brought += 1
                yield item
        if hits and brought < told["share"] and told["page"] < self.params.most_pages:
            query = ModelQuery(brand=told["brand"], model=told["model"], words=told["words"],
                               share=told["share"])  # fmt: skip
            yield self.question(
                told["seed"], query, page=told["page"] + 1, brought=brought, priority=NEXT
            )

    def _hits(self, response: Response) -> list[ImageHit]:
        text = response.text if isinstance(response, TextResponse) else ""
        return hits_load(text) if ASKS in response.meta else searxng_hits(text)

    def _photo(self, hit: ImageHit, told: dict[str, Any], response: Response) -> Iterator[Any]:
        sides = [side for side in (hit.width, hit.height) if side]
        if sides and min(sides) < LEAST_SIDE:
            return
        mark = hashlib.sha1(hit.image_url.encode(), usedforsecurity=False).hexdigest()[:12]
        owner = f"{told['brand']} {told['model']}"
        draft = ListingDraft(
            url=f"{hit.page_url.partition('#')[0]}#photo-{mark}",
            title=hit.title or owner,
            brand=told["brand"],
            model=told["model"],
            licence=hit.licence,
            image_urls=(hit.image_url,),
        )
        # The claim says whose photo it is; as the listing's code it would be taken for a style's.
        claimed = replace(draft, sku=owner[:100])
        own, holder = self.claim(f"image:{hit.image_url}", claimed, response)
        if not own:
            if holder != claimed.sku:
                message = f"Found for {owner}, and already for {holder}; kept for the latter only."
                self.tell(response, "two-models", message, url=hit.image_url, is_notice=True)
            return
        yield from self.product(draft, response)


class ProviderMiddleware:
    """Answers questions to engines that are not asked over Scrapy's network.

    A question takes a place at its engine as a download does at a shop, so that all workers
    together ask it one thing at a time, with the pause between them.
    """

    def __init__(self, places: Places) -> None:
        self._places = places

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> ProviderMiddleware:
        if not issubclass(crawler.spidercls, ImageSearchSpider):
            raise NotConfigured  # nobody else asks engines
        middleware = cls(places_at(crawler.settings.get("CRAWL_PLACES_URL")))
        crawler.signals.connect(middleware.spider_closed, signal=signals.spider_closed)
        return middleware

    async def spider_closed(self) -> None:
        await self._places.close()

    async def process_request(self, request: Request) -> Response | None:
        asks = request.meta.get(ASKS)
        if asks is None or urlsplit(request.url).path == "/robots.txt":
            return None
        try:
            hits = await self._search(provider_of(asks), asks)
        except ProviderFailed as error:
            body = str(error)
            return TextResponse(request.url, status=503, body=body.encode(), encoding="utf-8")
        return TextResponse(request.url, body=hits_dump(hits).encode(), encoding="utf-8")

    async def _search(self, provider: ImageProvider, asks: dict[str, Any]) -> list[ImageHit]:
        search = partial(
            provider.search, asks["words"], page=asks["page"], language=asks["language"]
        )
        if not provider.host:
            return await asyncio.to_thread(search)
        give_back = await self._places.take(provider.host, allowed=1, delay=PAUSE_SECONDS)
        try:
            return await asyncio.to_thread(search)
        finally:
            give_back()


def provider_of(asks: dict[str, Any]) -> ImageProvider:
    """Whom a question goes to."""
    if asks["provider"] == "folder":
        return FolderProvider(Path(asks["folder"]), asks["seed"])
    return DdgsProvider(asks["provider"])
