"""Products in the state that a page's scripts start from."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from catalog.types import ListingDraft
from crawler.scraping.pages import page_read

URL = "https://shop.example/p/low-1"


def read(script: str, head: str = "") -> tuple[ListingDraft, ...]:
    return page_read(f"<html><head>{head}</head><body>{script}</body></html>", URL).drafts


def next_data(props: Any) -> str:
    told = json.dumps({"props": {"pageProps": props}, "page": "/p/[slug]"})
    return f'<script id="__NEXT_DATA__" type="application/json">{told}</script>'


LOW = {
    "id": "g1",
    "name": "Low 1",
    "brand": {"name": "Maker"},
    "styleCode": "M-1",
    "colorDescription": "Black/White",
    "price": {"currentPrice": 89.9, "currency": "EUR"},
    "images": [{"src": "/1.jpg"}, {"url": "https://cdn.example/2.jpg"}],
    "inStock": True,
}


def test_next_js() -> None:
    (draft,) = read(next_data({"product": LOW, "related": [{"name": "x"}]}))

    assert (draft.url, draft.title, draft.brand, draft.sku) == (URL, "Low 1", "Maker", "M-1")
    assert (draft.price, draft.currency, draft.availability) == (
        Decimal("89.90"),
        "EUR",
        "in-stock",
    )
    assert draft.colour == "Black/White"
    assert draft.image_urls == ("https://shop.example/1.jpg", "https://cdn.example/2.jpg")


@pytest.mark.parametrize(
    "script",
    [
        "window.__INITIAL_STATE__ = {};",
        "window.__PRELOADED_STATE__={}",
        'window["__INITIAL_STATE__"] = {};',
        "var productData = {};",
        "const meta = 1; let pageProps = {}; render();",
        "window.__APOLLO_STATE__ = JSON.parse({});",
    ],
)
def test_assignments(script: str) -> None:
    state = json.dumps({"pdp": {"data": LOW}})
    if "JSON.parse" in script:
        state = json.dumps(state)

    (draft,) = read(f"<script>{script.replace('{}', state)}</script>")

    assert (draft.sku, draft.price) == ("M-1", Decimal("89.90"))


def test_the_products_json_of_a_shopify_theme_tells_all_colours() -> None:
    product = {
        "id": 7,
        "title": "Low 1",
        "handle": "low-1",
        "vendor": "Maker",
        "price": 8990,
        "images": ["//cdn.example/1.jpg"],
        "options": ["Color", "Size"],
        "variants": [
            {
                "id": 1,
                "sku": "R40",
                "option1": "Red",
                "option2": "40",
                "price": "89.90",
                "available": False,
            },
            {
                "id": 2,
                "sku": "R41",
                "option1": "Red",
                "option2": "41",
                "price": "89.90",
                "available": True,
            },
            {
                "id": 3,
                "sku": "B40",
                "option1": "Blue",
                "option2": "40",
                "price": "79.90",
                "available": True,
            },
        ],
    }
    script = f'<script type="application/json" data-product-json>{json.dumps(product)}</script>'
    told = {
        "@type": "Product",
        "name": "Low 1",
        "brand": "Maker",
        "image": "/1.jpg",
        "offers": {"price": "89.90", "priceCurrency": "EUR"},
    }
    head = f'<script type="application/ld+json">{json.dumps(told)}</script>'

    red, blue = read(script, head)

    assert (red.colour, red.availability, red.price) == ("Red", "in-stock", Decimal("89.90"))
    assert (blue.colour, blue.sku, blue.price) == ("Blue", "B40", Decimal("79.90"))
    assert (red.currency, red.brand, red.model) == ("EUR", "Maker", "Low 1")
    assert red.url != blue.url


def test_what_structured_data_leaves_open_is_filled() -> None:
    told = {"@type": "Product", "name": "Low 1", "sku": "M-1"}
    head = f'<script type="application/ld+json">{json.dumps(told)}</script>'

    (draft,) = read(next_data(LOW), head)

    assert (draft.price, draft.colour, draft.brand) == (Decimal("89.90"), "Black/White", "Maker")


def test_other_products_of_a_page_do_not_become_this_one() -> None:
    told = {"@type": "Product", "name": "High 9", "sku": "H-9"}
    head = f'<script type="application/ld+json">{json.dumps(told)}</script>'

    (draft,) = read(next_data({"recommended": [LOW]}), head)

    assert (draft.title, draft.price) == ("High 9", None)


def test_a_list_of_products_is_no_product() -> None:
    many = [{**LOW, "name": f"Low {n}", "styleCode": f"M-{n}"} for n in range(3)]

    assert read(next_data({"products": many})) == ()


@pytest.mark.parametrize(
    "script",
    [
        "<script>window.__INITIAL_STATE__ = {broken",
        "<script>var state = function () {}</script>",
        '<script type="application/json">{"a": </script>',
        "<script>data = [[[[1]]]]</script>",
        "<script>var state = " + "[" * 20_000 + "</script>",
    ],
)
def test_scripts_that_hold_no_products(script: str) -> None:
    assert read(script) == ()


@pytest.mark.parametrize(("url", "number"), [("/p/2", 0), ("/p/low-1?colour=red", 1), ("", 1)])
def test_the_only_product_of_a_state_is_the_pages_unless_it_has_a_page_of_its_own(
    url: str, number: int
) -> None:
    card = {"name": "Glide", "sku": "G-1", "price": 80, "image": "/1.jpg", "url": url}
    body = f"<div data-product='{json.dumps(card)}'></div><h1>Welcome</h1>"

    assert len(page_read(f"<html><body>{body}</body></html>", URL).drafts) == number
