"""Products in the JSON that a page's own scripts start from, as schema.org nodes.

Next.js writes ``__NEXT_DATA__``, Shopify's themes a product's JSON, others
``window.__INITIAL_STATE__ = …``. The names in them are each shop's own; what is common to most of
them is read: a name, a price, and a list of variants that differ in colour or size.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from typing import Any

from lxml.html import HtmlElement

from catalog.colours import colour_parse
from crawler.scraping.pages.components import components_read
from crawler.scraping.pages.options import (
    colour_chosen,
    colour_index,
    is_size,
    option_is_colour,
    option_is_size,
)
from crawler.scraping.pages.platforms import attributes_read, heading, plain_state
from crawler.scraping.pages.scripts import MAX_DEPTH, linked, scripts_read
from crawler.scraping.pages.state_values import (
    IMAGES,
    amount_told,
    attributes_told,
    currency_told,
    get,
    images_told,
    plain_names,
    stock_told,
    words_told,
)
from crawler.scraping.pages.values import Node, each, image_urls, text

MAX_NODES = 200_000
MAX_PRODUCTS = 40
_NAME = (
    "name", "title", "productname", "displayname", "producttitle", "fulltitle", "itemname",
)  # fmt: skip
_BRAND = (
    "brand", "brandname", "vendor", "manufacturer", "designer", "itembrand",
)  # fmt: skip
_CODE = (
    "sku", "stylecode", "stylenumber", "articlenumber", "productcode", "itemnumber",
    "modelnumber", "stylecolor", "code", "itemid",
)  # fmt: skip
_COLOUR = (
    "color", "colour", "colorname", "colourname", "colordescription", "colorway",
    "colordisplayname", "displaycolor", "colorlabel", "farbe",
)  # fmt: skip
_CATEGORY = (
    "category", "itemcategory", "categoryname",
)  # fmt: skip
_SIZE = (
    "size", "sizename", "sizelabel", "displaysize", "eusize", "ussize",
)  # fmt: skip
_GTIN = (
    "gtin", "gtin13", "ean", "ean13", "upc", "barcode",
)  # fmt: skip
_URL = (
    "url", "href", "producturl", "pdpurl", "link", "canonicalurl", "permalink",
)  # fmt: skip
_VARIANTS = (
    "variants", "variations", "colorways", "colourways", "colors", "colours", "skus", "children",
    "productvariants", "coloroptions", "styles", "siblings", "options", "items",
)  # fmt: skip
_MEASURES = (
    "variants", "variations", "skus",
)  # fmt: skip


def state_read(tree: HtmlElement) -> list[Node]:
    """Products and groups of products in a page's scripts, in the form of JSON-LD nodes."""
    found: list[Node] = []
    name = heading(tree)
    for state in chain(scripts_read(tree), attributes_read(tree), components_read(tree)):
        for raw in _products(state, name):
            node = _node(raw)
            if node and node not in found:
                found.append(node)
            if len(found) >= MAX_PRODUCTS:
                return found
    return found


def _products(state: Any, name: str) -> Iterator[Node]:
    """Outermost things in a state that look like a product.

    Args:
        name: of the page's product, for those that tell none.
    """
    stack: list[tuple[Any, int, str]] = [(state, 0, "")]
    left = MAX_NODES
    while stack and left:
        left -= 1
        value, depth, currency = stack.pop()
        if depth > MAX_DEPTH:
            continue
        if isinstance(value, dict):
            value = plain_state(linked(value), name)
            # Google Analytics is told the currency once, beside its list of products.
            told = value.get("currency") or value.get("currencyCode")
            currency = told if isinstance(told, str) and len(told) == 3 else currency
            if _is_product(value):
                is_told = currency_told(plain_names(value))
                yield value if is_told else {**value, "currency": currency}
                continue
            stack.extend((one, depth + 1, currency) for one in reversed(list(value.values())))
        elif isinstance(value, list):
            stack.extend((one, depth + 1, currency) for one in reversed(value[:2_000]))


def _is_product(node: Node) -> bool:
    plain = plain_names(node)
    if not text(get(plain, _NAME)):
        return False
    variants = [plain_names(v) for v in each(get(plain, _MEASURES)) if isinstance(v, dict)]
    priced = amount_told(plain) is not None or any(amount_told(v) is not None for v in variants)
    names = (_BRAND, _CODE, IMAGES, _COLOUR, _URL, _CATEGORY)
    told = sum(get(plain, one) is not None for one in names)
    chosen = any(get(v, _COLOUR + _SIZE) is not None for v in variants)
    return priced and told + bool(variants) + chosen >= 2


def _node(raw: Node) -> Node:
    """A schema.org Product, or a ProductGroup where the variants have colours of their own."""
    plain = plain_names(raw)
    node = _fields(plain)
    names = [text(one.get("name")) if isinstance(one, dict) else text(one)
             for one in each(plain.get("options"))]  # fmt: skip
    variants = [
        v for name in _VARIANTS if name != "options" or not names
        for v in each(plain.get(name)) if isinstance(v, dict)
    ]  # fmt: skip
    if colour := colour_chosen(plain.get("options")):
        node.setdefault("color", colour)
    made = [_variant(v, names) for v in variants[:1_000]]
    colours = [one for one in made if one.get("color")]
    if not colours:
        _first_offer(node, made)
        return node
    group = {"@type": "ProductGroup", "name": node.get("name"), "brand": node.get("brand"),
             "image": node.get("image"), "category": node.get("category"),
             "productGroupID": text(plain.get("id"))[:100]}  # fmt: skip
    currency = currency_told(plain)
    for one in colours:
        one.setdefault("offers", node.get("offers"))
        if one["offers"] and not one["offers"].get("priceCurrency"):
            one["offers"] = {**one["offers"], "priceCurrency": currency}
        chosen = re.split(r"\s+/\s+", text(one.get("name")))  # "Red / 42" is Shopify's name of it
        if chosen == [""] or one.get("size") in chosen or one["color"] in chosen:
            one["name"] = f"{text(node.get('name'))} {one['color']}"
    return {**group, "hasVariant": colours}


def _variant(raw: Node, names: list[str]) -> Node:
    """A variant, whose options may be numbered (Shopify) or named."""
    plain = plain_names(raw)
    node = _fields(plain)
    values = [text(plain.get(f"option{n}")) for n in (1, 2, 3)]
    chosen = [one for one in each(plain.get("selectedoptions")) if isinstance(one, dict)]
    if chosen:
        names, values = ([text(one.get(k)) for one in chosen] for k in ("name", "value"))
    if not any(values) and isinstance(plain.get("options"), list):
        values = [text(one.get("value")) if isinstance(one, dict) else text(one)
                  for one in plain["options"]]  # fmt: skip
    values = [value for value in values if value]
    if values and not node.get("color"):
        known = (names + [""] * len(values))[: len(values)]
        index = colour_index(known, [[value] for value in values])
        if index is not None:
            node["color"] = values[index]
        for name, value in zip(known, values, strict=True):
            if option_is_size(name, [value]):
                node["size"] = value
    if is_size(text(node.get("color"))):
        node.pop("color")
    return node


def _fields(plain: Node) -> Node:
    node: Node = {"@type": "Product", "name": text(get(plain, _NAME))}
    for name, names in (("brand", _BRAND), ("sku", _CODE), ("color", _COLOUR), ("size", _SIZE),
                        ("url", _URL), ("gtin", _GTIN), ("mpn", ("mpn",))):  # fmt: skip
        if value := words_told(get(plain, names)):
            node[name] = value
    for told, words in attributes_told(plain):
        if option_is_colour(told, exactly=True):
            node.setdefault("color", words)
        elif told.lower() in _BRAND:
            node.setdefault("brand", words)
    variant = text(plain.get("itemvariant"))  # Google's name for whatever was chosen
    if variant and not is_size(variant) and colour_parse(variant):
        node.setdefault("color", variant)
    images = [u for u in image_urls(images_told(plain)) if re.match(r"(https?:)?/", u)]
    if images:
        node["image"] = images
    amount, stock = amount_told(plain), stock_told(plain)
    if amount is not None or stock:
        node["offers"] = {"@type": "Offer", "price": amount, "availability": stock,
                          "priceCurrency": currency_told(plain)}  # fmt: skip
    return node


def _first_offer(node: Node, variants: list[Node]) -> None:
    """A product that tells no price of its own has those of its sizes, and a code they share."""
    codes = {text(one.get("sku")) for one in variants} - {""}
    if len(codes) == 1:
        node.setdefault("sku", codes.pop())
    if not node.get("offers"):
        offers = [one["offers"] for one in variants if one.get("offers")]
        if offers:
            node["offers"] = offers
