"""Variants as wide-spread shop systems tell them to their own scripts."""

from __future__ import annotations

import json
from html import escape
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.types import ListingDraft
from crawler.scraping.pages import page_read

URL = "https://shop.example/p/1"
OFFER = {"price": "80", "priceCurrency": "EUR", "availability": "InStock"}
PRODUCT = {"@type": "Product", "name": "Aero Glide", "brand": "Aero", "sku": "G", "image": "/0.jpg",
           "offers": OFFER}  # fmt: skip


def read(content: str, *, product: dict[str, Any] | None = None) -> tuple[ListingDraft, ...]:
    told = f'<script type="application/ld+json">{json.dumps(product)}</script>' if product else ""
    return page_read(f"<html><body><h1>Aero Glide</h1>{told}{content}</body></html>", URL).drafts


def said(drafts: tuple[ListingDraft, ...]) -> list[tuple[Any, ...]]:
    return [
        (d.colour, str(d.price), d.currency, d.availability, [u[20:] for u in d.image_urls])
        for d in drafts
    ]


def magento(**more: Any) -> str:
    config = {
        "attributes": {
            "93": {"id": "93", "code": "color", "options": [
                {"id": "50", "label": "Core Black", "products": ["1", "2"]},
                {"id": "51", "label": "Red", "products": []}]},
            "142": {"id": "142", "code": "size", "options": [
                {"id": "8", "label": "EU 42"}, {"id": "9", "label": "EU 43"}]},
        },
        "index": {"1": {"93": "50", "142": "8"}, "2": {"93": "50", "142": "9"},
                  "3": {"93": "51", "142": "8"}},
        "optionPrices": {n: {"oldPrice": {"amount": 99}, "finalPrice": {"amount": price}}
                         for n, price in (("1", 80), ("2", 79.5), ("3", 70))},
        "images": {"1": [{"thumb": "/1s.jpg", "full": "/1.jpg"}], "3": [{"full": "/3.jpg"}]},
        "productId": "7",
    } | more  # fmt: skip
    told = {"[data-role=swatch-options]": {"Magento_Swatches/js/x": {"jsonConfig": config}}}
    return f'<script type="text/x-magento-init">{json.dumps(told)}</script>'


def test_swatches_of_magento() -> None:
    drafts = read(magento(), product=PRODUCT)

    assert said(drafts) == [
        ("Core Black", "79.50", "EUR", "in-stock", ["/1.jpg"]),
        ("Red", "70.00", "EUR", "out-of-stock", ["/3.jpg"]),
    ]
    assert {(d.brand, d.model) for d in drafts} == {("Aero", "Aero Glide")}


def test_the_gallery_of_magento() -> None:
    photos = [{"full": "/2.jpg", "isMain": False, "type": "image"},
              {"full": "/v.jpg", "type": "video"}, {"full": "/1.jpg", "isMain": True}]  # fmt: skip
    told = {"[data-gallery-role=x]": {"mage/gallery/gallery": {"data": photos}}}
    gallery = f'<script type="text/x-magento-init">{json.dumps(told)}</script>'
    shown = {**PRODUCT, "image": "/1.jpg"}

    (draft,) = read(gallery, product=shown)

    assert [url[20:] for url in draft.image_urls] == ["/1.jpg", "/2.jpg"]


def test_a_product_of_vtex() -> None:
    state = {
        "ROOT_QUERY": {"product": {"type": "id", "id": "P"}},
        "P": {"productName": "Aero Glide", "brand": "Aero", "linkText": "aero-glide",
              "properties": [{"type": "id", "id": "P.0"}],
              'items({"filter":"ALL"})': [{"type": "id", "id": "P.i"}]},
        "P.0": {"name": "Cor", "values": {"type": "json", "json": ["Preto", "Branco"]}},
        "P.i": {"itemId": "G-1", "ean": "4006381333931", "name": "42",
                "images": [{"type": "id", "id": "I"}], "sellers": [{"type": "id", "id": "S"}]},
        "S": {"commertialOffer": {"Price": 80.0, "ListPrice": 99.0, "AvailableQuantity": 0}},
        "I": {"imageUrl": "https://shop.example/1.jpg"},
    }  # fmt: skip

    (draft,) = read(
        f'<template data-varname="__STATE__"><script>{json.dumps(state)}</script></template>'
    )

    assert said((draft,)) == [("Preto / Branco", "80.00", "", "out-of-stock", ["/1.jpg"])]
    assert (draft.title, draft.brand) == ("Aero Glide", "Aero")


def test_a_colour_that_an_option_leaves_no_choice_of() -> None:
    black = {"value": "#000", "description": "Core Black"}
    state = {"name": "Aero Glide", "price": 80, "sku": "G-1", "brand": "Aero",
             "options": [{"title": "Color", "selections": [black]}]}  # fmt: skip
    several = {**state, "options": [{"title": "Color", "selections": [black, {"value": "Red"}]}]}

    def colour(told: Any) -> str:
        written = f'<script type="application/json">{json.dumps(told)}</script>'
        return read(written, product=PRODUCT)[0].colour

    assert colour(state) == "Core Black"
    assert colour(several) == ""


def test_the_code_of_all_colours_is_no_code_of_one() -> None:
    drafts = read(magento(), product=PRODUCT)

    assert [(draft.sku, draft.group_id) for draft in drafts] == [("", "7"), ("", "7")]


@pytest.mark.parametrize(
    "more",
    [
        {"index": None},
        {"index": {"1": "?"}, "optionPrices": []},
        {"attributes": {"1": {"id": "1", "code": "size", "options": [{"id": "8", "label": "42"}]}}},
        {"attributes": {"93": {"code": "color", "options": ["?"]}}},
        {"attributes": None, "images": 3},
    ],
)
def test_what_is_no_choice_of_colours_changes_nothing(more: dict[str, Any]) -> None:
    (draft,) = read(magento(**more), product=PRODUCT)
    assert (draft.sku, draft.colour, str(draft.price)) == ("G", "", "80.00")


def salesforce(**more: Any) -> dict[str, Any]:
    def group(kind: str, code: str, photo: str) -> dict[str, Any]:
        colour = [{"id": "color", "values": [{"value": code}]}] if code else []
        return {"viewType": kind, "variationAttributes": colour, "images": [{"link": photo}]}

    return {
        "id": "M1", "brand": "Aero", "name": "Glide", "currency": "USD", "price": 80,
        "imageGroups": [group("swatch", "001", "/s.jpg"), group("large", "", "/0.jpg"),
                        group("large", "001", "/1.jpg"), group("large", "002", "/2.jpg")],
        "variationAttributes": [
            {"id": "color", "values": [{"value": "001", "name": "Optic White"},
                                       {"value": "002", "name": "Navy"}]},
            {"id": "size", "values": [{"value": "090", "name": "9"}]}],
        "variants": [
            {"price": 80, "orderable": True, "productId": "V1",
             "variationValues": {"color": "001", "size": "090"}},
            {"price": 75, "orderable": False, "productId": "V2",
             "variationValues": {"color": "002", "size": "090"}}],
    } | more  # fmt: skip


def test_a_product_of_salesforce() -> None:
    state = {"__PRELOADED_STATE__": {"queries": [{"state": {"data": salesforce()}}]}}

    drafts = read(f'<script type="application/json">{json.dumps(state)}</script>')

    assert said(drafts) == [
        ("Optic White", "80.00", "USD", "in-stock", ["/1.jpg"]),
        ("Navy", "75.00", "USD", "out-of-stock", ["/2.jpg"]),
    ]
    assert {(d.brand, d.model, d.group_id) for d in drafts} == {("Aero", "Glide", "M1")}
    assert [draft.sku for draft in drafts] == ["V1", "V2"]


@pytest.mark.parametrize(
    "more",
    [
        {"variationAttributes": ["?", {"id": "color"}], "imageGroups": "?"},
        {"variants": ["?", {"variationValues": 1}]},
        {"imageGroups": [{"viewType": "large", "images": ["?"], "variationAttributes": [1]}]},
    ],
)
def test_a_product_of_salesforce_that_is_broken_is_survived(more: dict[str, Any]) -> None:
    state = json.dumps(salesforce(**more))
    assert {d.brand for d in read(f'<script type="application/json">{state}</script>')} == {"Aero"}


def test_variations_of_woocommerce_have_the_names_of_their_choices() -> None:
    variations = [
        {"attributes": {"attribute_pa_color": colour, "attribute_pa_size": size},
         "display_price": price, "display_regular_price": 99, "is_in_stock": stock,
         "sku": f"{colour}-{size}", "image": {"url": f"/{colour}.jpg", "thumb_src": "/t.jpg"}}
        for colour, size, price, stock in (
            ("core-black", "42", 80, True), ("core-black", "43", 80, False), ("rot", "42", 70, True)
        )
    ]  # fmt: skip
    told = escape(json.dumps(variations))
    form = f"""<form class="variations_form" data-product_variations="{told}">
        <select><option value="">Choose an option</option>
        <option value="core-black">Core Black</option></select></form>"""

    assert said(read(form, product=PRODUCT)) == [
        ("Core Black", "80.00", "EUR", "in-stock", ["/core-black.jpg"]),
        ("rot", "70.00", "EUR", "in-stock", ["/rot.jpg"]),
    ]


def test_variants_of_squarespace_are_priced_in_whole_money() -> None:
    variants = [
        {"attributes": {"Color": colour, "Size": "42"}, "price": 8000, "salePrice": 0, "sku": "S",
         "priceMoney": {"value": "80.00", "currency": "USD"}, "onSale": is_sale,
         "salePriceMoney": {"value": "60.00" if is_sale else "0.00", "currency": "USD"},
         "stock": {"unlimited": False, "quantity": left}, "mainImage": {"assetUrl": "/a.jpg"}}
        for colour, left, is_sale in (("Black", 2, False), ("Tan", 0, True))
    ]  # fmt: skip

    drafts = read(f'<script></script><div data-variants="{escape(json.dumps(variants))}"></div>')

    assert said(drafts) == [
        ("Black", "80.00", "USD", "in-stock", ["/a.jpg"]),
        ("Tan", "60.00", "USD", "out-of-stock", ["/a.jpg"]),
    ]
    # They share a code, which therefore tells neither.
    assert [draft.url for draft in drafts] == [f"{URL}#black", f"{URL}#tan"]


@pytest.mark.parametrize("written", ["", "{}", "[", "[1]", '[{"attributes": 1}]', "true"])
def test_an_attribute_that_holds_no_variants_changes_nothing(written: str) -> None:
    (draft,) = read(f'<div data-variants="{escape(written)}"></div>', product=PRODUCT)
    assert draft.title == "Aero Glide"


@pytest.mark.parametrize(
    ("head", "title"),
    [
        ('<meta property="og:site_name" content="Casa">', "Glide"),
        ('<script type="application/ld+json">{"@type":"WebSite","name":"CASA"}</script>', "Glide"),
        ("", "Glide — Casa"),
        ('<meta property="og:site_name" content="Glide">', "Glide — Casa"),
    ],
)
def test_a_title_is_read_without_the_shops_own_name(head: str, title: str) -> None:
    (draft,) = read(head, product={**PRODUCT, "name": "Glide — Casa"})
    assert draft.title == title


LEAF = st.sampled_from([None, True, 0, 1.5, "", "1", "color", "Red", "93"])
THING = st.recursive(
    LEAF,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "value", "label", "93", "1", "color"]), inner)
    ),
    max_leaves=6,
)


@settings(deadline=None)
@given(THING, THING, THING)
def test_any_values_where_these_systems_have_theirs_are_read_without_an_error(
    one: Any, other: Any, third: Any
) -> None:
    option = {"id": one, "code": "color", "label": other, "options": [
        {"id": third, "label": one, "products": other}, other]}  # fmt: skip
    attribute = {"id": "color", "values": [{"value": one, "name": other}, third]}
    group = {"viewType": "large", "images": [one], "variationAttributes": [attribute, other]}
    states = [
        {"jsonConfig": {"attributes": {"93": option, "1": one}, "index": {"1": {"93": third}},
                        "optionPrices": one, "images": {"1": other}, "sku": third}},
        {"variationAttributes": [attribute, one], "imageGroups": [group, third],
         "variants": [{"variationValues": {"color": other}}]},
    ]  # fmt: skip
    variants = [{"attributes": {"pa_color": one, "pa_size": other}, "priceMoney": {"value": third},
                 "stock": one, "mainImage": other}, {"attributes": third}, one]  # fmt: skip
    scripts = "".join(f"<script type='application/json'>{json.dumps(s)}</script>" for s in states)

    read(f'{scripts}<form data-variants="{escape(json.dumps(variants))}"></form>')
