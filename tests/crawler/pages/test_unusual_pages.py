"""Pages that keep to the standards in ways that few shops do."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from lxml.html import fragment_fromstring

from crawler.scraping.pages import Prefer, page_read
from crawler.scraping.pages.images import image_shown

URL = "https://shop.example/p/1"
OFFER = {"@type": "Offer", "price": "80", "priceCurrency": "EUR"}


def script(told: Any) -> str:
    return f'<script type="application/ld+json">{json.dumps(told)}</script>'


def test_what_a_product_refers_to_is_read_as_part_of_it() -> None:
    offer = {**OFFER, "price": None, "priceSpecification": {"@id": "#price"}}
    graph = {
        "@context": "https://schema.org",
        "@graph": [
            {"@type": "Brand", "@id": "#brand", "name": "Aero"},
            {"@type": "ImageObject", "@id": f"{URL}#photo", "contentUrl": "/glide.jpg"},
            {"@type": "UnitPriceSpecification", "@id": "#price", "price": "75.00"},
            {"@type": "Product", "name": "Glide", "brand": {"@id": "#brand"},
             "image": [{"@id": f"{URL}#photo"}, {"@id": f"{URL}#nowhere"}], "offers": offer},
        ],
    }  # fmt: skip

    (draft,) = page_read(script(graph), URL).drafts

    assert (draft.brand, str(draft.price), draft.currency) == ("Aero", "75.00", "EUR")
    assert draft.image_urls == ("https://shop.example/glide.jpg",)


@pytest.mark.parametrize("before", ["schema:", "https://schema.org/", "http://schema.org/"])
def test_names_may_bear_the_vocabulary_before_them(before: str) -> None:
    told = {
        "@context": {"schema": "https://schema.org/"}, "@type": f"{before}Product",
        f"{before}name": "Glide", f"{before}brand": {f"{before}name": "Aero"},
        f"{before}offers": [{f"{before}price": "80", f"{before}priceCurrency": "GBP"}],
    }  # fmt: skip

    (draft,) = page_read(script(told), URL).drafts

    assert (draft.title, draft.brand, draft.currency) == ("Glide", "Aero", "GBP")


def test_names_may_be_written_in_capitals() -> None:
    told = {"@type": "Product", "Name": "Glide", "SKU": "G-1", "Brand": {"name": "Aero"},
            "Offers": {"Price": "1", "price": "80", "Availability": "https://schema.org/InStock"},
            }  # fmt: skip

    (draft,) = page_read(script(told), URL).drafts

    assert (draft.title, draft.sku, draft.brand) == ("Glide", "G-1", "Aero")
    assert (str(draft.price), draft.availability) == ("80.00", "in-stock")


def test_a_list_may_tell_nothing_but_addresses() -> None:
    told = {"@type": "CollectionPage", "mainEntity": {"@type": "ItemList", "itemListElement": [
        {"@type": "ListItem", "position": 1, "url": "/p/1"},
        {"@type": "ListItem", "position": 2, "item": "/p/2"},
        {"@type": "ListItem", "position": 3, "item": {"@type": "Thing", "url": "/p/3"}},
        "/p/4", {"@type": "ListItem"},
    ]}}  # fmt: skip
    crumbs = {"@type": "BreadcrumbList", "itemListElement": [{"item": "/home"}]}

    page = page_read(script([told, crumbs]), "https://shop.example/shoes")

    assert page.links == tuple(f"https://shop.example/p/{n}" for n in (1, 2, 3, 4))


@pytest.mark.parametrize(
    ("before", "after"),
    [("//<![CDATA[\n", "\n//]]>"), ("/*<![CDATA[*/", "/*]]>*/"), ("<!-- ", " -->")],
)
def test_what_xhtml_wrapped_a_script_in_is_left_out(before: str, after: str) -> None:
    told = json.dumps({"@type": "Product", "name": "Glide", "offers": OFFER})

    page = page_read(f'<script type="application/ld+json">{before}{told}{after}</script>', URL)

    assert [draft.title for draft in page.drafts] == ["Glide"]
    assert page.problems == ()


def test_variants_may_tell_their_colour_as_a_further_property() -> None:
    def variant(colour: str, size: str) -> dict[str, Any]:
        said = [("Color", colour), ("Shoe size", size)]
        more = [{"@type": "PropertyValue", "name": name, "value": value} for name, value in said]
        return {"@type": "Product", "sku": f"{colour}-{size}", "additionalProperty": more,
                "offers": OFFER}  # fmt: skip

    group = {
        "@type": "ProductGroup", "name": "Glide",
        "hasVariant": [variant("Red", "42"), variant("Red", "43"), variant("Green", "42")],
    }  # fmt: skip

    drafts = page_read(script(group), URL).drafts

    assert [draft.colour for draft in drafts] == ["Red", "Green"]


def test_a_state_tells_the_currency_once() -> None:
    variants = [
        {"sku": f"N-{colour}", "color": {"name": colour}, "price": {"value": price}}
        for colour, price in (("Red", 89.9), ("Green", 79.9))
    ]
    product = {"name": "Nexty", "brand": {"name": "NB"}, "slug": "nexty", "variants": variants,
               "price": {"value": 79.9, "currency": "EUR"}}  # fmt: skip
    state = json.dumps({"props": {"pageProps": {"product": product}}})

    page = page_read(
        f'<h1>Nexty</h1><script id="__NEXT_DATA__" type="application/json">{state}</script>', URL
    )

    told = [(draft.colour, str(draft.price), draft.currency) for draft in page.drafts]
    assert told == [("Red", "89.90", "EUR"), ("Green", "79.90", "EUR")]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ('src="a.jpg"', "a.jpg"),
        ('src="data:image/gif;base64,R0" data-src="a.jpg"', "a.jpg"),
        ('src="wait.gif" data-lazy-src="a.jpg"', "a.jpg"),
        ('src="a.jpg" srcset="a-400.jpg 400w, a-800.jpg 800w"', "a-800.jpg"),
        ('srcset="a.jpg, a2.jpg 2x"', "a2.jpg"),
        ('srcset="w_1,h_2/a.jpg 1x, w_2,h_4/a.jpg 2x"', "w_2,h_4/a.jpg"),
        ('srcset="data:image/gif;base64,R0 1w" data-src="a.jpg"', "a.jpg"),
        ('src="a-80.jpg" data-image-large-src="a.jpg"', "a.jpg"),
        ('srcset="a-400.jpg 400w" data-zoom-image="a.jpg"', "a.jpg"),
        ('src="a.jpg" data-zoom="true"', "a.jpg"),
        ('src="data:image/gif;base64,R0"', ""),
        ('srcset=" , ,"', ""),
    ],
)
def test_the_photo_of_an_image_that_names_several(written: str, shown: str) -> None:
    assert image_shown(fragment_fromstring(f"<img {written}>")) == shown


def test_photos_of_microdata_are_the_largest_and_never_the_page_itself() -> None:
    page = page_read(
        """<div itemscope itemtype="https://schema.org/Product"><b itemprop="name">Micro</b>
        <img itemprop="image" src="data:image/gif;base64,R0" data-src="/1.jpg">
        <img itemprop="image" srcset="/2-400.jpg 400w, /2-800.jpg 800w">
        <img itemprop="image" alt="to come"></div>""",
        URL,
    )

    (draft,) = page.drafts
    assert draft.image_urls == ("https://shop.example/1.jpg", "https://shop.example/2-800.jpg")


@pytest.mark.parametrize(
    ("offers", "price", "stock"),
    [
        ({"@type": "Offer", "price": "80", "availability": {"@id": "https://schema.org/BackOrder"}},
         "80.00", "preorder"),
        ({"@type": "AggregateOffer", "lowPrice": "80", "availability": "InStock",
          "offers": [{"@type": "Offer"}, {"availability": "OutOfStock"}]}, "80.00", "in-stock"),
        ({"@type": "AggregateOffer", "lowPrice": "80", "offers": [{"price": "85"}]}, "85.00", ""),
        ({"@set": [{"@type": "Offer", "price": "80"}]}, "80.00", ""),
    ],
)  # fmt: skip
def test_what_offers_leave_to_others(offers: Any, price: str, stock: str) -> None:
    (draft,) = page_read(
        script({"@type": "Product", "name": "Glide", "offers": offers}), URL
    ).drafts
    assert (str(draft.price), draft.availability) == (price, stock)


@pytest.mark.parametrize("wrap", [lambda o: o, lambda o: {"@type": "ItemPage", "mainEntity": o}])
def test_an_offer_may_tell_what_it_offers(wrap: Callable[[Any], Any]) -> None:
    told = {**OFFER, "itemOffered": {"@type": "Product", "name": "Glide", "brand": "Aero"}}

    (draft,) = page_read(script(wrap(told)), URL).drafts

    assert (draft.title, draft.brand, str(draft.price)) == ("Glide", "Aero", "80.00")


def test_codes_may_stand_in_offers_and_identifiers() -> None:
    sizes = [{"price": "80", "sku": f"G-1-{n}", "mpn": "M-1", "gtin13": g}
             for n, g in ((41, "4006381333931"), (42, "4006381333948"))]  # fmt: skip
    told = {"@type": "Product", "name": "Glide", "offers": sizes}
    named = [{"@type": "PropertyValue", "propertyID": "GTIN-13", "value": "4006381333931"},
             {"@type": "PropertyValue", "name": "SKU", "value": "G-1"}]  # fmt: skip

    (of_sizes,) = page_read(script(told), URL).drafts
    (of_one,) = page_read(script({**told, "offers": sizes[0]}), URL).drafts
    (of_names,) = page_read(script({**told, "identifier": named}), URL).drafts

    assert (of_sizes.sku, of_sizes.mpn, of_sizes.gtin) == ("", "M-1", ""), "each is a size's"
    assert (of_one.sku, of_one.mpn, of_one.gtin) == ("G-1-41", "M-1", "4006381333931")
    assert (of_names.sku, of_names.mpn, of_names.gtin) == ("G-1", "M-1", "4006381333931")


@pytest.mark.parametrize(
    "written",
    [
        '{"@type":"BreadcrumbList"}\n{GLIDE}',
        '{"@type":"BreadcrumbList"},{GLIDE};',
        "/* a product */ {GLIDE} // done",
        "<!-- [{GLIDE},] -->",
        "{'@type': 'Product', name: \"Glide\", brand: 'Aero', offers: [{price: 80.0,}]}",
    ],
)
@pytest.mark.parametrize("is_escaped", [False, True])
def test_what_is_nearly_json_is_read(written: str, is_escaped: bool) -> None:
    glide = '{"@type": "Product", "name": "Glide", "brand": "Aero", "offers": {"price": "80"},}'
    content = written.replace("{GLIDE}", glide)
    content = content.replace('"', "&quot;") if is_escaped else content

    (draft,) = page_read(f'<script type="application/ld+json">{content}</script>', URL).drafts

    assert (draft.title, draft.brand, str(draft.price)) == ("Glide", "Aero", "80.00")


def test_photos_may_be_an_ordered_list() -> None:
    told = {"@type": "Product", "name": "Glide", "image": {"@list": ["/1.jpg", "/2.jpg"]}}

    (draft,) = page_read(script(told), URL).drafts

    assert draft.image_urls == ("https://shop.example/1.jpg", "https://shop.example/2.jpg")


def named(*variants: str) -> list[tuple[str, str]]:
    told = [{"@type": "Product", "name": name, "sku": str(n), "image": "/1.jpg", "offers": OFFER}
            for n, name in enumerate(variants)]  # fmt: skip
    group = {"@type": "ProductGroup", "name": "Glide 42", "hasVariant": told}
    return [(draft.colour, draft.title) for draft in page_read(script(group), URL).drafts]


def test_variants_may_tell_colour_and_size_in_their_names_alone() -> None:
    assert named("Glide 42 - Red / 41", "Glide 42 - Red / 42", "Glide 42 - Lake / 41") == [
        ("Red", "Glide 42 - Red"),
        ("Lake", "Glide 42 - Lake"),
    ]
    assert named("Glide 42 - 41 / Red", "Glide 42 - 41 / Tan") == [
        ("Red", "Glide 42 - 41 / Red"),
        ("Tan", "Glide 42 - 41 / Tan"),
    ]
    assert named("Glide 42 - Tan") == [("Tan", "Glide 42 - Tan")]


def test_a_name_that_tells_no_colour_makes_none() -> None:
    assert named("Glide 42 - 41", "Glide 42 - 42") == [("", "Glide 42")]
    assert named("Glide 42 - Wide / 41", "Glide 42 - Slim / 41") == [("", "Glide 42 - Wide")]
    assert named("Glide 42", "Glide 42 - Red / 41") == [("", "Glide 42")]


def test_microdata_may_refer_to_items_that_stand_before_it_or_belong_to_two() -> None:
    html = """<p id=maker itemprop=brand itemscope itemtype="https://schema.org/Brand">by
        <b itemprop=name>Aero</b></p><ul id=photos><li><a itemprop=image href=/1.jpg>1</a></ul>
        <i id=loop itemprop=color>Red</i>
        <div itemscope itemtype="https://schema.org/Product" id=self
             itemref="maker photos loop none self">
        <h1 itemprop=name>Glide</h1></div>
        <div itemscope itemtype="https://schema.org/WebPage" itemref="maker"></div>"""

    (draft,) = page_read(html, URL).drafts

    assert (draft.title, draft.brand, draft.colour) == ("Glide", "Aero", "Red")
    assert draft.image_urls == ("https://shop.example/1.jpg",)


@pytest.mark.parametrize(
    "written",
    [
        "s.text = JSON.stringify({GLIDE});",
        "var data = {GLIDE}; s.text = JSON.stringify(data);",
        "s.innerHTML = '[{GLIDE}]';",
    ],
)
def test_what_a_script_would_put_into_the_page_is_read(written: str) -> None:
    glide = json.dumps({"@type": "Product", "name": "Glide", "offers": OFFER})
    start = "var s = document.createElement('script'); s.type = 'application/ld+json';"
    crumbs = script({"@type": "BreadcrumbList"})

    page = page_read(f"{crumbs}<script>{start} {written.replace('{GLIDE}', glide)}</script>", URL)

    assert [(draft.title, str(draft.price)) for draft in page.drafts] == [("Glide", "80.00")]


def test_the_price_of_members_is_not_the_price() -> None:
    members = {"price": "10", "validForMemberTier": {"@id": "#gold"}}
    told = {"@type": "Product", "name": "Glide"}
    specified = {**OFFER, "price": None, "priceSpecification": [members, {"price": "80"}]}

    for offers in (specified, [{**OFFER, **members}, OFFER]):
        (draft,) = page_read(script({**told, "offers": offers}), URL).drafts
        assert str(draft.price) == "80.00"


@pytest.mark.parametrize("next_", ["/list?page=3", "?page=3", None])
def test_a_part_of_a_list_may_come_as_json(next_: str | None) -> None:
    told = {
        "html": "<li><a class='x' href='/p/1'>1</a></li>", "next_url": next_,
        "products": [{"url": "/p/2", "images": [{"url": "/2.jpg"}], "name": "a / b"}],
    }  # fmt: skip

    page = page_read(json.dumps(told), "https://shop.example/list?page=2")

    assert page.links == ("https://shop.example/p/1", "https://shop.example/p/2")
    assert page.next_links == (("https://shop.example/list?page=3",) if next_ else ())
    assert page.drafts == ()


@pytest.mark.parametrize("written", ["{", "[1, 2", "[]", "{}", '{"url": 7, "next": {"a": "b"}}'])
def test_json_without_links_leads_nowhere(written: str) -> None:
    assert page_read(written, URL).links == ()


def test_the_stars_of_a_review_app_are_no_second_product() -> None:
    stars = {"@type": "Product", "@id": "#reviews", "name": "Glide", "aggregateRating": {"x": 5}}
    glide = {"@type": "Product", "name": "Glide", "sku": "G-1", "offers": OFFER}

    for blocks in ((glide, stars), (stars, glide)):
        (draft,) = page_read("".join(map(script, blocks)), URL).drafts
        assert (draft.sku, draft.url) == ("G-1", URL)
    (alone,) = page_read(script(stars), URL).drafts
    assert alone.title == "Glide"


@pytest.mark.parametrize(
    "written", [f"{URL}/", "http://shop.example/p/1", "//www.shop.example/p/1#x"]
)
def test_a_page_knows_its_own_product_by_an_address_that_is_nearly_its_own(written: str) -> None:
    others = [{"@type": "Product", "name": f"Other {n}", "url": f"/p/{n}"} for n in (2, 3)]
    glide = {"@type": "Product", "name": "Glide", "url": written, "offers": OFFER}

    page = page_read(script([*others, glide]), URL)

    assert [(draft.title, draft.url) for draft in page.drafts] == [("Glide", URL)]
    assert page.product_links == ("https://shop.example/p/2", "https://shop.example/p/3")


def test_variants_may_be_told_by_their_names_in_the_graph_alone() -> None:
    names = ["https://shop.example/p/1", "https://shop.example/p/2"]
    group = {"@type": "ProductGroup", "@id": "#g", "name": "Glide",
             "hasVariant": [{"@id": name} for name in names]}  # fmt: skip
    red = {
        "@type": "Product",
        "@id": names[0],
        "name": "Glide Red",
        "color": "Red",
        "offers": OFFER,
    }

    page = page_read(script([group, red]), URL)

    assert [draft.colour for draft in page.drafts] == ["Red"]
    assert page.product_links == ("https://shop.example/p/2",)


def test_offers_may_tell_which_colour_they_are_of() -> None:
    offers = [
        {**OFFER, "price": price, "itemOffered": {"@type": "Product", "color": colour, "sku": sku}}
        for colour, sku, price in (("Red", "G-1", "80"), ("Tan", "G-2", "75"))
    ]
    told = {"@type": "Product", "name": "Glide", "brand": "Aero",
            "offers": {"@type": "AggregateOffer", "lowPrice": "75", "offers": offers}}  # fmt: skip

    drafts = page_read(script(told), URL).drafts

    assert [(d.colour, d.sku, str(d.price), d.brand, d.model) for d in drafts] == [
        ("Red", "G-1", "80.00", "Aero", "Glide"),
        ("Tan", "G-2", "75.00", "Aero", "Glide"),
    ]


def test_types_may_bear_the_names_that_schema_orgs_context_gives_them() -> None:
    told = {"@context": "https://schema.org", "type": "Product", "name": "Glide",
            "brand": {"id": "#b"}, "offers": {"type": "Offer", **OFFER}}  # fmt: skip
    brand = {"@context": "https://schema.org", "id": "#b", "type": "Brand", "name": "Aero"}

    (draft,) = page_read(script([brand, told]), URL).drafts

    assert (draft.title, draft.brand, str(draft.price)) == ("Glide", "Aero", "80.00")


def test_lists_may_be_written_as_php_writes_those_with_gaps() -> None:
    told = {"@type": "Product", "name": "Glide", "image": {"1": "/1.jpg", "4": "/4.jpg"},
            "offers": {"0": {**OFFER, "price": "90"}, "2": OFFER}}  # fmt: skip

    (draft,) = page_read(script(told), URL).drafts

    assert (str(draft.price), draft.currency) == ("80.00", "EUR")
    assert draft.image_urls == ("https://shop.example/1.jpg", "https://shop.example/4.jpg")


def test_amounts_of_several_currencies_are_not_compared() -> None:
    told = {"@type": "Product", "name": "Glide",
            "offers": [OFFER, {**OFFER, "price": "70", "priceCurrency": "GBP"}]}  # fmt: skip

    (draft,) = page_read(script(told), URL).drafts

    assert (str(draft.price), draft.currency) == ("80.00", "EUR")
    assert page_read(script(told), URL, prefer=Prefer("GBP")).drafts[0].currency == "GBP"
