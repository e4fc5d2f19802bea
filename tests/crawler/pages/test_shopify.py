"""Products of Shopify's JSON, as shops of different habits publish them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from crawler.scraping.pages.options import colour_index, is_size, option_is_colour
from crawler.scraping.pages.shopify import (
    currency_of_meta,
    currency_of_page,
    is_wanted,
    product_drafts,
    products_of,
)
from crawler.scraping.spiders.shopify import list_address

SITE = "https://shop.example/products.json?page=1"


def image(number: int, *variants: int) -> dict[str, Any]:
    src = f"https://cdn.shopify.com/{number}.jpg?v=17"
    return {"id": number, "src": src, "position": number, "variant_ids": list(variants)}


def variant(number: int, *options: str, **more: Any) -> dict[str, Any]:
    told = {f"option{n + 1}": value for n, value in enumerate(options)}
    return {"id": number, "sku": f"S{number}", "price": "89.90", "available": True, **told, **more}


RUNNER = {
    "id": 7,
    "title": "Wool Runner",
    "handle": "wool-runner",
    "vendor": "Maker",
    "product_type": "Shoes",
    "tags": ["mens", "baby-blue", "new"],
    "body_html": "<p>Soft.</p>",
    "options": [{"name": "Colour", "position": 1}, {"name": "Size", "position": 2}],
    "images": [image(1, 11, 12), image(2), image(3, 13), image(4)],
    "variants": [
        variant(11, "Navy / White", "40", available=False, price="79.90"),
        variant(12, "Navy / White", "41"),
        variant(13, "Red", "40", available=False, compare_at_price="120.00"),
    ],
}


def test_sizes_of_a_colour_are_one_listing_with_its_own_photos() -> None:
    navy, red = product_drafts(RUNNER, site=SITE, currency="EUR")

    assert navy.url == "https://shop.example/products/wool-runner?variant=11"
    assert (navy.title, navy.model, navy.colour) == (
        "Wool Runner Navy / White",
        "Wool Runner",
        "Navy / White",
    )
    assert (navy.price, navy.currency, navy.availability) == (Decimal("89.90"), "EUR", "in-stock")
    assert (navy.brand, navy.category, navy.gender, navy.group_id) == (
        "Maker",
        "Shoes",
        "mens",
        "7",
    )
    assert (navy.sku, navy.description) == ("", "Soft.")
    assert [url[24:29] for url in navy.image_urls] == ["1.jpg", "2.jpg"]
    assert (red.sku, red.availability) == ("S13", "out-of-stock")
    assert [url[24:29] for url in red.image_urls] == ["3.jpg", "4.jpg"]


def test_a_product_for_each_colour_keeps_its_title() -> None:
    one = {
        **RUNNER,
        "title": "Wool Runner - Mist Grey",
        "options": [{"name": "Size"}],
        "variants": [variant(1, "8"), variant(2, "9.5")],
    }

    (draft,) = product_drafts(one, site=SITE, currency="")

    assert (draft.title, draft.model, draft.colour) == ("Wool Runner - Mist Grey", "", "")
    assert draft.url == "https://shop.example/products/wool-runner"
    assert len(draft.image_urls) == 4


def test_a_product_without_options() -> None:
    one = {
        **RUNNER,
        "options": [{"name": "Title"}],
        "tags": "womens, sale",
        "variants": [variant(1, "Default Title")],
    }

    (draft,) = product_drafts(one, site=SITE, currency="")

    assert (draft.title, draft.sku, draft.gender) == ("Wool Runner", "S1", "womens")


def test_colours_without_sizes_are_each_a_listing_even_if_alike() -> None:
    one = {
        **RUNNER,
        "options": [{"name": "Farbe"}],
        "images": [image(1, 3), image(2, 3)],
        "variants": [
            variant(3, "Rot", featured_image=image(1)),
            variant(3, "Rot", sku="S4", featured_image=image(2)),
        ],
    }

    drafts = product_drafts(one, site=SITE, currency="")

    assert [draft.sku for draft in drafts] == ["S3", "S4"]
    assert [len(draft.image_urls) for draft in drafts] == [1, 1]


def test_other_options_tell_listings_apart() -> None:
    one = {
        **RUNNER,
        "options": ["Color", "Material", "Shoe size"],
        "variants": [
            variant(1, "Red", "Suede", "40"),
            variant(2, "Red", "Leather", "40"),
            variant(3, "Red", "Leather", "41"),
        ],
    }

    titles = [draft.title for draft in product_drafts(one, site=SITE, currency="")]

    assert titles == ["Wool Runner Red / Suede", "Wool Runner Red / Leather"]


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"title": "x"},
        {"handle": "x"},
        {"title": "x", "handle": "y", "variants": "z"},
        {"title": "x", "handle": "javascript:alert(1)", "variants": []},
    ],
)
def test_what_is_no_product_gives_no_listing(broken: dict[str, Any]) -> None:
    assert product_drafts(broken, site=SITE, currency="") == []


def test_odd_types_are_survived() -> None:
    odd = {
        "title": 5,
        "handle": "h",
        "vendor": None,
        "tags": {"a": 1},
        "options": "Color",
        "images": ["/i/1.jpg", None, 3, {"src": None}],
        "variants": [{"price": 5, "id": None}],
    }

    (draft,) = product_drafts(odd, site=SITE, currency="EUR")

    assert (draft.title, draft.price) == ("5", Decimal(5))
    assert draft.image_urls == ("https://shop.example/i/1.jpg",)


@pytest.mark.parametrize(
    ("html", "currency"),
    [
        ('Shopify.currency = {"active":"CAD","rate":"1.0"};', "CAD"),
        ('<meta property="og:price:currency" content="GBP">', "GBP"),
        ('{"currency":"SEK"}', "SEK"),
        ("nothing", ""),
    ],
)
def test_the_currency_of_a_page(html: str, currency: str) -> None:
    assert currency_of_page(html) == currency


def test_the_currency_of_the_shop() -> None:
    assert currency_of_meta('{"currency": "EUR"}') == "EUR"
    assert currency_of_meta("<html>") == currency_of_meta("[]") == currency_of_meta("{}") == ""


@pytest.mark.parametrize("body", ["<html>", "[]", "{}", '{"products": {}}'])
def test_what_is_no_list_is_told(body: str) -> None:
    with pytest.raises(ValueError):
        products_of(body)


def test_wanted_by_type_or_tag() -> None:
    assert is_wanted(RUNNER, ["shoe"])
    assert is_wanted(RUNNER, ["MENS"])
    assert is_wanted(RUNNER, [])
    assert not is_wanted(RUNNER, ["hat"])


@pytest.mark.parametrize(
    ("seed", "lists"),
    [
        ("https://s.example/", "https://s.example/products.json"),
        ("https://s.example/pages/about", "https://s.example/products.json"),
        (
            "https://s.example/collections/a/products/b",
            "https://s.example/collections/a/products.json",
        ),
        (
            "https://s.example/de/collections/a?x=1",
            "https://s.example/de/collections/a/products.json",
        ),
        ("https://s.example/de/products.json?page=2", "https://s.example/de/products.json"),
    ],
)
def test_where_the_products_of_a_seed_are_listed(seed: str, lists: str) -> None:
    assert list_address(seed) == lists


@pytest.mark.parametrize(
    "value",
    [
        "42",
        "42.5",
        "42 2/3",
        "42⅔",
        "US 9",
        "EU 42",
        "M 8 / W 10",
        "10.5 M",
        "UK 7 / EU 41",
        "XL",
        "One Size",
        "7C",
    ],
)
def test_sizes(value: str) -> None:
    assert is_size(value)


@pytest.mark.parametrize("value", ["Red", "Air Max 90", "", "Black / 40", "2024"])
def test_not_sizes(value: str) -> None:
    assert not is_size(value)


def test_which_option_is_the_colour() -> None:
    assert option_is_colour("Upper Colour")
    assert option_is_colour("COULEUR :")
    assert not option_is_colour("Collar")
    assert colour_index(["Variante", "Grösse"], [["Black", "White / Red"], ["40", "41"]]) == 0
    assert colour_index(["Style"], [["Low", "High"]]) is None
