"""What pages say beside their products: languages, currencies, other colours, RDFa; and rules."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from crawler.scraping.pages import Prefer, page_read
from crawler.scraping.pages.languages import language_pick
from crawler.scraping.pages.rules import UrlRules
from crawler.scraping.pages.sitemaps import SitemapEntry, is_sitemap, sitemap_read

URL = "https://shop.example/p/low-1"
LOW = {"@type": "Product", "name": "Low 1", "sku": "L1", "brand": "Maker"}


def html(node: Any = None, *, head: str = "", body: str = "") -> str:
    script = f'<script type="application/ld+json">{json.dumps(node)}</script>' if node else ""
    return f"<html lang=en_GB><head>{head}{script}</head><body>{body}</body></html>"


def offer(price: str, currency: str) -> dict[str, str]:
    return {"@type": "Offer", "price": price, "priceCurrency": currency}


@pytest.mark.parametrize(
    ("wanted", "price"), [("EUR", "90"), ("GBP", "80"), ("", "100"), ("JPY", "100")]
)
def test_the_wanted_currency_is_kept(wanted: str, price: str) -> None:
    offers = [offer("100", "USD"), offer("90", "EUR"), offer("80", "GBP")]

    (draft,) = page_read(html({**LOW, "offers": offers}), URL, prefer=Prefer(wanted)).drafts

    assert draft.price == Decimal(price)


def test_a_page_tells_its_language_and_the_others() -> None:
    head = (
        '<link rel="alternate" hreflang="de-AT" href="/at/p/low-1">'
        '<link rel="alternate" hreflang="x-default" href="/p/low-1">'
        '<link rel="alternate" type="application/rss+xml" href="/rss">'
    )

    page = page_read(html(LOW, head=head), URL)

    assert page.language == "en-gb"
    assert page.alternates == {"de-at": "https://shop.example/at/p/low-1", "x-default": URL}


@pytest.mark.parametrize(
    ("wanted", "url"),
    [("en", "/en"), ("en-GB", "/en"), ("en-US", "/us"), ("de", "/at"), ("de-CH", "/at"),
     ("fr", None)],
)  # fmt: skip
def test_which_language_is_read(wanted: str, url: str | None) -> None:
    assert language_pick({"en-us": "/us", "en": "/en", "de-at": "/at"}, wanted) == url


@pytest.mark.parametrize(
    "link",
    [
        '<ul class="product-swatches"><li><a href="/p/low-1-red">Red</a></li></ul>',
        '<div id="color-picker"><span><a href="/p/low-1-red"><img></a></span></div>',
        '<a href="/p/low-1-red">View all colours</a>',
        '<a href="/p/low-1-red" aria-label="3 more colors">+3</a>',
        '<a href="/p/low-1-red">Alle Farben</a>',
    ],
)
def test_other_colours_are_products(link: str) -> None:
    page = page_read(html(LOW, body=f'{link}<a href="/c/hats">Hats</a>'), URL)

    assert page.product_links == ("https://shop.example/p/low-1-red",)


@pytest.mark.parametrize(
    "link",
    ['<nav class="colours"><a href="/c/red">Red shoes</a></nav>',
     '<div class="colourful"><a href="/x">x</a></div>', '<a href="/about">Colour guide</a>'],
)  # fmt: skip
def test_other_links_are_only_links(link: str) -> None:
    assert page_read(html(LOW, body=link), URL).product_links == ()


def test_a_group_is_found_by_its_number() -> None:
    group = {"@type": "ProductGroup", "productGroupID": "g1", "name": "Low", "brand": "Maker"}
    product = {"@type": "Product", "name": "Low Red", "sku": "r", "color": "Red", "url": URL,
               "inProductGroupWithID": "g1"}  # fmt: skip

    (draft,) = page_read(html([group, product]), URL).drafts

    assert (draft.model, draft.group_id, draft.brand) == ("Low", "g1", "Maker")


def test_variants_without_sizes_and_with_other_photos_are_each_a_listing() -> None:
    def variant(sku: str, photo: str) -> dict[str, Any]:
        return {"@type": "Product", "sku": sku, "color": "Red", "image": photo}

    group = {"@type": "ProductGroup", "name": "Low", "variesBy": "https://schema.org/color",
             "hasVariant": [variant("a", "/a.jpg"), variant("b", "/b.jpg")]}  # fmt: skip

    drafts = page_read(html(group), URL).drafts

    assert [draft.sku for draft in drafts] == ["a", "b"]
    assert len({draft.url for draft in drafts}) == 2


def test_a_colour_that_all_sizes_share_may_stand_in_the_group() -> None:
    sizes = [{"@type": "Product", "sku": str(n), "size": str(n)} for n in (40, 41)]
    group = {"@type": "ProductGroup", "name": "Low", "color": "Red", "hasVariant": sizes}

    (draft,) = page_read(html(group), URL).drafts

    assert (draft.colour, draft.url) == ("Red", URL)


def test_rdfa() -> None:
    body = (
        '<div vocab="https://schema.org/" typeof="Product"><h1 property="name">Low 1</h1>'
        '<span property="brand" typeof="Brand"><b property="name">Maker</b></span>'
        '<img property="image" src="/1.jpg"><meta property="sku" content="L1">'
        '<div property="offers" typeof="Offer"><span property="price" content="89.90">89,90</span>'
        '<meta property="priceCurrency" content="EUR">'
        '<link property="availability" href="https://schema.org/InStock"></div></div>'
    )

    (draft,) = page_read(html(body=body), URL).drafts

    assert (draft.title, draft.brand, draft.sku) == ("Low 1", "Maker", "L1")
    assert (draft.price, draft.currency, draft.availability) == (
        Decimal("89.90"), "EUR", "in-stock",
    )  # fmt: skip
    assert draft.image_urls == ("https://shop.example/1.jpg",)


def test_rdfa_keeps_the_order_of_colours_and_photos() -> None:
    colours = [f"Colour {number}" for number in range(9)]
    photos = [f"/{number}.jpg" for number in range(9)]
    body = (
        '<div prefix="s: https://schema.org/"><div typeof="s:Product"><b property="s:name">Low</b>'
        + "".join(f'<b property="s:color">{colour}</b>' for colour in colours)
        + "".join(f'<a rel="s:image" href="{photo}">+</a>' for photo in photos)
        + '<p rel="s:offers"><b typeof="s:Offer"><i property="s:price">80</i></b></p></div></div>'
    )

    (draft,) = page_read(html(body=body), URL).drafts

    assert draft.colour == " / ".join(colours)
    assert draft.image_urls == tuple(f"https://shop.example{photo}" for photo in photos)


# --- rules and sitemaps ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("include", "exclude", "url", "allowed"),
    [
        ([], [], "https://s.example/x", True),
        (["/shoes/"], [], "https://s.example/shoes/low", True),
        (["/shoes/"], [], "https://s.example/sale/shoes/low", False),
        (["shoes"], [], "https://s.example/sale/SHOES", True),
        (["/p/*-shoe$"], [], "https://s.example/p/low-shoe", True),
        (["/p/*-shoe$"], [], "https://s.example/p/low-shoe?x=1", False),
        ([], ["outlet", "/a*b"], "https://s.example/axxb", False),
        (["/a"], ["/a/b"], "https://s.example/a/b", False),
        (["/"], [], "https://s.example", True),
        (["/a(b"], [], "https://s.example/a(b", True),
    ],
)
def test_rules_of_addresses(
    include: list[str], exclude: list[str], url: str, allowed: bool
) -> None:
    assert UrlRules(include, exclude).allows(url) is allowed


NAMES = (
    'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:xhtml="http://www.w3.org/1999/xhtml"'
    ' xmlns:image="http://www.google.com/schemas/sitemap-image/1.1"'
)


def test_a_sitemap_with_photos_and_languages() -> None:
    body = f"""<?xml version="1.0"?><urlset {NAMES}><url><loc> https://s.example/1 </loc>
        <lastmod>2026-01-01</lastmod>
        <xhtml:link rel="alternate" hreflang="DE" href="https://s.example/de/1"/>
        <image:image><image:loc>https://cdn.example/1.jpg</image:loc></image:image>
        <image:image><image:loc>https://cdn.example/2.jpg</image:loc></image:image>
        </url><url><priority>1</priority></url></urlset>""".encode()

    assert is_sitemap(body)
    assert list(sitemap_read(body)) == [
        SitemapEntry(
            loc="https://s.example/1",
            lastmod="2026-01-01",
            photos=["https://cdn.example/1.jpg", "https://cdn.example/2.jpg"],
            alternates={"de": "https://s.example/de/1"},
        )
    ]


def test_the_names_of_a_sitemap_may_bear_a_prefix() -> None:
    body = (
        b"<?xml version='1.0'?><sm:urlset xmlns:sm='http://www.sitemaps.org/schemas/sitemap/0.9'>"
    )
    body += b"<sm:url><sm:loc>https://s.example/1</sm:loc></sm:url></sm:urlset>"

    assert is_sitemap(body)
    assert list(sitemap_read(body)) == [SitemapEntry(loc="https://s.example/1")]


def test_a_sitemap_that_is_broken_gives_what_came_before() -> None:
    entries = sitemap_read(b"<urlset><url><loc>/1</loc></url><url><loc>/2")

    assert next(entries).loc == "/1"
    with pytest.raises(ValueError, match="line 1"):
        list(entries)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_sitemap_of_plain_text(end: str) -> None:
    addresses = [f"https://shop.example/p/{number}" for number in range(3)]
    body = b"\xef\xbb\xbf" + end.join(addresses).encode()

    assert is_sitemap(body)
    assert list(sitemap_read(body)) == [SitemapEntry(loc=url) for url in addresses]
    assert is_sitemap(addresses[0].encode())


@pytest.mark.parametrize(
    "body",
    [
        b"""<?xml version="1.0"?><rss version="2.0"><channel><link>https://s.example/</link>
        <item><title>One</title><link>https://s.example/1</link><pubDate>Mon</pubDate></item>
        <item><title>Two</title><link> https://s.example/2 </link></item></channel></rss>""",
        b"""<feed xmlns="http://www.w3.org/2005/Atom"><link rel="self" href="https://s.example/f"/>
        <entry><link rel="edit" href="https://s.example/edit"/>
        <link rel="alternate" href="https://s.example/1"/></entry>
        <entry><link href="https://s.example/2"/></entry></feed>""",
    ],
)
def test_feeds_are_sitemaps_too(body: bytes) -> None:
    assert is_sitemap(body)
    assert list(sitemap_read(body)) == [
        SitemapEntry(loc="https://s.example/1"),
        SitemapEntry(loc="https://s.example/2"),
    ]


def test_when_an_entry_of_atom_changed_is_told() -> None:
    body = b"""<feed xmlns="http://www.w3.org/2005/Atom"><entry><link href="/1"/>
        <published>2026-01-01</published><updated>2026-02-02</updated></entry></feed>"""

    assert [entry.lastmod for entry in sitemap_read(body)] == ["2026-02-02"]


@pytest.mark.parametrize(
    "body", [b"", b"Shoes", b"https://shop.example/ is our shop", b"<p>https://shop.example/</p>"]
)
def test_other_texts_are_no_sitemap(body: bytes) -> None:
    assert not is_sitemap(body)
