"""Pages as shops publish them: JSON-LD, microdata, OpenGraph, alone and beside each other."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.types import ListingDraft
from crawler.scraping.pages import Page, page_read

URL = "https://shop.example/p/low-1"

OFFER = {"@type": "Offer", "price": "89.90", "priceCurrency": "EUR",
         "availability": "https://schema.org/InStock"}  # fmt: skip
PRODUCT = {
    "@context": "https://schema.org",
    "@type": "Product",
    "name": "Maker Low 1 Red / White",
    "brand": {"@type": "Brand", "name": "Maker"},
    "sku": "L1-RW",
    "mpn": "M-100",
    "color": "Red / White",
    "image": ["/i/1.jpg", {"@type": "ImageObject", "contentUrl": "/i/2.jpg"}],
    "audience": {"@type": "PeopleAudience", "suggestedGender": "https://schema.org/Male"},
    "category": "Shoes > Sneakers",
    "material": "Leather",
    "description": "A low shoe.",
    "gtin13": "4006381333931",
    "isVariantOf": {"@type": "ProductGroup", "name": "Low 1", "productGroupID": "g1"},
    "offers": OFFER,
}


def html(*nodes: Any, head: str = "", body: str = "") -> str:
    scripts = "".join(
        f'<script type="application/ld+json">{n if isinstance(n, str) else json.dumps(n)}</script>'
        for n in nodes
    )
    return f"<html><head>{head}{scripts}</head><body>{body}</body></html>"


def only(page: Page) -> ListingDraft:
    assert len(page.drafts) == 1
    return page.drafts[0]


def test_every_field_of_a_product() -> None:
    assert only(page_read(html(PRODUCT), URL)) == ListingDraft(
        url=URL,
        title="Maker Low 1 Red / White",
        sku="L1-RW",
        mpn="M-100",
        gtin="4006381333931",
        brand="Maker",
        model="Low 1",
        group_id="g1",
        colour="Red / White",
        category="Shoes > Sneakers",
        gender="Male",
        material="Leather",
        price=Decimal("89.90"),
        currency="EUR",
        availability="in-stock",
        description="A low shoe.",
        image_urls=("https://shop.example/i/1.jpg", "https://shop.example/i/2.jpg"),
    )


@pytest.mark.parametrize(
    "wrapped",
    [
        [PRODUCT],
        {"@context": "https://schema.org", "@graph": [{"@type": "BreadcrumbList"}, PRODUCT]},
        {"@type": "WebPage", "mainEntity": PRODUCT},
        {**PRODUCT, "@type": ["Product", "Thing"]},
        {**PRODUCT, "@type": "http://schema.org/Product"},
        [PRODUCT, PRODUCT],
        {"@graph": [{"@type": "WebPage", "mainEntity": {"@id": "#p"}}, {**PRODUCT, "@id": "#p"}]},
    ],
)
def test_wherever_the_product_stands(wrapped: Any) -> None:
    assert only(page_read(html(wrapped), URL)).sku == "L1-RW"


@pytest.mark.parametrize(
    ("offers", "price", "currency", "availability"),
    [
        ([{**OFFER, "price": 95}, OFFER], "89.90", "EUR", "in-stock"),
        ([{**OFFER, "availability": "SoldOut"}, {**OFFER, "price": 95}], "95", "EUR", "in-stock"),
        ({"@type": "AggregateOffer", "lowPrice": 80, "highPrice": 99, "priceCurrency": "USD"},
         "80", "USD", ""),
        ({"@type": "AggregateOffer", "priceCurrency": "USD", "offers": [{"price": "70"}]},
         "70", "USD", ""),
        ({"priceSpecification": [{"price": 120, "priceType": "https://schema.org/ListPrice"},
                                 {"price": 99, "priceCurrency": "GBP"}]}, "99", "GBP", ""),
        ({"price": "1.299,00 €"}, "1299.00", "EUR", ""),
        ({"price": "call us"}, None, "", ""),
        ("nonsense", None, "", ""),
    ],
)  # fmt: skip
def test_offers(offers: Any, price: str | None, currency: str, availability: str) -> None:
    draft = only(page_read(html({**PRODUCT, "offers": offers}), URL))

    assert draft.price == (None if price is None else Decimal(price))
    assert (draft.currency, draft.availability) == (currency, availability)


def test_a_product_without_price_and_photo_is_one_too() -> None:
    draft = only(page_read(html({"@type": "Product", "name": "Low 1"}), URL))

    assert (draft.title, draft.price, draft.image_urls) == ("Low 1", None, ())


def test_json_that_is_broken_is_told_and_hurts_no_other() -> None:
    page = page_read(html('{"@type": "Product", "name": ', PRODUCT, "", "{" * 5_000), URL)

    assert only(page).sku == "L1-RW"
    assert [problem.kind for problem in page.problems] == ["invalid-json-ld"] * 2


def test_comments_and_control_characters_in_json_are_forgiven() -> None:
    written = "<!-- data -->\n" + json.dumps(PRODUCT).replace("A low shoe.", "A\nlow\tshoe.")

    assert only(page_read(html(written), URL)).description == "A low shoe."


# --- groups ---------------------------------------------------------------------------------------


def variant(colour: str, size: int, **more: Any) -> dict[str, Any]:
    return {"@type": "Product", "name": f"Low 1 {colour} {size}", "color": colour, "size": size,
            "sku": f"{colour[0]}{size}", "mpn": f"M-{colour[0]}",
            "offers": {**OFFER, "price": 80 + size}, **more}  # fmt: skip


GROUP = {"@type": "ProductGroup", "name": "Low 1", "productGroupID": "g1", "brand": "Maker",
         "variesBy": ["color", "size"]}  # fmt: skip


def test_sizes_of_one_colour_are_one_listing() -> None:
    group = {**GROUP, "hasVariant": [variant("Red", 40), variant("Red", 41), variant("Blue", 40)]}

    drafts = page_read(html(group), URL).drafts

    assert [(d.url, d.colour, d.price, d.sku, d.mpn, d.model, d.brand) for d in drafts] == [
        (f"{URL}#m-r", "Red", Decimal(120), "", "M-R", "Low 1", "Maker"),
        (f"{URL}#m-b", "Blue", Decimal(120), "B40", "M-B", "Low 1", "Maker"),
    ]


def test_a_group_of_one_colour_keeps_the_page_address() -> None:
    group = {**GROUP, "hasVariant": [variant("Red", 40), variant("Red", 41)]}

    assert only(page_read(html(group), URL)).url == URL


def test_variants_with_pages_of_their_own_are_links() -> None:
    blue = {"@type": "Product", "url": "/p/low-1-blue"}
    group = {**GROUP, "hasVariant": [variant("Red", 40, url="/p/low-1"), blue]}

    page = page_read(html(group), URL)

    assert only(page).url == URL
    assert page.product_links == ("https://shop.example/p/low-1-blue",)


def test_variants_are_found_by_reference() -> None:
    red = {**variant("Red", 40), "@id": "#red"}
    page = page_read(html({"@graph": [{**GROUP, "hasVariant": [{"@id": "#red"}]}, red]}), URL)

    assert only(page).colour == "Red"


def test_a_group_without_told_variants_is_a_product() -> None:
    assert only(page_read(html({**GROUP, "offers": OFFER}), URL)).price == Decimal("89.90")


def test_a_page_that_lists_products_is_about_none_of_them() -> None:
    listed = [{**PRODUCT, "sku": str(n), "url": f"/p/{n}"} for n in range(3)]
    item = {"@type": "Product", "name": "x", "url": "/p/9"}
    item_list = {"@type": "ItemList", "itemListElement": [{"@type": "ListItem", "item": item}]}

    page = page_read(html(listed, item_list), "https://shop.example/c/all")

    assert page.drafts == ()
    assert set(page.product_links) == {f"https://shop.example/p/{n}" for n in (0, 1, 2, 9)}


def test_related_products_are_links_only() -> None:
    related = {"@type": "Product", "name": "Other", "url": "/p/other"}
    page = page_read(html({**PRODUCT, "url": URL, "isRelatedTo": related}), URL)

    assert only(page).sku == "L1-RW"
    assert page.product_links == ("https://shop.example/p/other",)


def test_the_product_of_the_page_among_others() -> None:
    other = {"@type": "Product", "name": "Other", "sku": "X", "url": "/p/other"}
    page = page_read(html(other, {**PRODUCT, "url": URL}), URL)

    assert only(page).sku == "L1-RW"
    assert page.product_links == ("https://shop.example/p/other",)


# --- microdata and OpenGraph ----------------------------------------------------------------------

MICRODATA = """
<div itemscope itemtype="https://schema.org/Product">
  <h1 itemprop="name">Maker Low 1</h1><img itemprop="image" src="/i/1.jpg">
  <span itemprop="brand" itemscope itemtype="https://schema.org/Brand">
    <meta itemprop="name" content="Maker"></span>
  <meta itemprop="sku" content="L1"><meta itemprop="color" content="Red">
  <div itemprop="offers" itemscope itemtype="https://schema.org/Offer">
    <span itemprop="price">89,90 €</span>
    <link itemprop="availability" href="https://schema.org/SoldOut"></div>
</div>"""

OPENGRAPH = """
<meta property="og:type" content="product"><meta property="og:title" content="Maker Low 1">
<meta property="og:image" content="/i/1.jpg"><meta property="og:image" content="/i/2.jpg">
<meta property="og:url" content="https://shop.example/p/low-1">
<meta property="product:brand" content="Maker"><meta name="product:color" content="Red">
<meta property="product:price:amount" content="89.90">
<meta property="product:price:currency" content="EUR">
<meta property="product:availability" content="in stock">
<meta property="product:retailer_item_id" content="L1">"""


def test_microdata() -> None:
    draft = only(page_read(html(body=MICRODATA), URL))

    assert (draft.title, draft.brand, draft.sku, draft.colour) == (
        "Maker Low 1", "Maker", "L1", "Red",
    )  # fmt: skip
    assert (draft.price, draft.currency, draft.availability) == (
        Decimal("89.90"), "EUR", "out-of-stock",
    )  # fmt: skip
    assert draft.image_urls == ("https://shop.example/i/1.jpg",)


def test_opengraph() -> None:
    draft = only(page_read(html(head=OPENGRAPH), f"{URL}?ref=1"))

    assert (draft.url, draft.title, draft.brand, draft.sku, draft.colour) == (
        URL, "Maker Low 1", "Maker", "L1", "Red",
    )  # fmt: skip
    assert (draft.price, draft.currency, draft.availability) == (
        Decimal("89.90"), "EUR", "in-stock",
    )  # fmt: skip
    assert len(draft.image_urls) == 2


def test_an_article_is_no_product() -> None:
    head = '<meta property="og:type" content="article"><meta property="og:title" content="News">'

    assert page_read(html(head=head), URL).drafts == ()


def test_weaker_sources_fill_what_the_stronger_leaves_open() -> None:
    bare = {"@type": "Product", "name": "Low 1", "sku": "L1"}

    draft = only(page_read(html(bare, head=OPENGRAPH, body=MICRODATA), URL))

    assert (draft.title, draft.brand, draft.price) == ("Low 1", "Maker", Decimal("89.90"))
    assert draft.availability == "out-of-stock"


# --- addresses and links --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "node", "url"),
    [
        ("", {}, f"{URL}?size=40"),
        ('<link rel="canonical" href="/p/low-1">', {}, URL),
        ('<link rel="canonical" href="/p/x">', {"url": "/p/low-1"}, URL),
        ('<link rel="canonical" href="/p/x">', {"offers": {**OFFER, "url": URL}}, URL),
        ('<link rel="canonical" href="javascript:x">', {}, f"{URL}?size=40"),
        ('<base href="https://shop.example/de/">', {"url": "p/low-1"}, "https://shop.example/de/p/low-1"),
    ],
)  # fmt: skip
def test_the_address_of_a_listing(head: str, node: dict[str, Any], url: str) -> None:
    page = page_read(html({**PRODUCT, **node}, head=head), f"{URL}?size=40")

    assert only(page).url == url


def test_links_of_a_page() -> None:
    body = """<a href="/a">a</a><a href="/a#x">a</a><a href="/b" rel="nofollow">b</a>
    <a href="?page=3" rel="next">next</a><a href="javascript:x">x</a><a href="/c.pdf">c</a>
    <a href="https://other.example/">o</a><a href="">self</a><area href="/d">"""
    page = page_read(
        html(head='<link rel="next" href="?page=2">', body=body), "https://shop.example/c"
    )

    assert page.links == (
        "https://shop.example/a", "https://other.example/", "https://shop.example/d",
    )  # fmt: skip
    assert page.next_links == (
        "https://shop.example/c?page=2", "https://shop.example/c?page=3",
    )  # fmt: skip


def test_a_page_may_ask_not_to_be_followed() -> None:
    head = '<meta name="robots" content="index, nofollow">'

    assert page_read(html(head=head, body='<a href="/a">a</a>'), URL).links == ()


@pytest.mark.parametrize("written", ["", " ", "\x00", "<!-- only a comment -->"])
def test_a_page_without_content_is_told(written: str) -> None:
    assert [p.kind for p in page_read(written, URL).problems] in ([], ["empty-page"])
    assert page_read(written, URL).drafts == ()


# --- anything at all ------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from([*PRODUCT, "hasVariant", "@id", "url", "price", "itemListElement"]),
            inner,
            max_size=6,
        )
    ),
    max_leaves=25,
)


@settings(max_examples=150, deadline=None)
@given(JSON)
def test_whatever_stands_in_a_product_a_page_is_read(node: Any) -> None:
    told = {**PRODUCT, **node} if isinstance(node, dict) else node

    page = page_read(html(json.dumps(told).replace("</", "<\\/")), URL)

    for draft in page.drafts:
        assert draft.url.startswith("http")
        assert draft.title


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=400))
def test_whatever_a_server_sends_a_page_is_read(written: str) -> None:
    page_read(written, URL)
    page_read(f"<html><div itemscope itemtype='https://schema.org/Product'>{written}", URL)


def test_a_button_that_shows_more_leads_to_the_next_part() -> None:
    body = (
        '<button class="btn more" data-url="/c?start=12&amp;sz=12">More</button>'
        '<div class="load-more" data-next-url="?page=2"></div>'
        '<button class="wish" data-url="/wish"></button><a class="more" data-url="/x.json">+</a>'
    )

    page = page_read(html(body=body), "https://shop.example/c")

    assert page.next_links == (
        "https://shop.example/c?start=12&sz=12", "https://shop.example/c?page=2",
    )  # fmt: skip
