"""Shopify: /products.json page by page, of the whole shop or of its collections."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from scrapy import Request
from scrapy.http import Response, TextResponse

from crawler.scraping.letters import LEADS
from crawler.scraping.pages.shopify import (
    currency_of_meta,
    currency_of_page,
    is_wanted,
    product_drafts,
    products_of,
)
from crawler.scraping.spiders.base import ShopSpider, error_and_request

PER_PAGE = 250
"""The most that Shopify gives at once."""
_COLLECTION = re.compile(r"/collections/[^/?#]+")
CURRENCY, LIST = 50, 20


class ShopifySpider(ShopSpider):
    """Asks for the shop's currency, then for its lists."""

    name = "shopify"

    def begin(self, seeds: Sequence[str], *, sitemaps: Sequence[str]) -> Iterator[Request]:
        for seed in seeds:
            lists = list_address(seed)
            if self.params.currency:
                yield self.list(lists, page=1, currency=self.params.currency)
            else:
                yield self.ask_currency(seed, "/meta.json", self.parse_meta, lists=lists)

    def ask_currency(self, seed: str, path: str, callback: Any, *, lists: str) -> Request:
        request = self.ask(urljoin(seed, path), callback, priority=CURRENCY, lists=lists,
                           handle_httpstatus_all=True)  # fmt: skip
        request.errback = self.on_currency_failure
        # Several collections of a shop ask for the same page.
        return request.replace(dont_filter=True)

    def parse_meta(self, response: Response) -> Iterator[Request]:
        lists = response.meta["lists"]
        found = currency_of_meta(text_of(response)) if response.status == 200 else ""
        if found:
            yield self.list(lists, page=1, currency=found)
        else:
            yield self.ask_currency(lists, "/", self.parse_front, lists=lists)

    def parse_front(self, response: Response) -> Iterator[Request]:
        found = currency_of_page(text_of(response)) if response.status == 200 else ""
        if not found:
            self.tell(
                response, "no-currency", "The shop does not say in which currency its prices are. "
                "Give it as the source's currency.", is_notice=True,
            )  # fmt: skip
        yield self.list(response.meta["lists"], page=1, currency=found)

    def on_currency_failure(self, failure: Any) -> Iterator[Request]:
        """The lists are read all the same; if the shop is away, they will tell."""
        _, request = error_and_request(failure)
        yield self.list(request.meta["lists"], page=1, currency="")
        self.on_failure(failure)

    def list(self, address: str, *, page: int, currency: str) -> Request:
        query = urlencode({"limit": PER_PAGE, "page": page})
        return self.ask(
            f"{address}?{query}",
            self.parse_list,
            priority=LIST,
            page=page,
            currency=currency,
            **{LEADS: True},
        )

    def parse_list(self, response: Response) -> Iterator[Any]:
        try:
            products = products_of(text_of(response))
        except (ValueError, RecursionError) as error:
            self.tell(
                response, "not-shopify", "This is not what Shopify's /products.json gives: "
                f"{error}. Is it a Shopify shop, and does it publish this list?",
            )  # fmt: skip
            return
        currency = response.meta["currency"]
        for product in products:
            if not is_wanted(product, self.params.product_types):
                continue
            drafts = product_drafts(product, site=response.url, currency=currency)
            if not drafts:
                name = str(product.get("title") or product.get("id") or "?")[:80]
                message = f"The product “{name}” has no title, no handle or no variants."
                self.tell(response, "incomplete-product", message)
            for draft in drafts:
                yield from self.product(draft, response)
        # A shop may give fewer at once than it is asked for: only an empty page is the last.
        if products:
            address = response.url.partition("?")[0]
            yield self.list(address, page=response.meta["page"] + 1, currency=currency)


def list_address(seed: str) -> str:
    """Where the products of a seed are listed: a collection's, or all of the shop's.

    >>> list_address("https://shop.example/en/collections/sneakers?sort=new")
    'https://shop.example/en/collections/sneakers/products.json'
    """
    path = urlsplit(seed).path
    if path.endswith("/products.json"):
        return urljoin(seed, path)
    if found := _COLLECTION.search(path):
        return urljoin(seed, f"{path[: found.end()]}/products.json")
    return urljoin(seed, "/products.json")


def text_of(response: Response) -> str:
    """The answer as text, whatever type it claims to be."""
    if isinstance(response, TextResponse):
        return response.text
    return response.body.decode("utf-8", "replace")
