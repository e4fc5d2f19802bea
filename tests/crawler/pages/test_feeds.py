"""Items of product feeds as drafts."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from crawler.scraping.feeds.types import FeedItem, Trouble
from crawler.scraping.pages.feeds import (
    FeedDraft,
    FeedRules,
    columns_read,
    is_wanted,
    item_draft,
)

BASE = "https://shop.example/feed.xml"
NOW = datetime(2026, 11, 20, tzinfo=UTC)
FIELDS = {
    "id": "A1",
    "title": "Maker Low 1 Black/White 42",
    "link": "https://shop.example/p/a1?utm_source=g",
    "image_link": "https://cdn.example/1.jpg",
    "price": "89.90 EUR",
    "brand": "Maker",
    "availability": "in_stock",
    "color": "Black/White",
    "gtin": "4006381333931",
    "mpn": "M-1",
    "item_group_id": "G1",
    "size": "42",
    "gender": "male",
    "material": "Leather",
    "product_type": "Shoes > Sneakers",
    "google_product_category": "187",
    "description": "A <b>low</b> shoe.",
}


def item(**changes: Any) -> FeedItem:
    told = {**FIELDS, **changes}
    return FeedItem(1, {k: [v] if isinstance(v, str) else v for k, v in told.items() if v})


def read(rules: FeedRules | None = None, **changes: Any) -> FeedDraft:
    made = item_draft(item(**changes), base=BASE, rules=rules or FeedRules(), now=NOW)
    assert isinstance(made, FeedDraft), made
    return made


def test_every_field() -> None:
    draft = read().draft

    assert (draft.url, draft.title) == ("https://shop.example/p/a1", "Maker Low 1 Black/White")
    assert (draft.sku, draft.mpn, draft.gtin, draft.group_id) == (
        "A1",
        "M-1",
        "4006381333931",
        "G1",
    )
    assert (draft.price, draft.currency, draft.availability) == (
        Decimal("89.90"),
        "EUR",
        "in-stock",
    )
    assert (draft.brand, draft.colour, draft.gender) == ("Maker", "Black/White", "male")
    assert (draft.category, draft.material) == ("Shoes > Sneakers", "Leather")
    assert draft.description == "A low shoe."


@pytest.mark.parametrize(
    ("written", "price", "currency"),
    [
        ("15.00 USD", "15.00", "USD"),
        ("USD 15.00", "15.00", "USD"),
        ("15,00 EUR", "15.00", "EUR"),
        ("1.299,00 €", "1299.00", "EUR"),
        ("1,299.00 GBP", "1299.00", "GBP"),
        ("1 299,00 PLN", "1299.00", "PLN"),
        ("15", "15", ""),
        ("free", None, ""),
        ("0 USD", None, "USD"),
    ],
)
def test_prices(written: str, price: str | None, currency: str) -> None:
    draft = read(price=written).draft

    assert draft.price == (None if price is None else Decimal(price))
    assert draft.currency == currency


@pytest.mark.parametrize(
    ("span", "price"),
    [
        ("", "70"),
        ("2026-11-01T00:00+0100/2026-11-30T23:59+0100", "70"),
        ("2026-12-01T00:00Z/2026-12-30T23:59Z", "89.90"),
        ("2025-01-01/2025-02-01", "89.90"),
        ("whenever", "70"),
    ],
)
def test_a_sale_counts_while_it_is_on(span: str, price: str) -> None:
    draft = read(sale_price="70.00 EUR", sale_price_effective_date=span).draft

    assert draft.price == Decimal(price)


@pytest.mark.parametrize(
    ("written", "stock"),
    [
        ("in stock", "in-stock"),
        ("in_stock", "in-stock"),
        ("out of stock", "out-of-stock"),
        ("preorder", "preorder"),
        ("backorder", "preorder"),
        ("available for order", "preorder"),
        ("https://schema.org/InStock", "in-stock"),
        ("true", "in-stock"),
        ("no", "out-of-stock"),
        ("discontinued", "out-of-stock"),
        ("who knows", ""),
    ],
)
def test_stock(written: str, stock: str) -> None:
    assert read(availability=written).draft.availability == stock


def test_photos_in_all_the_ways_in_which_they_are_written() -> None:
    more = [
        "https://cdn.example/2.jpg,https://cdn.example/3.jpg?a=1&amp;b=2",
        "/4.jpg",
        "javascript:alert(1)",
        "https://u:p@cdn.example/5.jpg",
        "https://cdn.example/1.jpg",
    ]

    assert read(additional_image_link=more).draft.image_urls == (
        "https://cdn.example/1.jpg",
        "https://cdn.example/2.jpg",
        "https://cdn.example/3.jpg?a=1&b=2",
        "https://shop.example/4.jpg",
    )


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"title": ""}, "title-missing"),
        ({"title": "<b></b>"}, "title-missing"),
        ({"link": ""}, "link-missing"),
        ({"link": "javascript:alert(1)"}, "url-invalid"),
        ({"link": "file:///etc/passwd"}, "url-invalid"),
        ({"link": "https://user:secret@shop.example/p"}, "url-invalid"),
    ],
)
def test_an_item_that_cannot_be_a_listing_says_which_and_why(
    changes: dict[str, str], kind: str
) -> None:
    made = item_draft(item(**changes), base=BASE, rules=FeedRules(), now=NOW)

    assert isinstance(made, Trouble)
    assert made.kind == kind
    assert "Item 1 (A1)" in made.message
    assert "secret" not in made.message


def test_sizes_are_told_from_other_shoes() -> None:
    one = read()

    assert read(id="A2", size="43").is_size_of(one)
    assert not read(id="A2", size="43", color="Red").is_size_of(one)
    assert not read(id="A2", size="43", item_group_id="G2").is_size_of(one)
    assert not read(id="A2", size="").is_size_of(one)


@pytest.mark.parametrize(
    ("title", "size", "left"),
    [
        ("Maker Low - Black/White, 42", "42", "Maker Low - Black/White"),
        ("Maker Low (EU 42)", "42", "Maker Low"),
        ("Maker Low Size: 42", "42", "Maker Low"),
        ("Maker Low / Größe 42 2/3", "42 2/3", "Maker Low"),
        ("Maker Low Black/White 9.5", "9.5", "Maker Low Black/White"),
        ("Maker Kayano 30", "30", "Maker Kayano 30"),
        ("Maker Low 142", "42", "Maker Low 142"),
        ("Maker Low 42", "", "Maker Low 42"),
        ("42", "42", "42"),
    ],
)
def test_a_title_names_no_size(title: str, size: str, left: str) -> None:
    assert read(title=title, size=size).draft.title == left


def test_a_feed_with_names_of_its_own() -> None:
    rules = FeedRules(
        currency="CHF",
        columns=columns_read(["color = Farbe", "price=Preis Brutto", "nonsense"]),
    )

    draft = read(rules, color="", farbe="Rot", price="", **{"preis brutto": "12,50"}).draft

    assert (draft.colour, draft.price, draft.currency) == ("Rot", Decimal("12.50"), "CHF")


def test_wanted_by_type_or_category() -> None:
    assert is_wanted(item(), FeedRules(product_types=("SNEAKER",)))
    assert is_wanted(item(), FeedRules(product_types=("187",)))
    assert not is_wanted(item(), FeedRules(product_types=("hats",)))


def test_for_children() -> None:
    assert read(age_group="toddler", gender="female").draft.gender == "kids"


def test_a_title_of_100_kilobytes_is_cut() -> None:
    assert len(read(title="x" * 100_000).draft.title) == 500
