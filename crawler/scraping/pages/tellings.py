"""Which nodes of a page tell of one product, and which of several in ways of their own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from crawler.scraping.pages.offers import offers_listed
from crawler.scraping.pages.schema import Graph, is_group, is_product, types
from crawler.scraping.pages.values import Node, each, text


def is_told(node: Node) -> bool:
    """Whether a variant is described here, not only pointed at."""
    return any(node.get(name) for name in ("sku", "mpn", "offers", "color", "gtin", "gtin13"))


def distinct(nodes: Iterable[Node]) -> list[Node]:
    """Nodes that are not the same product told twice; the fuller telling is kept."""
    kept: dict[Any, Node] = {}
    for node in nodes:
        key = (
            is_group(node),
            text(node.get("sku")) or text(node.get("mpn")) or text(node.get("@id")) or None,
            "" if node.get("sku") or node.get("mpn") else text(node.get("name")).casefold(),
            "" if node.get("sku") else text(node.get("url")),
        )
        if key not in kept or len(node) > len(kept[key]):
            kept[key] = node
    return _united(list(kept.values()))


def _united(nodes: list[Node]) -> list[Node]:
    """A product that has but a name, and stars perhaps, is the one that is told under that name:
    apps for reviews write their own."""
    bare = [node for node in nodes if not (is_group(node) or is_told(node) or node.get("url"))]
    others = [node for node in nodes if not any(node is one for one in bare)]
    names = {text(node.get("name")).casefold() for node in others}
    return others + [one for one in bare if text(one.get("name")).casefold() not in names]


def offered_product(root: Node) -> Node:
    """An offer that tells what it offers, turned about: a product with that offer."""
    offer = root["mainEntity"] if isinstance(root.get("mainEntity"), dict) else root
    product = offer.get("itemOffered") if types(offer) & {"Offer", "AggregateOffer"} else None
    if not isinstance(product, dict) or not is_product(product) or product.get("offers"):
        return root
    return product | {"offers": {k: v for k, v in offer.items() if k != "itemOffered"}}


def varied_by_offers(product: Node, graph: Graph) -> Node:
    """A product whose offers tell of which colour they are, turned about: a group of those."""
    if is_group(product) or not product.get("offers"):
        return product
    variants: list[Node] = []
    for offer in offers_listed(product, graph):
        item = next(each(offer.get("itemOffered")), None)
        if isinstance(item, dict) and is_product(item) and item.get("color"):
            own = {name: value for name, value in offer.items() if name != "itemOffered"}
            variants.append({**item, "offers": own})
    if not variants:
        return product
    rest = {name: value for name, value in product.items() if name not in {"offers", "sku", "mpn"}}
    return {**rest, "@type": "ProductGroup", "hasVariant": variants}
