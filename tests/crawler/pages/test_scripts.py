"""States in the wrappings of frameworks: Nuxt, Next's flight, Angular."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from typing import Any

import pytest

from catalog.types import ListingDraft
from crawler.scraping.pages import page_read

URL = "https://shop.example/p/1"
GLIDE = {
    "name": "Aero Glide", "brand": {"name": "Aero"}, "sku": "G-1", "color": "Red",
    "price": {"amount": 79.9, "currencyCode": "EUR"}, "images": [{"url": "/1.jpg"}],
    "stock": {"stockLevelStatus": "outOfStock"}, "note": 'a "fine"\nshoe & <more>',
}  # fmt: skip


def read(scripts: str) -> tuple[ListingDraft, ...]:
    return page_read(f"<html><body><h1>Aero Glide</h1>{scripts}</body></html>", URL).drafts


def is_glide(drafts: tuple[ListingDraft, ...]) -> bool:
    (one,) = drafts
    told = (one.title, one.brand, one.sku, one.colour, str(one.price), one.currency)
    assert one.image_urls == ("https://shop.example/1.jpg",)
    assert one.availability == "out-of-stock"
    return told == ("Aero Glide", "Aero", "G-1", "Red", "79.90", "EUR")


def nuxt(payload: Any, *, mark: str = 'id="__NUXT_DATA__"') -> str:
    return f'<script type="application/json" {mark}>{json.dumps(payload)}</script>'


def parted(value: Any) -> list[Any]:
    """As Nuxt parts its payload: values in one list, and their places where they stood."""
    values: list[Any] = [["ShallowReactive", 1]]

    def put(one: Any) -> int:
        place = len(values)
        values.append(None)
        if isinstance(one, dict):
            values[place] = {name: put(inner) for name, inner in one.items()}
        else:
            values[place] = [put(inner) for inner in one] if isinstance(one, list) else one
        return place

    put(value)
    return values


def test_the_state_of_nuxt_2_is_what_its_function_would_return() -> None:
    written = """window.__NUXT__=(function(a,b,c,d){return {layout:"default",data:[{product:{
      name:a,brand:{name:b},sku:"G-1",color:c,price:{amount:79.9,currencyCode:"EUR"},inStock:!1,
      images:[{url:"\\u002F1.jpg"}],note:d,made:new Date(2026,1,1)}}]}}("Aero Glide","Aero",'Red',
      void 0));"""

    assert is_glide(read(f"<script>{written}</script>"))


@pytest.mark.parametrize("start", ["window.productData = ", "dataLayer.push("])
def test_literals_of_javascript_are_read_like_json(start: str) -> None:
    written = """{ name: 'Aero Glide', 'brand': {name: `Aero`}, sku: 'G-1', color: "Red", // so
      price: {amount: 79.90, currencyCode: 'EUR'}, images: [{url: '\\x2f1.jpg'},], inStock: false,
      seen: Date.now(), url: base + '/p', onBuy: function (x) { return {a: [x, ')']}; } }"""

    assert is_glide(read(f"<script>{start}{written}</script>"))


def test_google_is_told_the_currency_beside_its_products() -> None:
    told = {"name": "Aero Glide", "id": "7", "price": "79.90", "brand": "Aero", "category": "Shoes"}
    layer = [{"ecommerce": {"currencyCode": "PLN", "detail": {"products": [told]}}}]

    (draft,) = read(f"<script>var dataLayer = {json.dumps(layer)};</script>")

    assert (draft.brand, str(draft.price), draft.currency) == ("Aero", "79.90", "PLN")


@pytest.mark.parametrize("start", ["{a:" + "/* " * 9_000, "{a:'" + "\\" * 9_001, "[" * 9_000,
                                   "{a:" + "/* x */" * 9_000, "{a b}", "{a:(", "{a:1"])  # fmt: skip
def test_literals_that_do_not_end_are_none(start: str) -> None:
    assert read(f"<script>window.productData = {start}</script>") == ()


@pytest.mark.parametrize(
    ("tag", "attribute", "of"),
    [
        ("div", "data-react-props", lambda told: {"product": told}),
        ("product-page", ":product", lambda told: told),
        ("section", "data-gtm", lambda told: {"ecommerce": {"items": [told]}}),
        ("astro-island", "props", lambda told: {"product": astro(told)}),
    ],
)
def test_the_properties_of_components(tag: str, attribute: str, of: Callable[[Any], Any]) -> None:
    written = html.escape(json.dumps(of(GLIDE)))

    assert is_glide(read(f'<{tag} {attribute}="{written}"></{tag}>'))


def astro(value: Any) -> Any:
    """As Astro writes a value: behind 1 if it is a list, else behind 0."""
    if isinstance(value, list):
        return [1, [astro(one) for one in value]]
    return [0, {k: astro(v) for k, v in value.items()} if isinstance(value, dict) else value]


@pytest.mark.parametrize("mark", ['id="__NUXT_DATA__"', 'data-nuxt-data="shop"'])
def test_the_payload_of_nuxt(mark: str) -> None:
    assert is_glide(read(nuxt(parted({"data": {"p": GLIDE}}), mark=mark)))


@pytest.mark.parametrize(
    "payload",
    [
        [["Reactive", 1], [1, 1]],
        [["Reactive", 1], {"name": 1, "image": 2, "price": 1}, [1, 1, 2]],
        [],
        {"name": 1},
        [["Reactive", 1], {"self": 1, "name": 2, "price": 9}, "Loop"],
        [["Reactive", 0]],
        [["Date", "2026-01-01"], ["Set"]],
        [[-1, "x", 99, True]],
    ],
)
def test_a_payload_that_holds_no_product(payload: Any) -> None:
    assert read(nuxt(payload)) == ()


def flight(text: str, *, pieces: int = 3) -> str:
    size = len(text) // pieces + 1
    told = (json.dumps(text[n : n + size]) for n in range(0, len(text), size))
    return "".join(f"<script>self.__next_f.push([1,{one}])</script>" for one in told)


def test_the_flight_of_next() -> None:
    row = json.dumps(["$", "$L1", None, {"product": GLIDE}])
    rows = f'1:"$Sreact.fragment"\n2:I[12,["3"],"default"]\n5:{row}\n6:["cut off'

    assert is_glide(read(flight(rows)))
    assert read(flight(rows) + '<script>self.__next_f.push([1,"\\x"])</script>') == ()


def test_the_state_of_angular() -> None:
    told = json.dumps({"product": {"entities": {"G-1": GLIDE}}})
    for meant, written in (("&", "&a;"), ('"', "&q;"), ("<", "&l;"), (">", "&g;")):
        told = told.replace(meant, written)

    assert is_glide(read(f'<script type="application/json">{told}</script>'))


def apollo(**more: Any) -> str:
    cache = {
        "ROOT_QUERY": {"product": {"__ref": "P:1"}},
        "P:1": {**GLIDE, "brand": {"__ref": "B:1"}, "images": [{"__ref": "I:1"}]},
        "P:2": {**GLIDE, "name": "Other", "sku": "O"},
        "B:1": {"name": "Aero"},
        "I:1": {"url": "/1.jpg"},
    } | more
    return f"<script>window.__APOLLO_STATE__ = {json.dumps(cache)};</script>"


def test_the_cache_of_apollo() -> None:
    assert is_glide(read(apollo()))


def test_a_cache_that_refers_to_itself_ends() -> None:
    grown = {"a": {"__ref": "B:1"}, "b": {"__ref": "P:1"}, "name": "Aero", "c": {"__ref": "P:2"}}
    assert is_glide(read(apollo(**{"B:1": grown, "B:2": {"__ref": "nowhere"}})))


MEASURED = {"currency": "EUR", "items": [
    {"item_id": "G-1", "item_name": "Glide", "item_brand": "Aero", "item_variant": "Red",
     "price": 79.9},
]}  # fmt: skip
TAGGED = """<meta property="og:type" content="product"><meta property="og:title" content="Glide">
    <meta property="product:retailer_item_id" content="G-1">"""


@pytest.mark.parametrize(
    "script",
    [
        'gtag("event", "view_item", {})',
        'dataLayer.push({"event": "view_item", "ecommerce": {}})',
        "window.dataLayer = window.dataLayer || []; dataLayer . push({});",
    ],
)
def test_what_a_page_tells_google_analytics_fills_what_is_open(script: str) -> None:
    told = json.dumps(MEASURED)

    (draft,) = read(f"{TAGGED}<script>{script.replace('{}', told)}</script>")

    assert (draft.brand, draft.colour, str(draft.price)) == ("Aero", "Red", "79.90")


def test_what_a_page_tells_google_analytics_alone_makes_no_product() -> None:
    told = json.dumps(MEASURED).replace("Glide", "Somewhere Else")
    assert read(f"<script>dataLayer.push({told})</script>") == ()


@pytest.mark.parametrize(
    "listed",
    [lambda all_: {"nodes": all_}, lambda all_: {"edges": [{"node": one} for one in all_]}],
)
def test_a_product_of_shopifys_graph_in_remix(listed: Callable[[list[Any]], Any]) -> None:
    variants = [
        {"sku": f"{colour}-{size}", "title": f"{size} / {colour}", "availableForSale": left,
         "price": {"amount": "79.9", "currencyCode": "EUR"},
         "selectedOptions": [{"name": "Size", "value": size}, {"name": "Farbe", "value": colour}]}
        for colour, size, left in (("Red", "41", False), ("Red", "42", True), ("Tan", "9", False))
    ]  # fmt: skip
    product = {"title": "Aero Glide", "vendor": "Aero", "variants": listed(variants),
               "images": listed([{"url": "/1.jpg"}])}  # fmt: skip
    state = {"state": {"loaderData": {"routes/p": {"product": product}}}}

    drafts = read(f"<script>window.__remixContext = {json.dumps(state)};</script>")

    assert [(d.colour, str(d.price), d.availability) for d in drafts] == [
        ("Red", "79.90", "in-stock"),
        ("Tan", "79.90", "out-of-stock"),
    ]
    assert [d.title for d in drafts] == ["Aero Glide Red", "Aero Glide Tan"]
    assert {d.image_urls for d in drafts} == {("https://shop.example/1.jpg",)}
