"""Products of WooCommerce's Store API (wc/store/v1) as drafts."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation

from catalog.types import MAX_TITLE, ListingDraft
from crawler.scraping.pages.options import option_is_colour, option_is_size
from crawler.scraping.pages.products import MAX_IMAGES, merged
from crawler.scraping.pages.urls import url_clean, url_fragment
from crawler.scraping.pages.values import Node, currency_parse, each, gtin_parse, text, texts

_BRAND_NAMES = {"brand", "brands", "marke", "marque", "marca", "merk", "manufacturer",
                "hersteller", "märke", "marka"}  # fmt: skip
_GENDER_NAMES = {"gender", "geschlecht", "genre", "género", "genere", "for", "audience"}
_MATERIAL_NAMES = {"material", "materials", "materiale", "matière", "materiaal"}
MAX_MINOR_UNIT = 6


def products_of(body: str) -> list[Node]:
    """The products of an answer.

    Raises:
        ValueError: it is not a list of products.
    """
    told = json.loads(body)
    if not isinstance(told, list):
        message = text(told.get("message")) if isinstance(told, dict) else ""
        raise ValueError(message or "it is not a list")
    return [product for product in told if isinstance(product, dict)]


def is_wanted(product: Node, words: Sequence[str]) -> bool:
    """Whether a category's name holds one of the wanted words."""
    told = " | ".join(texts(product.get("categories"))).lower()
    return not words or any(word.lower() in told for word in words)


def variation_colours(product: Node) -> dict[str, str]:
    """Number of each variation of a variable product → its colour; {} without such an option.

    Variations name the slug of a term; the product's attributes know the term's name.
    """
    found: dict[str, str] = {}
    names = {
        text(term.get("slug")): text(term.get("name"))
        for attribute in _attributes(product)
        if option_is_colour(text(attribute.get("name")))
        for term in each(attribute.get("terms"))
        if isinstance(term, dict)
    }
    for variation in each(product.get("variations")):
        if not isinstance(variation, dict):
            continue
        for attribute in each(variation.get("attributes")):
            if isinstance(attribute, dict) and option_is_colour(text(attribute.get("name"))):
                told = text(attribute.get("value"))
                found[text(variation.get("id"))] = names.get(told, told)
    return found


def product_draft(product: Node, *, base: str) -> ListingDraft | None:
    """A product as one draft; None without a name."""
    name = text(product.get("name"))
    if not name:
        return None
    told = {text(a.get("name")).lower(): a for a in _attributes(product)}
    colour = next((_terms(a) for n, a in told.items() if option_is_colour(n)), [])
    price, currency = price_of(product)
    return ListingDraft(
        url=url_clean(text(product.get("permalink")), base=base) or text(product.get("permalink")),
        title=name[:MAX_TITLE],
        sku=text(product.get("sku"))[:100],
        gtin=gtin_parse({"gtin": product.get("global_unique_id") or product.get("gtin")}),
        brand=text(product.get("brands")) or _of(told, _BRAND_NAMES),
        group_id=text(product.get("id"))[:100],
        # The colours of a variable product are a choice, not this shoe's colours in order.
        colour="" if len(colour) > 1 and product.get("has_options") else " / ".join(colour),
        category=" > ".join(texts(product.get("categories"))),
        gender=_of(told, _GENDER_NAMES),
        material=_of(told, _MATERIAL_NAMES),
        price=price,
        currency=currency,
        availability=_availability(product),
        description=text(product.get("short_description")) or text(product.get("description")),
        image_urls=_images(product, base),
    )


def variable_drafts(
    parent: ListingDraft,
    variations: Sequence[Node],
    colours: Mapping[str, str],
    *,
    base: str,
    sized: bool = True,
) -> list[ListingDraft]:
    """One draft for each colour of a variable product; its sizes are one.

    Args:
        parent: the draft of the product itself.
        variations: as the API gives them, whole.
        colours: see `variation_colours`.
        sized: whether variations of one colour are its sizes.
    """
    by_colour: dict[str, list[ListingDraft]] = {}
    for variation in variations:
        draft = product_draft({"name": parent.title, **variation}, base=base)
        if draft is None:
            continue
        colour = colours.get(text(variation.get("id")), "") or colour_told(variation)
        made = replace(
            parent,
            url=draft.url or parent.url,
            sku=draft.sku if draft.sku != parent.sku else "",
            gtin=draft.gtin,
            colour=colour or parent.colour,
            price=draft.price,
            currency=draft.currency or parent.currency,
            availability=draft.availability,
            image_urls=draft.image_urls or parent.image_urls,
        )
        version = colour.casefold() if sized else f"{colour.casefold()}|{draft.sku}"
        by_colour.setdefault(version, []).append(made)
    drafts = []
    for members in by_colour.values():
        one = merged(members)
        if len(by_colour) > 1 or one.colour:
            titled = one.title if one.colour.lower() in one.title.lower() else (
                f"{one.title} {one.colour}"
            )  # fmt: skip
            one = replace(one, title=titled[:MAX_TITLE], model=parent.title)
        url = parent.url
        if len(by_colour) > 1:
            # Two of one colour are told apart when they claim their address.
            url = f"{parent.url.partition('#')[0]}#{url_fragment(one.colour or one.sku)}"
        drafts.append(replace(one, url=url, sku=one.sku or (parent.sku if not by_colour else "")))
    return drafts


def colours_without_variations(
    parent: ListingDraft, colours: Mapping[str, str]
) -> list[ListingDraft]:
    """What is known of the colours of a product whose variations the shop does not tell."""
    return [
        replace(
            parent,
            url=f"{parent.url.partition('#')[0]}#{url_fragment(colour)}",
            title=f"{parent.title} {colour}"[:MAX_TITLE],
            model=parent.title,
            colour=colour,
        )
        for colour in dict.fromkeys(colours.values())
        if colour
    ]


def colour_told(variation: Node) -> str:
    """The colour in a variation's own words: "Color: Red, Size: 42"."""
    told = text(variation.get("variation"))
    for part in re.split(r",\s*(?=[^,:]+:)", told):
        name, _, value = part.partition(":")
        if option_is_colour(name):
            return value.strip()
    return ""


def has_sizes(product: Node) -> bool:
    """Whether variations of a product differ in sizes, among other things."""
    return any(
        a.get("has_variations") and option_is_size(text(a.get("name")), _terms(a))
        for a in _attributes(product)
    )


def is_variation_of_size_only(product: Node) -> bool:
    """Whether the variations of a product differ in nothing but sizes."""
    options = [a for a in _attributes(product) if a.get("has_variations")]
    return bool(options) and all(option_is_size(text(a.get("name")), _terms(a)) for a in options)


def price_of(product: Node) -> tuple[Decimal | None, str]:
    """The price in whole units: the API writes it in minor ones ("8990", of 2 digits)."""
    prices = product.get("prices")
    if not isinstance(prices, dict):
        return None, ""
    currency = currency_parse(prices.get("currency_code"))
    span = prices.get("price_range")
    lowest = span.get("min_amount") if isinstance(span, dict) else None
    for written in (prices.get("price"), lowest, prices.get("sale_price"),
                    prices.get("regular_price")):  # fmt: skip
        try:
            amount = Decimal(text(written))
            unit = int(prices.get("currency_minor_unit", 2))
        except (InvalidOperation, TypeError, ValueError):
            continue
        if amount.is_finite() and amount > 0 and 0 <= unit <= MAX_MINOR_UNIT:
            return amount.scaleb(-unit).quantize(Decimal("0.01")), currency
    return None, currency


def _availability(product: Node) -> str:
    if product.get("is_on_backorder"):
        return "preorder"
    stock = product.get("is_in_stock")
    return "" if stock is None else "in-stock" if stock else "out-of-stock"


def _attributes(product: Node) -> list[Node]:
    return [one for one in each(product.get("attributes")) if isinstance(one, dict)]


def _terms(attribute: Node) -> list[str]:
    return texts(attribute.get("terms")) or texts(attribute.get("value"))


def _of(told: Mapping[str, Node], names: set[str]) -> str:
    return next((", ".join(_terms(a)) for name, a in told.items() if name in names), "")


def _images(product: Node, base: str) -> tuple[str, ...]:
    written = (one.get("src") if isinstance(one, dict) else one
               for one in each(product.get("images")))  # fmt: skip
    urls = (url_clean(one, base=base) for one in written if isinstance(one, str))
    return tuple(dict.fromkeys(url for url in urls if url))[:MAX_IMAGES]
