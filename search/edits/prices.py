"""Prices in a sentence: "under 80", "zwischen 50 und 80 Euro", "5만원 이하"."""
# ruff: noqa: E501 - a table reads better than its wrapped lines

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from search.edits.numbers import korean_numbers, numbers

_WRITTEN: Final = numbers() | korean_numbers()
_IN_WORDS: Final = (
    rf"\b(?:{'|'.join(sorted(numbers(), key=len, reverse=True))})\b"
    rf"|(?:{'|'.join(sorted(korean_numbers(), key=len, reverse=True))})(?=[만천]\s?원)"
)
_N: Final = (
    r"(?P<{0}>\d{{1,3}}(?:[.,]\d{{3}})+(?![\d.,]*\d)|\d{{1,7}}(?:[.,]\d{{1,2}})?|" + _IN_WORDS + ")"
    r"(?!\d)(?P<{0}k>\s?만|\s?천)?"
)
_SIGN: Final = r"(?:[€$£₩]|eur\b|usd\b|gbp\b|krw\b)"
_UNIT: Final = (
    r"(?:\s?(?:[€$£₩]|euros?\b|eur\b|usd\b|gbp\b|krw\b|us-?dollars?\b|dollars?\b|dolares\b|bucks\b"
    r"|pounds?\b|quid\b|libras\b|won\b|원|유로|달러))"
)


def _number(name: str) -> str:
    return rf"(?:{_SIGN}\s?)?{_N.format(name)}{_UNIT}?"


def _money(name: str) -> str:
    """A number that says that it is money."""
    n = _N.format(name)
    return rf"(?:{_SIGN}\s?{n}{_UNIT}?|{_N.format(name + '2')}{_UNIT})"


_NOT_MORE: Final = (
    r"(?:(?:no|not) (?:more|higher|pricier|dearer) th[ae]n|not (?:over|above|exceeding)|nicht mehr als|"
    r"no (?:se )?(?:pasen?|superen?|excedan?)(?: de)?(?: los)?|"
    r"nicht (?:uber|ueber)|nicht teurer als|no mas (?:caras? |caros? )?(?:de|que))"
)
_NOT_LESS: Final = (
    r"(?:(?:no|not) (?:less|cheaper|lower) th[ae]n|not (?:under|below)|nicht weniger als|nicht unter|"
    r"no menos de)"
)
_LESS: Final = (
    r"(?:less th[ae]n|sub-?|lower th[ae]n|cheaper th[ae]n|under|underneath|below|beneath|(?<!air )max(?:imum|imal|\.)?"
    r"(?: of| price| is)?|at most|up ?to|(?:price )?limit(?: of| is|:)?|up until|within|"
    r"capped at|budget (?:of|is|around|about)|my budget is|"
    r"unter|bis(?: zu)?|hochstens|weniger als|billiger als|gunstiger als|guenstiger als|menos de|hasta|por debajo de|maximo(?: de)?|como maximo"
    r"|inferior a|tope(?: de)?|mas barato que|mas baratas? que|bajo|<=|=<|≤|<)"
)
_MORE: Final = (
    r"(?:more th[ae]n|greater than|higher than|pricier than|more expensive than|dearer than|over|above|"
    r"at least|min(?:imum|imal|destens)?(?: of| price| is)?|starting (?:at|from)|upwards? of|"
    r"exceeds?|exceeding|beyond|"
    r"mehr als|teurer als|uber|ueber|ab|mas de|desde|a partir de|"
    r"por encima de|minimo(?: de)?|como minimo|al menos|superior a|mas caro que|>=|=>|≥|>)"
)
_NO_MORE: Final = r"(?!\s+(?!please\b|and\b|but\b|in\b|with\b)[a-z])"
"""Nothing that "more" would be about: "Air Jordan 1 and more elegant" has no price."""
_THAN_LESS: Final = (
    r"(?:or (?:less|under|below|cheaper|lower)|and (?:under|below|less)"
    + _NO_MORE
    + r"|max(?:imum|imal)?\b|tops\b|"
    r"at (?:the )?most|oder (?:weniger|gunstiger|billiger)|hochstens|o menos|como maximo|maximo|"
    r"이하|미만|까지|아래|안쪽|이내|밑으로|(?:을 |를 )?안 넘|(?:을 |를 )?넘지 않|보다 (?:싼|저렴한|싸게|저렴하게|낮은))"
)
_THAN_MORE: Final = (
    r"(?:or (?:more|over|above|higher)|(?:and )?(?:up|upwards?|over|above|more)"
    + _NO_MORE
    + r"|plus\b|\+|minimum\b|at least|"
    r"oder mehr|o mas|como minimo|이상|초과|부터|넘는|넘고|넘어|보다 (?:비싼|비싸게))"
)
_ABOUT: Final = r"(?:around|about|approximately|approx\.?|roughly|um die|circa|ca\.?|etwa|ungefahr|unos|sobre|alrededor de|약|대략)"
_PRICED: Final = (
    r"(?:prices?|costs?|costing|budget(?:'?s)?|preis|precio|kostet|kosten|presupuesto|cuestan?|가격|예산)(?:대|은|는|이|가)?"
    r"(?:\s?(?:is|are|of|=|:|at|ist|es|de|should be|around|about)\s?)*\s?"
)
_NOT_SIZE: Final = r"(?<![\w.])(?<!size )(?<!size: )(?<!sizes )(?<!grosse )(?<!talla )(?<!사이즈 )"

_FORMS: Final = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("range", rf"(?<!\w)(?:between|zwischen|entre)\s{_number('a')}\s?(?:and|und|y|to|-|&)\s?{_number('b')}"),
        ("range", rf"{_NOT_SIZE}(?:(?:from|von|de|desde)\s)?{_number('a')}\s?(?:-|~|up to\b|to\b|till\b|until\b|bis\b|hasta\b|a\b|에서|부터|까지)\s?{_number('b')}(?:\s?(?:사이|까지))?"),
        ("range", rf"{_NOT_SIZE}{_number('a')}\s?/\s?{_money('b')}"),
        ("decade", rf"{_NOT_SIZE}{_number('a')}대(?!\s?(?:이하|미만|까지|이상|초과|부터|사이|에서|안))"),
        ("range", rf"(?:{_PRICED}){_number('a')}\s?(?:and|und|y)\s?{_number('b')}"),
        ("less", rf"(?<!\w){_NOT_MORE}\s?{_number('a')}"),
        ("more", rf"(?<!\w){_NOT_LESS}\s?{_number('a')}"),
        ("less", rf"(?<!\w){_LESS}\s?{_number('a')}"),
        ("more", rf"(?<!\w){_MORE}\s?{_number('a')}"),
        ("less", rf"{_NOT_SIZE}{_number('a')}\s?{_THAN_LESS}"),
        ("more", rf"{_NOT_SIZE}{_number('a')}\s?{_THAN_MORE}"),
        ("more", rf"(?<!\w)from\s{_money('a')}"),
        ("about", rf"(?<!\w){_ABOUT}\s?{_money('a')}"),
        ("about", rf"{_PRICED}{_ABOUT}\s?{_number('a')}"),
        ("about", rf"{_NOT_SIZE}{_number('a')}(?:\s?(?:쯤|정도|안팎|내외)|-?ish\b)"),
        ("less", rf"{_PRICED}{_number('a')}"),
        ("less", rf"{_NOT_SIZE}{_money('a')}"),
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Price:
    """A price said at ``start`` … ``end`` of a sentence; None: open on that side."""

    start: int
    end: int
    low: Decimal | None
    high: Decimal | None


def prices_find(folded: str) -> list[Price]:
    """Every price, in order, none within another."""
    found: list[Price] = []
    for kind, pattern in _FORMS:
        for match in pattern.finditer(folded):
            if any(match.start() < one.end and one.start < match.end() for one in found):
                continue
            low, high = _bounds(kind, match)
            if low != high:
                found.append(Price(match.start(), match.end(), low, high))
    return sorted(found, key=lambda price: price.start)


def price_value(low: Decimal | None, high: Decimal | None) -> str:
    """``<80``, ``>50`` or ``50-80``. At least one bound is given.

    >>> price_value(Decimal("50.00"), Decimal(80))
    '50-80'
    """
    if low is None:
        return f"<{_spelled(high)}"
    return f">{_spelled(low)}" if high is None else f"{_spelled(low)}-{_spelled(high)}"


def price_bounds(value: str) -> tuple[Decimal | None, Decimal | None]:
    """The other way: ``"50-80"`` → (50, 80), ``"<80"`` → (None, 80).

    ``ValueError`` if it is none.
    """
    match = re.fullmatch(
        r"(?:([<>])(\d{1,9}(?:\.\d{1,2})?)|(\d{1,9}(?:\.\d{1,2})?)-(\d{1,9}(?:\.\d{1,2})?))", value
    )
    if match is None:
        raise ValueError(f"“{value[:40]}” is not a price. Write it like <80, >50 or 50-80.")
    sign, one, low, high = match.groups()
    if sign:
        return (None, Decimal(one)) if sign == "<" else (Decimal(one), None)
    if Decimal(low) >= Decimal(high):
        raise ValueError("The lower price of a range comes first.")
    return Decimal(low), Decimal(high)


def _bounds(kind: str, match: re.Match[str]) -> tuple[Decimal | None, Decimal | None]:
    amount = _amount(match, "a")
    if kind == "range":
        other = _amount(match, "b")
        if match["bk"] and not match["ak"] and amount < 1000:  # "3-5만원"
            amount *= _factor(match["bk"])
        return min(amount, other), max(amount, other)
    if kind == "decade":  # "5만원대" is 50000-60000, "10만원대" 100000-200000
        step = Decimal(10) ** (len(f"{amount:f}") - len(f"{amount:f}".rstrip("0")))
        return amount, amount + step
    if kind == "about":
        return amount * Decimal("0.9"), amount * Decimal("1.1")
    return (None, amount) if kind == "less" else (amount, None)


def _amount(match: re.Match[str], name: str) -> Decimal:
    if match[name] is None:
        name += "2"
    text = match[name]
    if text in _WRITTEN:
        return Decimal(_WRITTEN[text]) * _factor(match[name + "k"])
    if re.fullmatch(r"\d{1,3}(?:[.,]\d{3})+", text):
        text = re.sub(r"[.,]", "", text)
    return Decimal(text.replace(",", ".")) * _factor(match[name + "k"])


def _factor(unit: str | None) -> int:
    return {"만": 10_000, "천": 1_000}.get((unit or "").strip(), 1)


def _spelled(amount: Decimal | None) -> str:
    return f"{(amount or Decimal(0)).quantize(Decimal('0.01')).normalize():f}"
