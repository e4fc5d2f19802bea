"""States of wide-spread shop systems whose variants are told in ways of their own, made plain.

Magento keeps swatches by numbers, Salesforce (SCAPI) colours by codes, WooCommerce and Squarespace
put their variants into an attribute. What comes of them is read as any other state (`state`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from lxml.html import HtmlElement

from crawler.scraping.pages.options import colour_index, option_is_colour, option_is_size
from crawler.scraping.pages.scripts import scripts_read
from crawler.scraping.pages.values import Node, clean, each, joined, text, texts

MAX_VARIANTS = 1_000
_ATTRIBUTES = ("data-product_variations", "data-variants", "data-product-variants")
_LARGEST = ("hi-res", "zoom", "large")
"""Salesforce's kinds of photos, the largest first; others are thumbnails and swatches."""


def attributes_read(tree: HtmlElement) -> Iterator[Node]:
    """Variants that stand in an attribute, as a product of the page's name."""
    for name in _ATTRIBUTES:
        for element in tree.xpath(f"//*[@{name}]"):
            if not (written := element.get(name) or "").lstrip().startswith("["):
                continue
            try:
                told = json.loads(written)
            except (ValueError, RecursionError):
                continue
            labels = {o.get("value"): clean(o.text_content()) for o in element.iter("option")}
            found = [_variant(v, labels) for v in told[:MAX_VARIANTS] if isinstance(v, dict)]
            yield {"name": heading(tree), "variants": found}


def gallery_read(tree: HtmlElement) -> list[str]:
    """Addresses of the photos that Magento's gallery is told of, the main one first."""
    found: list[str] = []
    for state in scripts_read(tree, having="mage/gallery/gallery"):
        for widgets in _values(state):
            told = widgets.get("mage/gallery/gallery") if isinstance(widgets, dict) else None
            photos = told.get("data") if isinstance(told, dict) else None
            shown = [p for p in each(photos) if isinstance(p, dict) and p.get("type") != "video"]
            shown.sort(key=lambda photo: photo.get("isMain") is not True)
            found += [text(photo.get("full")) or text(photo.get("img")) for photo in shown]
    return found


def heading(tree: HtmlElement) -> str:
    return next((said for h in tree.iter("h1") if (said := clean(h.text_content()))), "")


def plain_state(value: Node, name: str) -> Node:
    """A system's own thing as a product with variants; any other value as it is.

    Args:
        name: of the page's product, where the thing has none.
    """
    if isinstance(value.get("jsonConfig"), dict):
        return _magento(value["jsonConfig"], name) or value
    if isinstance(value.get("masterVariant"), dict):  # commercetools
        master, others = value["masterVariant"], list(each(value.get("variants")))
        return {**master, **value, "variants": [master, *others]} if others else {**value, **master}
    if isinstance(value.get("variationAttributes"), list) and value.get("variants"):
        return _salesforce(value)
    if text(value.get("productName")) and isinstance(value.get("properties"), list | dict):
        return _vtex(value)
    return value


def _variant(told: Node, labels: dict[Any, str]) -> Node:
    """One of an attribute's variants: its options by name, its price in whole money."""
    options = told.get("attributes")
    if not isinstance(options, dict):
        return told
    variant = {**told, **_named(options, labels)}
    if isinstance(money := told.get("priceMoney"), dict):  # Squarespace; its price is in cents
        sale = told.get("salePriceMoney") if told.get("onSale") else None
        stock = told["stock"] if isinstance(told.get("stock"), dict) else told
        photo = told.get("mainImage")
        variant |= {
            "price": sale or money,
            "salePrice": None,
            "inStock": any(stock.get(n) for n in ("unlimited", "quantity", "qtyInStock")),
            "image": photo.get("assetUrl") if isinstance(photo, dict) else None,
        }
    return variant


def _named(options: Node, labels: dict[Any, str]) -> Node:
    """{"attribute_pa_color": "core-black"} → {"color": "Core Black"}, by the page's own labels."""
    found: Node = {}
    for name, value in options.items():
        bare = str(name).removeprefix("attribute_").removeprefix("pa_")
        plain = text(value)
        said = (labels.get(plain) or plain) if plain else ""  # "" is "Choose an option"
        if option_is_colour(bare):
            found["color"] = said
        elif option_is_size(bare, [said]):
            found["size"] = said
    return found


def _magento(config: Node, name: str) -> Node | None:
    """The jsonConfig of swatches: options, prices, photos and codes by a variant's number."""
    attributes = [one for one in _values(config.get("attributes")) if isinstance(one, dict)]
    options = [[o for o in each(one.get("options")) if isinstance(o, dict)] for one in attributes]
    names = [text(one.get("code")) or text(one.get("label")) for one in attributes]
    labels = [{text(o.get("id")): text(o.get("label")) for o in told} for told in options]
    colour = colour_index(names, [list(told.values()) for told in labels])
    index = config.get("index")
    if colour is None or not isinstance(index, dict):
        return None
    sold = {text(n) for o in options[colour] for n in each(o.get("products"))}
    key = text(attributes[colour].get("id"))
    variants: list[Node] = []
    for number, chosen in list(index.items())[:MAX_VARIANTS]:
        if isinstance(chosen, dict) and (said := labels[colour].get(text(chosen.get(key)))):
            variant = {
                part: _of(config, group, number)
                for part, group in (("price", "optionPrices"), ("images", "images"), ("sku", "sku"))
            }
            # Of the options each but the colour is taken for a size: it makes no listing.
            sizes = [text(v) for k, v in chosen.items() if k != key]
            variant |= {"color": said, "size": "/".join(sizes), "inStock": number in sold}
            variants.append(variant)
    return {"name": name, "id": config.get("productId"), "variants": variants}


def _salesforce(product: Node) -> Node:
    """A product of SCAPI: variants name their options by codes, photos stand in groups."""
    attributes = {
        text(one.get("id")): {
            text(v.get("value")): text(v.get("name"))
            for v in each(one.get("values"))
            if isinstance(v, dict)
        }
        for one in each(product.get("variationAttributes"))
        if isinstance(one, dict)
    }
    colour = next((name for name in attributes if option_is_colour(name)), None)
    variants: list[Node] = []
    for told in list(each(product.get("variants")))[:MAX_VARIANTS]:
        chosen = told.get("variationValues") if isinstance(told, dict) else None
        if isinstance(chosen, dict):
            code = text(chosen.get(colour)) if colour else ""
            said = {n: attributes.get(n, {}).get(text(v), text(v)) for n, v in chosen.items()}
            named = _named(said, {})
            variants.append({
                "price": told.get("price"), "sku": told.get("productId"),
                "inStock": told.get("orderable") is True,
                "images": _photos(product, colour, code), **named,
            })  # fmt: skip
    return {**product, "variants": variants, "images": _photos(product, colour, "")}


def _vtex(product: Node) -> Node:
    """A product of VTEX: its properties by name, its items with what their sellers ask.

    In its state the fields that take arguments bear them: ``items({"filter":"ALL"})``.
    """
    product = {name.partition("(")[0]: value for name, value in product.items()}
    told = [one for one in each(product.get("properties")) if isinstance(one, dict)]
    colours = (one.get("values") for one in told if option_is_colour(text(one.get("name"))))
    variants: list[Node] = []
    for item in list(each(product.get("items")))[:MAX_VARIANTS]:
        if not isinstance(item, dict):
            continue
        item = {name.partition("(")[0]: value for name, value in item.items()}
        seller = next((one for one in each(item.get("sellers")) if isinstance(one, dict)), {})
        offer = seller.get("commertialOffer")
        offer = offer if isinstance(offer, dict) else {}
        stock = offer.get("AvailableQuantity")
        variants.append({
            "sku": item.get("itemId"), "ean": item.get("ean"), "price": offer.get("Price"),
            "inStock": bool(stock) if isinstance(stock, int) else None, "size": item.get("name"),
            "images": [one.get("imageUrl") for one in each(item.get("images"))
                       if isinstance(one, dict)],
        })  # fmt: skip
    photos = variants[0]["images"] if variants else []
    colour = joined(texts(next(colours, None)))
    return {**product, "colour": colour, "images": photos, "skus": variants, "items": None}


def _photos(product: Node, colour: str | None, code: str) -> list[str]:
    """The photos of a colour, else those of the product."""
    groups = [one for one in each(product.get("imageGroups")) if isinstance(one, dict)]
    for kind in _LARGEST:
        for group in groups:
            told = [one for one in each(group.get("variationAttributes")) if isinstance(one, dict)]
            codes = [
                text(v.get("value"))
                for one in told if text(one.get("id")) == colour
                for v in each(one.get("values")) if isinstance(v, dict)
            ]  # fmt: skip
            if group.get("viewType") == kind and (code in codes or not (code or told)):
                images = (i for i in each(group.get("images")) if isinstance(i, dict))
                return [text(i.get("disBaseLink")) or text(i.get("link")) for i in images]
    return []


def _values(told: Any) -> list[Any]:
    return list(told.values()) if isinstance(told, dict) else list(each(told))


def _of(config: Node, group: str, number: str) -> Any:
    told = config.get(group)
    return told.get(number) if isinstance(told, dict) else None
