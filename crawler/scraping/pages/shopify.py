"""Products of Shopify's public JSON (/products.json, /products/HANDLE.json) as drafts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from catalog.types import MAX_TITLE, ListingDraft
from crawler.scraping.pages.options import colour_index, is_placeholder, option_is_size
from crawler.scraping.pages.products import MAX_IMAGES, merged
from crawler.scraping.pages.urls import url_clean
from crawler.scraping.pages.values import Node, currency_parse, each, price_parse, text, texts

# What a theme of Shopify writes into each page.
_CURRENCIES = (
    re.compile(r"Shopify\.currency\s*=\s*\{[^}]{0,200}?\"active\"\s*:\s*\"([A-Z]{3})\""),
    re.compile(r"(?:og|product):price:currency\"\s+content=\"([A-Z]{3})\""),
    re.compile(r"\"(?:shop_?)?currency(?:Code)?\"\s*:\s*\"([A-Z]{3})\""),
    re.compile(r"priceCurrency\"?\s*[:=]\s*\"([A-Z]{3})\""),
)
_GENDER = re.compile(
    r"(?:gender|for|audience)?[\s:_-]*"
    r"(?:(?:wo)?men|boy|girl|kid|toddler|infant|youth|junior|unisex|male|female|ladies)(?:['’]?s)?",
    re.IGNORECASE,
)
"""A tag that tells for whom, and nothing else."""


def currency_of_page(html: str) -> str:
    """The currency that a page of a Shopify shop tells; "" if none."""
    for pattern in _CURRENCIES:
        if found := pattern.search(html):
            return found[1]
    return ""


def currency_of_meta(body: str) -> str:
    """The currency of /meta.json; "" if it tells none."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    return currency_parse(told.get("currency")) if isinstance(told, dict) else ""


def products_of(body: str) -> list[Node]:
    """The products of an answer of /products.json.

    Raises:
        ValueError: it is not one.
    """
    told = json.loads(body)
    products = told.get("products") if isinstance(told, dict) else None
    if not isinstance(products, list):
        raise ValueError("it holds no list “products”")
    return [product for product in products if isinstance(product, dict)]


def is_wanted(product: Node, types: Sequence[str]) -> bool:
    """Whether its product type or one of its tags holds one of the wanted words."""
    told = " | ".join([text(product.get("product_type")), *tags_of(product)]).lower()
    return not types or any(word.lower() in told for word in types)


def tags_of(product: Node) -> list[str]:
    """A list, or a text with commas."""
    tags = product.get("tags")
    return [t.strip() for t in tags.split(",")] if isinstance(tags, str) else texts(tags)


def product_drafts(product: Node, *, site: str, currency: str) -> list[ListingDraft]:
    """One draft for each version of a product that is not merely another size.

    Args:
        site: address that the product's path stands on, ``https://shop.example``.
        currency: of the prices, which the JSON does not tell.
    """
    title, handle = text(product.get("title")), text(product.get("handle"))
    address = url_clean(f"/products/{handle}", base=site) if handle else None
    variants = [v for v in each(product.get("variants")) if isinstance(v, dict)]
    if not title or address is None:
        return []
    names = _option_names(product, variants)
    values = [[_option(v, n) for v in variants] for n in range(len(names))]
    colour = colour_index(names, values)
    sizes = {n for n in range(len(names)) if n != colour and option_is_size(names[n], values[n])}
    kept = [
        n for n in range(len(names))
        if n not in sizes and not all(is_placeholder(names[n], value) for value in values[n])
    ]  # fmt: skip
    groups: dict[tuple[Any, ...], list[Node]] = {}
    for position, variant in enumerate(variants):
        # Without an option for sizes, variants are told apart by the shop itself.
        version = (*(_option(variant, n) for n in kept), "" if sizes else position)
        groups.setdefault(version, []).append(variant)
    drafts = []
    for version, members in groups.items():
        label = " / ".join(str(value) for value in version[: len(kept)] if value)
        own = _option(members[0], colour) if colour is not None else ""
        common: dict[str, Any] = {
            "title": " ".join(part for part in (title, label) if part)[:MAX_TITLE],
            "brand": text(product.get("vendor")),
            # A shop with a product for each colour puts the colour into the title.
            "model": title if own else "",
            "group_id": text(product.get("id"))[:100],
            "colour": own,
            "category": text(product.get("product_type")),
            "gender": " ".join(t for t in tags_of(product) if _GENDER.fullmatch(t)),
            "description": text(product.get("body_html")),
            "image_urls": _images(product, members, alone=len(groups) == 1, site=site),
        }
        url = address
        if len(groups) > 1 and (number := text(members[0].get("id"))):
            url = f"{address}?variant={number}"
        made = [_draft(v, url=url, currency=currency, **common) for v in members]
        drafts.append(merged(made))
    return drafts


def _option_names(product: Node, variants: list[Node]) -> list[str]:
    options = list(each(product.get("options")))
    names = [text(one.get("name")) if isinstance(one, dict) else text(one) for one in options]
    count = max((n for n in (1, 2, 3) if any(v.get(f"option{n}") for v in variants)), default=0)
    return (names + [""] * count)[: max(len(names), count)]


def _option(variant: Node, index: int) -> str:
    told = variant.get(f"option{index + 1}")
    if (
        told is None
        and isinstance(options := variant.get("options"), list)
        and index < len(options)
    ):
        told = options[index]
    return text(told)


def _draft(variant: Node, *, url: str, currency: str, **common: Any) -> ListingDraft:
    told = currency_parse(variant.get("price_currency"))
    price, symbol = price_parse(variant.get("price"), told or currency)
    available = variant.get("available")
    return ListingDraft(
        url=url,
        sku=text(variant.get("sku"))[:100],
        gtin=text(variant.get("barcode"))[:14],
        price=price,
        currency=told or symbol or currency,
        availability="" if available is None else "in-stock" if available else "out-of-stock",
        **common,
    )


def _images(product: Node, members: list[Node], *, alone: bool, site: str) -> tuple[str, ...]:
    """The photos of a version: its own, then those of its place in the row.

    Shops put a colour's photos behind the one that is tied to its variants.
    """
    images = [one for one in each(product.get("images")) if isinstance(one, dict | str)]
    if not images and product.get("image"):
        images = [product["image"]]
    told = [one for v in members for one in each(v.get("featured_image")) if one]
    if alone:
        return _addresses([*told, *images], site)
    numbers = {text(v.get("id")) for v in members if v.get("id")}
    featured = {_source(one) for one in told}
    others = {
        _source(one)
        for v in each(product.get("variants"))
        if isinstance(v, dict)
        for one in each(v.get("featured_image"))
    } - featured
    own: list[Any] = []
    following = False
    for one in images:
        tied = {text(n) for n in each(one.get("variant_ids"))} if isinstance(one, dict) else set()
        source = _source(one)
        mine = source in featured or (bool(tied & numbers) and source not in others)
        if tied or mine:
            following = mine
        if mine or following:
            own.append(one)
    return _addresses([*told, *own] or images, site)


def _source(image: Any) -> str:
    written = image.get("src") if isinstance(image, dict) else image
    return written.strip().partition("?")[0] if isinstance(written, str) else ""


def _addresses(images: Iterable[Any], site: str) -> tuple[str, ...]:
    """Each photo once, though its address may come with different versions (?v=)."""
    found: dict[str, str] = {}
    for one in images:
        written = one.get("src") if isinstance(one, dict) else one
        url = url_clean(written, base=site) if isinstance(written, str) else None
        if url:
            found.setdefault(url.partition("?")[0], url)
    return tuple(found.values())[:MAX_IMAGES]
