"""What a visitor narrows the catalog down to: a value object that round-trips to an address."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation

from django.http import QueryDict

from catalog.colours import BY_SLUG
from catalog.exceptions import FilterError
from catalog.models import Category, Gender, Height
from catalog.types import MAX_NAME

__all__ = ["CatalogFilter", "FilterError"]

MAX_VALUES = 50
MAX_PRICE = Decimal("9999999999.99")

_SLUG = re.compile(r"[-a-zA-Z0-9_]+\Z")
_MODEL = re.compile(r"[-a-zA-Z0-9_]+/[-a-zA-Z0-9_]+\Z")
_PRICE = re.compile(r"\d{1,10}(\.\d{1,2})?\Z", re.ASCII)

FIELDS = {
    "brand": "brands",
    "model": "models",
    "colour": "colours",
    "height": "heights",
    "category": "categories",
    "gender": "genders",
    "shop": "retailers",
}
"""Name in an address → attribute, for what takes several values."""

CLOSED = {
    "colour": frozenset(BY_SLUG),
    "height": frozenset(Height.values),
    "category": frozenset(Category.values),
    "gender": frozenset(Gender.values),
}
"""Vocabularies that never grow by crawling: any other value was forged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogFilter:
    """Values of one name widen (black or white); different names narrow (black, and high)."""

    brands: tuple[str, ...] = ()
    """Slugs, sorted, each once; so are all others."""
    models: tuple[str, ...] = ()
    """``brand-slug/model-slug``."""
    colours: tuple[str, ...] = ()
    heights: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    genders: tuple[str, ...] = ()
    retailers: tuple[str, ...] = ()
    price_min: Decimal | None = None
    """In SHOEFINDER_CURRENCY, inclusive."""
    price_max: Decimal | None = None
    available: bool = False
    """True: only what a shop says it can deliver. False: everything."""

    def __post_init__(self) -> None:
        for attribute in FIELDS.values():
            object.__setattr__(self, attribute, tuple(sorted(set(getattr(self, attribute)))))

    @classmethod
    def from_query(cls, params: QueryDict) -> CatalogFilter:
        """Read the names brand, model, colour, height, category, gender, shop, price_min,
        price_max and available; other names are not looked at, empty values do not count.

        Raises:
            FilterError: a value that no form of ours can send. An unknown brand, model or shop is
                no error: it matches nothing.
        """
        price_min = _price(params, "price_min")
        price_max = _price(params, "price_max")
        if price_min is not None and price_max is not None and price_min > price_max:
            raise FilterError("The lowest price is above the highest one.")
        return cls(
            **{attribute: _values(params, name) for name, attribute in FIELDS.items()},
            price_min=price_min,
            price_max=price_max,
            available=_flag(params, "available"),
        )

    def to_query(self) -> list[tuple[str, str]]:
        """Names and values for an address, in one canonical order; `from_query` reads them back."""
        pairs = [(name, value) for name, field in FIELDS.items() for value in getattr(self, field)]
        if self.price_min is not None:
            pairs.append(("price_min", f"{self.price_min:f}"))
        if self.price_max is not None:
            pairs.append(("price_max", f"{self.price_max:f}"))
        if self.available:
            pairs.append(("available", "1"))
        return pairs

    @property
    def is_empty(self) -> bool:
        return self == CatalogFilter()

    def values(self, name: str) -> tuple[str, ...]:
        """What is chosen under a name of the address, e.g. ``values("shop")``."""
        found: tuple[str, ...] = getattr(self, FIELDS[name])
        return found

    def adding(self, name: str, value: str) -> CatalogFilter:
        return self._with_values(name, (*self.values(name), value))

    def without(self, name: str, value: str | None = None) -> CatalogFilter:
        """The same without one value, or without all values of a name."""
        if name in {"price_min", "price_max"}:
            return replace(self, **{name: None})  # type: ignore[arg-type]
        if name == "available":
            return replace(self, available=False)
        kept = () if value is None else (v for v in self.values(name) if v != value)
        return self._with_values(name, kept)

    def _with_values(self, name: str, values: Iterable[str]) -> CatalogFilter:
        return replace(self, **{FIELDS[name]: tuple(values)})  # type: ignore[arg-type]


def _values(params: QueryDict, name: str) -> tuple[str, ...]:
    values = tuple(value for value in params.getlist(name) if value)
    if len(values) > MAX_VALUES:
        raise FilterError(f"At most {MAX_VALUES} values of “{name}” can be chosen at once.")
    allowed = CLOSED.get(name)
    pattern, longest = (_MODEL, 2 * MAX_NAME + 1) if name == "model" else (_SLUG, MAX_NAME)
    for value in values:
        known = value in allowed if allowed else len(value) <= longest and pattern.match(value)
        if not known:
            raise FilterError(f"“{_shown(value)}” is not a value of the filter “{name}”.")
    return values


def _price(params: QueryDict, name: str) -> Decimal | None:
    text = (params.get(name) or "").strip()
    if not text:
        return None
    try:
        # 49.90 and 49.9 are one filter, and so one address.
        price = Decimal(text).normalize() if _PRICE.match(text) else None
    except InvalidOperation:  # pragma: no cover - the pattern leaves nothing that fails
        price = None
    if price is None or price > MAX_PRICE:
        raise FilterError(f"“{_shown(text)}” is not a price. Write it like 49.90.")
    return price


def _flag(params: QueryDict, name: str) -> bool:
    text = params.get(name) or ""
    if text not in {"", "0", "1", "on", "true", "false"}:
        raise FilterError(f"“{_shown(text)}” is not a value of the filter “{name}”.")
    return text in {"1", "on", "true"}


def _shown(text: str) -> str:
    """Forged text in a message: short and printable."""
    clean = "".join(char if char.isprintable() else "·" for char in text[:40])
    return clean + ("…" if len(text) > 40 else "")
