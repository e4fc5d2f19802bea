"""States of shops whose pages are made apart from their system, as the systems' APIs give them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from catalog.types import ListingDraft
from crawler.scraping.pages import page_read

URL = "https://shop.example/p/1"
PHOTO = "https://shop.example/1.jpg"
MONEY = {"amount": 79.9, "currency": "EUR"}
PRICES = [
    {"value": {"centAmount": 7990, "currencyCode": "EUR", "fractionDigits": 2}},
    {"value": {"centAmount": 8990, "currencyCode": "USD", "fractionDigits": 2}},
]
COMMERCETOOLS = {
    "name": {"en": "Aero Glide", "de-DE": "Aero Gleiter"}, "slug": {"en": "glide"},
    "masterVariant": {
        "sku": "G-1", "images": [{"url": PHOTO, "dimensions": {"w": 9}}], "prices": PRICES,
        "attributes": [{"name": "brand", "value": "Aero"},
                       {"name": "color", "value": {"key": "r", "label": "Red/White"}}],
        "availability": {"isOnStock": True}},
    "variants": [],
}  # fmt: skip
SALEOR = {
    "name": "Aero Glide", "isAvailable": True, "media": [{"url": PHOTO, "type": "IMAGE"}],
    "pricing": {"priceRange": {"start": {"gross": MONEY}}},
    "attributes": [{"attribute": {"slug": "brand", "name": "Brand"}, "values": [{"name": "Aero"}]},
                   {"attribute": {"name": "Color"}, "values": [{"name": "Red/White"}]}],
    "variants": [{"sku": "G-1", "name": "42", "pricing": {"price": {"gross": MONEY}}}],
}  # fmt: skip
BIGCOMMERCE = {
    "name": "Aero Glide", "sku": "G-1", "brand": {"name": "Aero"}, "inventory": {"isInStock": True},
    "prices": {"price": {"value": 79.9, "currencyCode": "EUR"}, "retailPrice": {"value": 99}},
    "images": {"edges": [{"node": {"urlOriginal": PHOTO}}]},
    "customFields": {"edges": [{"node": {"name": "Color", "value": "Red/White"}}]},
}  # fmt: skip
SAP = {
    "code": "G-1", "name": "Aero Glide", "manufacturer": "Aero",
    "price": {"currencyIso": "EUR", "value": 79.9}, "stock": {"stockLevelStatus": "inStock"},
    "images": {"PRIMARY": {"thumbnail": {"url": "/s.jpg"}, "zoom": {"url": PHOTO}}},
    "classifications": [{"code": "1", "features": [
        {"code": "c/color", "name": "Color", "featureValues": [{"value": "Red/White"}]}]}],
}  # fmt: skip


def read(product: dict[str, Any]) -> tuple[ListingDraft, ...]:
    state = json.dumps({"props": {"pageProps": {"product": product}}})
    script = f'<script id="__NEXT_DATA__" type="application/json">{state}</script>'
    return page_read(f"<html><body><h1>Aero Glide</h1>{script}</body></html>", URL).drafts


@pytest.mark.parametrize("told", [COMMERCETOOLS, SALEOR, BIGCOMMERCE, SAP])
def test_a_product_in_the_state_of_a_headless_shop(told: dict[str, Any]) -> None:
    (draft,) = read(told)

    assert (draft.title, draft.brand, draft.sku) == ("Aero Glide", "Aero", "G-1")
    assert (draft.colour, draft.image_urls) == ("Red/White", (PHOTO,))
    assert (str(draft.price), draft.currency, draft.availability) == ("79.90", "EUR", "in-stock")


def test_variants_of_commercetools_are_each_a_colour() -> None:
    red, tan = (
        {"sku": colour, "images": [{"url": PHOTO}], "prices": PRICES,
         "attributes": [{"name": "color", "value": {"label": colour}}]}
        for colour in ("Red", "Tan")
    )  # fmt: skip

    drafts = read({**COMMERCETOOLS, "masterVariant": red, "variants": [tan]})

    assert [(d.colour, d.sku, str(d.price)) for d in drafts] == [
        ("Red", "Red", "79.90"), ("Tan", "Tan", "79.90"),
    ]  # fmt: skip
