"""Products of WooCommerce's Store API."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from crawler.scraping.pages.woocommerce import (
    colours_without_variations,
    has_sizes,
    is_variation_of_size_only,
    is_wanted,
    price_of,
    product_draft,
    products_of,
    variable_drafts,
    variation_colours,
)
from crawler.scraping.spiders.woocommerce import draft_from_json, draft_to_json, home_of

BASE = "https://shop.example/wp-json/wc/store/v1/products?page=1"

SIMPLE = {
    "id": 5,
    "name": "Low 1 &#8211; Red",
    "type": "simple",
    "sku": "L1-R",
    "permalink": "https://shop.example/product/low-1-red/",
    "short_description": "<p>A low shoe.</p>",
    "description": "<p>Long.</p>",
    "prices": {
        "price": "8990",
        "regular_price": "9990",
        "currency_code": "EUR",
        "currency_minor_unit": 2,
    },
    "images": [{"id": 1, "src": "https://i0.wp.com/shop.example/1.jpg"}, {"src": "/2.jpg"}],
    "categories": [{"name": "Shoes"}, {"name": "Sneakers"}],
    "brands": [{"id": 1, "name": "Maker"}],
    "attributes": [
        {"name": "Farbe", "terms": [{"name": "Red"}, {"name": "White"}]},
        {"name": "Gender", "terms": [{"name": "Women"}]},
    ],
    "is_in_stock": True,
}


def test_every_field_of_a_simple_product() -> None:
    draft = product_draft(SIMPLE, base=BASE)

    assert draft is not None
    assert (draft.title, draft.sku, draft.brand) == ("Low 1 – Red", "L1-R", "Maker")
    assert (draft.price, draft.currency, draft.availability) == (
        Decimal("89.90"),
        "EUR",
        "in-stock",
    )
    assert (draft.colour, draft.gender, draft.category) == (
        "Red / White",
        "Women",
        "Shoes > Sneakers",
    )
    assert draft.description == "A low shoe."
    assert draft.image_urls == (
        "https://i0.wp.com/shop.example/1.jpg",
        "https://shop.example/2.jpg",
    )


@pytest.mark.parametrize(
    ("prices", "price"),
    [
        ({"price": "12900", "currency_code": "JPY", "currency_minor_unit": 0}, "12900"),
        ({"price": "12900", "currency_code": "KWD", "currency_minor_unit": 3}, "12.90"),
        ({"price": "", "price_range": {"min_amount": "500", "max_amount": "900"}}, "5"),
        ({"price": "0"}, None),
        ({"price": "x"}, None),
        ({"price": "5", "currency_minor_unit": "y"}, None),
        ({"price": "-5"}, None),
        ({"price": "NaN"}, None),
        ([], None),
        (None, None),
    ],
)
def test_prices_come_in_minor_units(prices: Any, price: str | None) -> None:
    assert price_of({"prices": prices})[0] == (None if price is None else Decimal(price))


def test_on_backorder_is_preorder() -> None:
    told = product_draft({**SIMPLE, "is_in_stock": True, "is_on_backorder": True}, base=BASE)

    assert told is not None
    assert told.availability == "preorder"


VARIABLE = {
    **SIMPLE,
    "name": "Low 1",
    "type": "variable",
    "sku": "L1",
    "has_options": True,
    "attributes": [
        {
            "name": "Color",
            "has_variations": True,
            "terms": [{"name": "Deep Red", "slug": "deep-red"}, {"name": "Blue", "slug": "blue"}],
        },
        {"name": "Size", "has_variations": True, "terms": [{"name": "40"}, {"name": "41"}]},
    ],
    "variations": [
        {
            "id": 51,
            "attributes": [{"name": "Color", "value": "deep-red"}, {"name": "Size", "value": "40"}],
        },
        {
            "id": 52,
            "attributes": [{"name": "Color", "value": "deep-red"}, {"name": "Size", "value": "41"}],
        },
        {"id": 53, "attributes": [{"name": "Color", "value": "blue"}]},
    ],
}


def variation(number: int, price: str, *, stock: bool, photo: str = "") -> dict[str, Any]:
    images = [{"src": photo}] if photo else []
    return {
        "id": number,
        "type": "variation",
        "sku": f"V{number}",
        "is_in_stock": stock,
        "prices": {**SIMPLE["prices"], "price": price},
        "images": images,
    }  # type: ignore[dict-item]


def test_colours_of_a_variable_product_are_listings_and_sizes_are_not() -> None:
    parent = product_draft(VARIABLE, base=BASE)
    assert parent is not None
    told = [
        variation(51, "7990", stock=False, photo="/red.jpg"),
        variation(52, "8990", stock=True, photo="/red.jpg"),
        variation(53, "6990", stock=True),
    ]

    red, blue = variable_drafts(
        draft_from_json(draft_to_json(parent)), told, variation_colours(VARIABLE), base=BASE
    )

    assert parent.colour == ""
    assert (red.title, red.model, red.colour) == ("Low 1 Deep Red", "Low 1", "Deep Red")
    assert (red.price, red.availability, red.sku) == (Decimal("89.90"), "in-stock", "")
    assert red.image_urls == ("https://shop.example/red.jpg",)
    assert (blue.sku, blue.image_urls) == ("V53", parent.image_urls)
    assert len({red.url, blue.url, parent.url}) == 3


def test_variations_without_sizes_are_each_a_listing() -> None:
    parent = product_draft(VARIABLE, base=BASE)
    assert parent is not None
    told = [variation(51, "7990", stock=True), variation(52, "8990", stock=True)]

    drafts = variable_drafts(parent, told, variation_colours(VARIABLE), base=BASE, sized=False)

    assert has_sizes(VARIABLE)
    assert [(draft.colour, draft.sku) for draft in drafts] == [
        ("Deep Red", "V51"), ("Deep Red", "V52"),
    ]  # fmt: skip


def test_colours_are_kept_where_the_shop_does_not_tell_its_variations() -> None:
    parent = product_draft(VARIABLE, base=BASE)
    assert parent is not None

    red, blue = colours_without_variations(parent, variation_colours(VARIABLE))

    assert (red.colour, blue.colour, red.price) == ("Deep Red", "Blue", Decimal("89.90"))
    assert red.url != blue.url


def test_a_variation_may_tell_its_colour_in_words() -> None:
    parent = product_draft(VARIABLE, base=BASE)
    assert parent is not None
    told = {**variation(9, "100", stock=True), "variation": "Size: 40, Colour: Sand, Light"}

    (one,) = variable_drafts(parent, [told], {}, base=BASE)

    assert (one.colour, one.url) == ("Sand, Light", parent.url)


def test_products_that_differ_in_size_only_need_no_variations() -> None:
    sizes = {**VARIABLE, "attributes": VARIABLE["attributes"][1:]}  # type: ignore[index]

    assert is_variation_of_size_only(sizes)
    assert not is_variation_of_size_only(VARIABLE)
    assert not is_variation_of_size_only(SIMPLE)


def test_wanted_by_category() -> None:
    assert is_wanted(SIMPLE, ["sneaker"])
    assert not is_wanted(SIMPLE, ["hats"])


def test_what_is_no_list_is_told_in_the_shops_words() -> None:
    with pytest.raises(ValueError, match="No route"):
        products_of('{"code": "rest_no_route", "message": "No route was found"}')


@pytest.mark.parametrize("broken", [{}, {"name": None}, {"name": []}])
def test_a_product_without_name_is_none(broken: dict[str, Any]) -> None:
    assert product_draft(broken, base=BASE) is None


def test_where_wordpress_lives() -> None:
    assert home_of("https://s.example/shop/?x=1") == "https://s.example/shop/"
    assert home_of("https://s.example") == "https://s.example/"
