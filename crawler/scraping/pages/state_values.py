"""What the things of a state say, by the names that many shops' systems give it: price, currency,
stock, photos, and attributes told as lists of names and values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from crawler.scraping.pages.values import Node, each, joined, text

MAX_STEPS = 5
"""From a thing to its price: ``pricing.priceRange.start.gross.amount``."""
_PRICE = (
    "saleprice", "currentprice", "finalprice", "displayprice", "sellingprice", "discountedprice",
    "pricenow", "price", "prices", "pricing", "priceinfo", "amount", "value", "current", "sale",
    "selling", "fullprice", "listprice", "regularprice", "originalprice", "min", "low", "gross",
    "pricerange", "minvariantprice", "start",
)  # fmt: skip
_CURRENCY = (
    "currency", "currencycode", "pricecurrency", "currencyiso", "currencyisocode",
)  # fmt: skip
_STOCK = (
    "availability", "instock", "isinstock", "available", "isavailable", "stockstatus", "soldout",
    "issoldout", "inventorystatus", "stocklevelstatus", "stocklevel", "orderable",
    "availableforsale", "isonstock",
)  # fmt: skip
IMAGES = (
    "images", "image", "media", "gallery", "photos", "imageurls", "imageurl", "featuredimage",
    "pictures", "squarishurl", "src",
)  # fmt: skip
_ATTRIBUTES = (
    "attributes", "customfields", "specifications", "specs", "properties", "features",
    "classifications", "details", "productattributes",
)  # fmt: skip
_SAID = ("label", "name", "displayvalue", "value", "title")
_IMAGE = (
    "zoom", "src", "url", "contenturl", "href", "large", "original", "urloriginal", "originalsrc",
    "fullurl", "full", "imageurl", "squarishurl", "portraiturl", "images",
)  # fmt: skip
_LANGUAGE = re.compile(r"[a-z]{2}(?:[-_][A-Za-z]{2})?")


def plain_names(node: Node) -> Node:
    """Names in lower case, without dashes and underscores; GraphQL's connections as lists, and
    texts in several languages as the first of them."""
    return {
        str(name).replace("_", "").replace("-", "").lower(): _listed(v) for name, v in node.items()
    }


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("nodes"), list):
        return value["nodes"]
    if isinstance(value.get("edges"), list):
        return [one.get("node") for one in value["edges"] if isinstance(one, dict)]
    if value and all(_LANGUAGE.fullmatch(str(n)) and isinstance(v, str) for n, v in value.items()):
        return next(iter(value.values()))
    return value


def get(plain: Node, names: tuple[str, ...]) -> Any:
    return next((plain[n] for n in names if plain.get(n) not in (None, "", [], {})), None)


def words_told(value: Any) -> str:
    """The words of a value: a text, or a thing with a label or name; several joined."""
    words = [
        text(get(plain_names(one), _SAID)) if isinstance(one, dict) else text(one)
        for one in each(value)
    ]
    return joined(dict.fromkeys(word for word in words if word))


def amount_told(plain: Node, depth: int = 0) -> str | None:
    """A price, however deep it lies: 89.9, "89.90", {"current": {"value": 89.9}}."""
    cents, digits = plain.get("centamount"), plain.get("fractiondigits", 2)
    if isinstance(cents, int) and isinstance(digits, int) and 0 <= digits <= 4:
        return str(Decimal(cents).scaleb(-digits))  # commercetools
    for name in _PRICE:
        value = _first_thing(plain.get(name))
        if isinstance(value, bool) or value is None:
            continue
        if isinstance(value, int | float) and value > 0:
            return str(value)
        if isinstance(value, str) and any(c.isdigit() for c in value):
            return value
        if isinstance(value, dict) and depth < MAX_STEPS:
            found = amount_told(plain_names(value), depth + 1)
            if found is not None:
                return found
    return None


def currency_told(plain: Node, depth: int = 0) -> str:
    told = text(get(plain, _CURRENCY))
    if told or depth > MAX_STEPS:
        return told
    for name in _PRICE:
        inner = _first_thing(plain.get(name))
        if isinstance(inner, dict) and (found := currency_told(plain_names(inner), depth + 1)):
            return found
    return ""


def _first_thing(value: Any) -> Any:
    """Of a list of prices the first: it is the shop's own, others are of regions and groups."""
    return value[0] if isinstance(value, list) and value and isinstance(value[0], dict) else value


def stock_told(plain: Node, depth: int = 0) -> str:
    for name in _STOCK:
        value = plain.get(name)
        if isinstance(value, bool):
            return "InStock" if value != name.endswith("soldout") else "OutOfStock"
        if isinstance(value, str) and value:
            return value
    for name in ("stock", "inventory", "availability"):
        inner = plain.get(name)
        if isinstance(inner, dict) and depth < MAX_STEPS:
            found = stock_told(plain_names(inner), depth + 1)
            if found:
                return found
    return ""


def images_told(plain: Node) -> Any:
    """Addresses under whatever name an image has them."""
    return _images(get(plain, IMAGES))


def _images(value: Any, depth: int = 0) -> list[Any]:
    found: list[Any] = []
    for one in each(value):
        if not isinstance(one, dict):
            found.append(one)
        elif depth <= MAX_STEPS:
            plain = plain_names(one)
            # SAP: {"PRIMARY": {"zoom": …, "thumbnail": …}, "GALLERY": [{"zoom": …}, …]}
            parts = [plain[name] for name in ("primary", "gallery") if plain.get(name)]
            for inner in parts or [get(plain, _IMAGE)]:
                is_more = isinstance(inner, dict | list)
                found += _images(inner, depth + 1) if is_more else [inner]
    return found


def attributes_told(plain: Node, depth: int = 0) -> Iterator[tuple[str, str]]:
    """Names and words of ``[{"name": "Color", "value": {"label": "Red"}}]`` and its like."""
    for key in _ATTRIBUTES:
        for one in each(plain.get(key)):
            told = plain_names(one) if isinstance(one, dict) else {}
            if depth < MAX_STEPS and told.get("features"):
                yield from attributes_told({"features": told["features"]}, depth + 1)
            name = words_told(told.get("attribute")) or text(
                [told.get(n) for n in ("name", "label", "code")]
            )
            value = get(told, ("value", "values", "featurevalues", "displayvalue"))
            if name and value is not None and (words := words_told(value)):
                yield name, words
