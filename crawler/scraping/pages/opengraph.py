"""The fallback: OpenGraph's og: and product: tags."""

from __future__ import annotations

from lxml.html import HtmlElement

from catalog.types import MAX_TITLE, ListingDraft
from crawler.scraping.pages.products import MAX_IMAGES, Place
from crawler.scraping.pages.stock import availability_parse
from crawler.scraping.pages.values import (
    Node,
    clean,
    currency_parse,
    gtin_parse,
    joined,
    price_parse,
)

_PREFIXES = ("og:", "product:")


def tags_read(tree: HtmlElement) -> dict[str, list[str]]:
    """Values of og: and product: tags by lower-case name, whether told as property or as name."""
    tags: dict[str, list[str]] = {}
    for meta in tree.iter("meta"):
        name = (meta.get("property") or meta.get("name") or "").strip().lower()
        if name.startswith(_PREFIXES) and (value := clean(meta.get("content") or "")):
            tags.setdefault(name, []).append(value)
    return tags


def opengraph_read(tags: dict[str, list[str]], place: Place) -> ListingDraft | None:
    """The product that the tags describe, or None if they describe something else."""

    def first(*names: str) -> str:
        return next((tags[name][0] for name in names if name in tags), "")

    kind = first("og:type").rpartition(":")[2].lower()
    price_text = first("product:sale_price:amount", "product:price:amount", "og:price:amount",
                       "product:price")  # fmt: skip
    if not kind.startswith("product") and not (price_text or "product:retailer_item_id" in tags):
        return None
    if kind == "product.group":
        return None
    title = first("og:title", "product:title")
    if not title:
        return None
    currency = currency_parse(
        first("product:sale_price:currency", "product:price:currency", "og:price:currency")
    )
    price, symbol = price_parse(price_text, currency)
    images = [
        url
        for name in ("og:image", "og:image:url", "og:image:secure_url")
        for url in map(place.absolute, tags.get(name, []))
        if url
    ]
    codes: Node = {name: first(f"product:{name}") for name in ("gtin", "ean", "upc")}
    own = place.absolute(first("og:url")) if first("og:url") else None
    return ListingDraft(
        url=own or place.canonical,
        title=title[:MAX_TITLE],
        sku=first(
            "product:retailer_item_id",
            "product:sku",
            "product:product_id",
            "product:retailer_part_no",
        )[:100],
        mpn=first("product:mfr_part_no", "product:mpn")[:100],
        gtin=gtin_parse(codes),
        brand=first("product:brand", "og:brand"),
        group_id=first("product:item_group_id", "product:retailer_group_id")[:100],
        colour=joined(tags.get("product:color", []) or tags.get("product:colour", [])),
        category=first("product:category"),
        gender=first("product:target_gender", "product:gender"),
        material=joined(tags.get("product:material", []), ", "),
        price=price,
        currency=currency or symbol,
        availability=availability_parse(first("product:availability", "og:availability")),
        description=first("og:description"),
        image_urls=tuple(dict.fromkeys(images))[:MAX_IMAGES],
    )
