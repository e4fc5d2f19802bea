"""WooCommerce: the Store API's list of products page by page, and variations of variable ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode, urlsplit

from scrapy import Request
from scrapy.http import Response

from catalog.types import ListingDraft
from crawler.scraping.context import KEY
from crawler.scraping.failures import status_problem
from crawler.scraping.letters import LEADS
from crawler.scraping.pages.values import each
from crawler.scraping.pages.woocommerce import (
    colours_without_variations,
    has_sizes,
    is_variation_of_size_only,
    is_wanted,
    product_draft,
    products_of,
    variable_drafts,
    variation_colours,
)
from crawler.scraping.spiders.base import ShopSpider, error_and_request
from crawler.scraping.spiders.shopify import text_of

PER_PAGE = 100
"""The most that the Store API gives at once."""
API = "wp-json/wc/store/v1/products"
OLD_API = "wp-json/wc/store/products"
PLAIN_API = "?rest_route=/wc/store/v1/products"
"""For WordPress without rewritten addresses."""
LIST, VARIATIONS = 20, 30


class WooSpider(ShopSpider):
    """Asks for lists; where the API is not at its usual address, at the two others."""

    name = "woocommerce"

    def begin(self, seeds: Sequence[str], *, sitemaps: Sequence[str]) -> Iterator[Request]:
        for seed in seeds:
            home = home_of(seed)
            yield self.list(home + API, page=1, others=[home + OLD_API, home + PLAIN_API])

    def list(self, address: str, *, page: int, others: Sequence[str] = ()) -> Request:
        url = _with(address, per_page=PER_PAGE, page=page, orderby="id", order="asc")
        request = self.ask(url, self.parse_list, priority=LIST, page=page, address=address,
                           others=list(others), **{LEADS: True})  # fmt: skip
        request.errback = self.on_list_failure
        return request

    def on_list_failure(self, failure: Any) -> Iterator[Request]:
        error, request = error_and_request(failure)
        others = request.meta["others"]
        status = getattr(getattr(error, "response", None), "status", None)
        if status not in {404, 400} or not others:
            self.on_failure(failure)
            return
        yield self.list(others[0], page=1, others=others[1:])
        self.context.finish(request.meta[KEY])

    def parse_list(self, response: Response) -> Iterator[Any]:
        try:
            products = products_of(text_of(response))
        except (ValueError, RecursionError) as error:
            if response.meta["others"]:
                first, *rest = response.meta["others"]
                yield self.list(first, page=1, others=rest)
                return
            message = (
                f"This is not what WooCommerce's Store API gives: {error}. Is it a WooCommerce "
                "shop, and is its Store API open?"
            )
            self.tell(response, "not-woocommerce", message)
            return
        for product in products:
            if is_wanted(product, self.params.categories):
                yield from self.parse_product(product, response)
        page = response.meta["page"]
        last = (response.headers.get("X-WP-TotalPages") or b"").decode("latin-1")
        if (page < int(last)) if last.isdigit() else products:
            yield self.list(response.meta["address"], page=page + 1)

    def parse_product(self, product: dict[str, Any], response: Response) -> Iterator[Any]:
        draft = product_draft(product, base=response.url)
        if draft is None:
            message = f"The product {str(product.get('id'))[:40]} has no name."
            self.tell(response, "incomplete-product", message)
            return
        is_variable = bool(product.get("variations")) and not is_variation_of_size_only(product)
        if not (is_variable and self.params.variations):
            yield from self.product(draft, response)
            return
        number = str(product.get("id"))
        url = _with(response.meta["address"], type="variation", parent=number, per_page=PER_PAGE)
        yield self.ask(
            url,
            self.parse_variations,
            priority=VARIATIONS,
            draft=draft_to_json(draft),
            colours=variation_colours(product),
            numbers=[
                str(one.get("id")) for one in each(product["variations"]) if isinstance(one, dict)
            ],
            sized=has_sizes(product),
            handle_httpstatus_all=True,
        )

    def parse_variations(self, response: Response) -> Iterator[Any]:
        parent = draft_from_json(response.meta["draft"])
        variations: list[dict[str, Any]] = []
        if response.status == 200:
            try:
                variations = products_of(text_of(response))
            except (ValueError, RecursionError) as error:
                message = f"The variations of {parent.url} cannot be read: {error}."
                self.tell(response, "invalid-variations", message)
        else:
            problem = status_problem(response, response.url)
            self.tell(response, problem.kind, problem.message)
        colours, numbers = response.meta["colours"], set(response.meta["numbers"])
        # A shop that does not know this question answers with products of all kinds.
        variations = [one for one in variations if str(one.get("id")) in numbers]
        drafts = variable_drafts(
            parent, variations, colours, base=response.url, sized=response.meta["sized"]
        )
        for draft in drafts or colours_without_variations(parent, colours) or [parent]:
            yield from self.product(draft, response)


def home_of(seed: str) -> str:
    """The address that WordPress answers at, with a slash at its end.

    >>> home_of("https://shop.example/blog/wp-json/wc/store/v1/products?page=2")
    'https://shop.example/blog/'
    """
    parts = urlsplit(seed)
    path = parts.path.partition("/wp-json")[0].rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{path}/"


def _with(address: str, **query: Any) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"


def draft_to_json(draft: ListingDraft) -> dict[str, Any]:
    """A draft in a request's meta, which goes to disk."""
    told = {name: value for name, value in asdict(draft).items() if value}
    return told | ({"price": str(draft.price)} if draft.price is not None else {})


def draft_from_json(told: dict[str, Any]) -> ListingDraft:
    price = Decimal(told["price"]) if "price" in told else None
    return ListingDraft(**{
        **told, "price": price, "image_urls": tuple(told.get("image_urls", ())),
    })  # fmt: skip
