"""Published values, whatever form they come in, as plain text, prices, codes and addresses."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from price_parser import Price

Node = dict[str, Any]
"""One schema.org thing: property names without prefix → values as published."""

MAX_TEXT = 5_000
MAX_PRICE = Decimal(10) ** 10
_SPACE = re.compile(r"\s+")
_TAG = re.compile(r"<[a-zA-Z/!][^>]{0,500}>")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u200b\ufeff]")
_MACHINE_PRICE = re.compile(r"\d{1,10}(?:\.(?:\d{1,2}|\d{4,10}))?")
_NOT_OF_AMOUNT = re.compile(r"[^\d.,]")
_THOUSANDTHS = re.compile(r"\d{1,3}(?:,?\d{3})*\.\d{3}")
_OF_A_THOUSAND = {"BHD", "JOD", "KWD", "OMR", "TND"}
"""Currencies whose prices have three decimals (ISO 4217)."""
_EXPONENT = re.compile(r"\d{1,3}(?:\.\d{1,12})?[eE]\+?\d")
_NO_CENTS = re.compile(r"[.,]\s?[-–—]{1,2}(?!\d)")
_SIGNS = str.maketrans({"’": "'", "ʼ": "'", "′": "'", "٫": ".", "٬": ",", "，": ",", "．": "."})
_CURRENCY_CODE = re.compile(r"[A-Z]{3}")
_CODE_KIND = re.compile(r"^(?:gtin|ean|upc)(?:-?\d{1,2})?:", re.IGNORECASE)
"""Before a ``productID``: "gtin13:4006381333931"."""
_DIGITS = re.compile(r"\d{8}|\d{12,14}")

SYMBOLS = {
    "$": "USD", "US$": "USD", "€": "EUR", "euro": "EUR", "eur": "EUR", "£": "GBP", "₹": "INR",
    "zł": "PLN", "Kč": "CZK", "C$": "CAD", "CA$": "CAD", "A$": "AUD", "AU$": "AUD", "¥": "JPY",
    "Ft": "HUF", "Rp": "IDR", "Rs": "INR", "Rs.": "INR", "HK$": "HKD", "NT$": "TWD", "S$": "SGD",
    "NZ$": "NZD", "₫": "VND", "円": "JPY", "руб": "RUB", "руб.": "RUB", "د.إ": "AED", "ر.س": "SAR",
    "₩": "KRW", "₽": "RUB", "R$": "BRL", "₺": "TRY", "₴": "UAH", "₪": "ILS",
}  # fmt: skip


def each(value: Any) -> Iterator[Any]:
    """The values of a property that may hold none, one, or a list of lists."""
    stack = [value]
    for _ in range(10_000):
        if not stack:
            return
        top = stack.pop()
        if isinstance(top, dict) and (inner := top.get("@list") or top.get("@set")):
            top = inner if isinstance(inner, list) else [inner]
        if isinstance(top, dict) and top and all(name.isdecimal() for name in top):
            top = list(top.values())  # a list with gaps, as PHP writes it: {"1": …, "3": …}
        if isinstance(top, list):
            stack.extend(reversed(top))
        elif top is not None and top != "":
            yield top


def text(value: Any) -> str:
    """The first readable text in a property: a string, a number, or a thing with a name."""
    for one in each(value):
        if isinstance(one, bool):
            continue
        if isinstance(one, str | int | float | Decimal):
            cleaned = clean(str(one))
        elif isinstance(one, dict):
            cleaned = text([one.get(key) for key in ("name", "@value", "value", "title")])
        else:
            continue
        if cleaned:
            return cleaned
    return ""


def texts(value: Any) -> list[str]:
    """All readable texts in a property, in order, each once."""
    found = (text(one) for one in each(value))
    return list(dict.fromkeys(one for one in found if one))


def clean(raw: str) -> str:
    """One line of plain text: no markup, entities, control characters or runs of space."""
    raw = raw[: 4 * MAX_TEXT]
    if "&" in raw:
        raw = html.unescape(raw)
    if "<" in raw:
        raw = _TAG.sub(" ", raw)
    return _SPACE.sub(" ", _CONTROL.sub(" ", raw)).strip()[:MAX_TEXT]


def price_parse(value: Any, told: str = "") -> tuple[Decimal | None, str]:
    """An amount with two decimals, and the currency if the same text tells it.

    Machine notation ("129.9", 129.9) is read as such; anything else as people write it:
    "1.299,00 €", "from $89.95". Zero, negative and absurd amounts are not prices.

    Args:
        told: the currency, where it stands beside: "24.500" is 24½ dinars, but 24,500 elsewhere.
    """
    written = _western(text(value)[:100])
    currency = ""
    amount: Decimal | None = None
    if _MACHINE_PRICE.fullmatch(written) or _EXPONENT.fullmatch(written):
        amount = Decimal(written)
    elif written and not written.startswith("-"):
        try:
            parsed = Price.fromstring(written)
        except (ValueError, InvalidOperation):
            return None, ""
        amount, currency = parsed.amount, currency_parse(parsed.currency or "")
        digits = _NOT_OF_AMOUNT.sub("", written)
        if (currency or told) in _OF_A_THOUSAND and _THOUSANDTHS.fullmatch(digits):
            amount = Decimal(digits.replace(",", ""))
    if amount is None or not amount.is_finite() or not 0 < amount < MAX_PRICE:
        return None, currency
    amount = amount.quantize(Decimal("0.01"))
    return (amount if 0 < amount < MAX_PRICE else None), currency


def _western(written: str) -> str:
    """Digits and signs of other scripts as those that a price is read by: "١٢٩٫٥٠" → "129.50"."""
    if not written.isascii():
        written = unicodedata.normalize("NFKC", written).translate(_SIGNS)
        written = "".join(
            str(unicodedata.decimal(c)) if c.isdecimal() and not c.isascii() else c for c in written
        )
    # "129.–", "1.299,-": no cents.
    return _NO_CENTS.sub("", written)


def currency_parse(value: Any) -> str:
    """ISO 4217 code, or "" when unknown."""
    written = text(value)
    code = written.upper()
    return code if _CURRENCY_CODE.fullmatch(code) and code.isascii() else SYMBOLS.get(written, "")


def gtin_parse(node: Node) -> str:
    """The first global trade item number that has a valid length."""
    names = ("gtin", "gtin14", "gtin13", "gtin12", "gtin8", "ean", "upc", "productID")
    for name in names:
        for value in texts(node.get(name)):
            digits = _CODE_KIND.sub("", value).replace("-", "").replace(" ", "")
            if _DIGITS.fullmatch(digits) and digits.isascii():
                return digits
    return ""


def image_urls(value: Any) -> list[str]:
    """Addresses in an ``image`` property, as written: texts, ImageObjects, lists of both."""
    found: list[str] = []
    for one in each(value):
        if isinstance(one, dict):
            found += (u for key in ("contentUrl", "url", "@id") for u in image_urls(one.get(key)))
        elif isinstance(one, str):
            found.append(one.strip())
    return list(dict.fromkeys(url for url in found if url and not url.startswith("data:")))


def joined(values: Iterable[str], separator: str = " / ") -> str:
    return separator.join(values)
