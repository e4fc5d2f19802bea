"""What a product is offered for: the best of its offers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from catalog.models import Availability
from crawler.scraping.pages.schema import Graph
from crawler.scraping.pages.stock import availability_parse
from crawler.scraping.pages.values import (
    Node,
    currency_parse,
    each,
    price_parse,
    text,
    texts,
)

# A struck-through price is what the shop no longer asks.
_OLD_PRICES = ("ListPrice", "StrikethroughPrice", "SRP", "MSRP", "RegularPrice")

_COMMON = ("priceCurrency", "lowPrice", "availability")


@dataclass(slots=True)
class Offered:
    """The best of a product's offers."""

    price: Decimal | None = None
    currency: str = ""
    availability: str = ""
    urls: list[str] = field(default_factory=list)


def offers_read(node: Node, graph: Graph, wanted: str) -> Offered:
    """The cheapest offer that can be bought, else the cheapest; stock if any has it.

    Args:
        wanted: the currency to keep where there are several.
    """
    found: list[tuple[bool, Decimal, str]] = []
    stock: list[str] = []
    result = Offered()
    offers = offers_listed(node, graph)
    offers = [offer for offer in offers if not _is_for_members(offer)] or offers
    for offer in _in_currency(offers, wanted):
        availability = _stock(offer.get("availability"))
        stock.append(availability)
        result.urls += texts(offer.get("url"))
        price, currency = _price(offer)
        currency = currency or result.currency
        result.currency = result.currency or currency
        if price is not None:
            found.append((availability == Availability.OUT_OF_STOCK, price, currency))
    if found:
        _, result.price, result.currency = min(found, key=lambda one: one[:2])
    for value in (Availability.IN_STOCK, Availability.PREORDER, Availability.OUT_OF_STOCK):
        if value in stock:
            result.availability = str(value)
            break
    return result


def offers_listed(node: Node, graph: Graph) -> list[Node]:
    """The offers of a product, those inside of others apart."""
    return list(_offers(node.get("offers"), graph))


def _stock(told: Any) -> str:
    """Also where it is a reference: {"@id": "https://schema.org/InStock"}."""
    written = [text(one) or one.get("@id") if isinstance(one, dict) else one for one in each(told)]
    return availability_parse(written)


def _in_currency(offers: list[Node], wanted: str) -> list[Node]:
    """Those in the wanted currency, if there are any, else in the first one: amounts of two
    currencies tell nothing of which is cheaper."""
    if len(offers) < 2:
        return offers
    told = [_price(offer)[1] for offer in offers]
    kept = wanted if wanted in told else next(filter(None, told), "")
    return [one for one, currency in zip(offers, told, strict=True) if currency in {kept, ""}]


def _is_for_members(told: Node) -> bool:
    """Whether only members of the shop's club pay that."""
    return bool(told.get("validForMemberTier"))


def _offers(value: Any, graph: Graph, depth: int = 0) -> Iterable[Node]:
    for one in each(value):
        offer = graph.follow(one)
        if not isinstance(offer, dict):
            continue
        offer = graph.whole(offer)
        inner = list(_offers(offer.get("offers"), graph, depth + 1)) if depth < 3 else []
        if inner:
            # What all have in common may stand before them.
            common = {name: offer[name] for name in _COMMON if offer.get(name)}
            yield from ({**common, **one} for one in inner)
        else:
            yield offer


def _price(offer: Node) -> tuple[Decimal | None, str]:
    told = currency_parse(offer.get("priceCurrency"))
    specifications = [one for one in each(offer.get("priceSpecification")) if isinstance(one, dict)]
    current = [
        one
        for one in specifications
        if not text(one.get("priceType")).endswith(_OLD_PRICES) and not _is_for_members(one)
    ]
    for value, holder in [
        (offer.get("price"), offer),
        (offer.get("lowPrice"), offer),
        *((one.get(key), one) for one in current for key in ("price", "minPrice")),
        (offer.get("highPrice"), offer),
    ]:
        beside = told or currency_parse(holder.get("priceCurrency"))
        price, symbol = price_parse(value, beside)
        if price is not None:
            return price, beside or symbol
    return None, told
