"""Prices, currencies, availabilities and texts in the forms in which shops write them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.scraping.pages.stock import availability_parse
from crawler.scraping.pages.values import (
    clean,
    currency_parse,
    each,
    gtin_parse,
    image_urls,
    price_parse,
    text,
    texts,
)


@pytest.mark.parametrize(
    ("written", "amount", "currency"),
    [
        ("129.9", "129.90", ""),
        (129.9, "129.90", ""),
        (89, "89.00", ""),
        ("129.000000", "129.00", ""),
        ("1.299,00 €", "1299.00", "EUR"),
        ("$1,299.00", "1299.00", "USD"),
        ("1 299,00 zł", "1299.00", "PLN"),
        ("CHF 1'299.50", "1299.50", "CHF"),
        ("₹ 1,29,900.00", "129900.00", "INR"),
        ("from 89,95 EUR", "89.95", "EUR"),
        ("89,95 – 99,95 €", "89.95", "EUR"),
        (["", "49.50"], "49.50", ""),
        ("CHF 1’299.–", "1299.00", "CHF"),
        ("1.299,- kr", "1299.00", ""),
        ("1\u202f299,00\xa0€", "1299.00", "EUR"),
        ("12.900 Ft", "12900.00", "HUF"),
        ("￥12,900", "12900.00", "JPY"),
        ("12,900円", "12900.00", "JPY"),
        ("Rp 1.299.000", "1299000.00", "IDR"),
        ("HK$899", "899.00", "HKD"),
        ("R$ 1.299,90", "1299.90", "BRL"),
        ("12 990 руб.", "12990.00", "RUB"),
        ("AED 299.00", "299.00", "AED"),
        ("١٢٩٫٥٠", "129.50", ""),
        ("１２９", "129.00", ""),
        ("1e3", "1000.00", ""),
        ("24.500 KWD", "24.50", "KWD"),
        ("OMR 1,024.500", "1024.50", "OMR"),
        ("24,500 KWD", "24500.00", "KWD"),
    ],
)
def test_prices_of_every_country(written: Any, amount: str, currency: str) -> None:
    assert price_parse(written) == (Decimal(amount), currency)


@pytest.mark.parametrize(
    ("told", "amount"), [("BHD", "24.50"), ("EUR", "24500.00"), ("", "24500.00")]
)
def test_the_currency_tells_what_a_dot_before_three_digits_means(told: str, amount: str) -> None:
    assert price_parse("24.500", told)[0] == Decimal(amount)
    assert price_parse("24.50", told)[0] == Decimal("24.50")


@pytest.mark.parametrize(
    "written", ["", "0", 0, "-5", "Free", "sold out", None, True, "9" * 40, float("inf"), {}, []]
)
def test_what_is_no_price(written: Any) -> None:
    assert price_parse(written)[0] is None


@given(st.decimals(min_value="0.01", max_value="999999.99", places=2))
def test_machine_prices_are_read_back(amount: Decimal) -> None:
    assert price_parse(str(amount)) == (amount, "")


@given(st.text())
def test_any_text_as_a_price_is_a_price_or_none(written: str) -> None:
    amount, currency = price_parse(written)

    assert amount is None or 0 < amount < 10**10
    assert currency == "" or (len(currency) == 3 and currency.isupper())


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("https://schema.org/InStock", "in-stock"),
        ("http://schema.org/LimitedAvailability", "in-stock"),
        ("InStock", "in-stock"),
        ("in stock", "in-stock"),
        ("instock", "in-stock"),
        ("https://schema.org/OutOfStock", "out-of-stock"),
        ("SoldOut", "out-of-stock"),
        ("out of stock", "out-of-stock"),
        ("https://schema.org/PreOrder", "preorder"),
        ("schema:BackOrder", "preorder"),
        ("available for order", "preorder"),
        ("Auf Lager", "in-stock"),
        ("Nicht auf Lager.", "out-of-stock"),
        ("En rupture de stock", "out-of-stock"),
        ("在庫あり", "in-stock"),
        ("нет в наличии", "out-of-stock"),
        ("Précommande", "preorder"),
        ("perhaps", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_availability(written: Any, value: str) -> None:
    assert availability_parse(written) == value


@pytest.mark.parametrize(
    ("written", "code"),
    [("USD", "USD"), ("usd", "USD"), ("€", "EUR"), ("euro", "EUR"), ("??", ""), ("ÄÖÜ", "")],
)
def test_currency(written: str, code: str) -> None:
    assert currency_parse(written) == code


def test_texts_are_one_line_without_markup() -> None:
    assert clean(" Air&nbsp;Max\n<b>90</b>\x00 &amp; more ") == "Air Max 90 & more"
    assert clean("size < 40 > 30") == "size < 40 > 30"


def test_a_text_may_be_nested() -> None:
    assert text([None, "", {"@type": "Brand", "name": ["Maker"]}]) == "Maker"
    assert texts(["Red", {"name": "White"}, "Red"]) == ["Red", "White"]
    assert list(each([["a", ["b"]], "c", None])) == ["a", "b", "c"]


def test_codes_and_pictures() -> None:
    assert gtin_parse({"productID": "gtin13:4006381333931"}) == "4006381333931"
    assert gtin_parse({"ean": "123", "gtin13": "4006381333931"}) == "4006381333931"
    assert image_urls(
        ["/a.jpg", {"@type": "ImageObject", "contentUrl": "/b.jpg"}, "data:image/png;base64,x",
         {"url": ["/a.jpg", "/c.jpg"]}]
    ) == ["/a.jpg", "/b.jpg", "/c.jpg"]  # fmt: skip
