"""A product's codes: its own, else by its identifiers, else the one that its offers share."""

from __future__ import annotations

import re
from collections.abc import Iterator

from crawler.scraping.pages.values import Node, each, gtin_parse, text, texts

MAX_CODE = 100
_GTINS = ("gtin", "gtin14", "gtin13", "gtin12", "gtin8")
_NAMES = {name: name for name in ("sku", "mpn", *_GTINS)} | {
    "ean": "gtin", "ean13": "gtin", "upc": "gtin", "upca": "gtin", "jan": "gtin",
}  # fmt: skip


def codes_read(node: Node) -> dict[str, str]:
    """``sku``, ``mpn`` and ``gtin`` of a product whose references were followed."""
    named = _identified(node)
    offers = list(_offers(node.get("offers")))
    offered = {name: _only(offers, name) for name in _NAMES}
    told = [node, named, offered]
    codes = {n: next((c for one in told if (c := text(one.get(n)))), "") for n in ("sku", "mpn")}
    gtin = next((code for one in told if (code := gtin_parse(one))), "")
    return {name: code[:MAX_CODE] for name, code in codes.items()} | {"gtin": gtin}


def _identified(node: Node) -> Node:
    """``{"@type": "PropertyValue", "propertyID": "GTIN-13", "value": …}`` by schema.org's names."""
    found: Node = {}
    for name in ("identifier", "additionalProperty"):
        for one in each(node.get(name)):
            if isinstance(one, dict):
                for told in texts([one.get("propertyID"), one.get("name")]):
                    plain = re.sub(r"[^a-z\d]", "", told.rpartition("/")[2].lower())
                    if plain in _NAMES:
                        found.setdefault(_NAMES[plain], text(one.get("value")))
    return found


def _offers(value: object, depth: int = 0) -> Iterator[Node]:
    for offer in each(value):
        if isinstance(offer, dict):
            yield offer
            if depth < 3:
                yield from _offers(offer.get("offers"), depth + 1)


def _only(offers: list[Node], name: str) -> str:
    """A code that differs between offers names a size, not the product."""
    told = {code for offer in offers if (code := text(offer.get(name)))}
    return told.pop() if len(told) == 1 else ""
