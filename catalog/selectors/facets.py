"""Filters with counts. What is chosen under one name does not narrow the counts of that name."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.core.cache import cache
from django.db.models import Count, Max, Min, QuerySet

from catalog.colours import BY_SLUG
from catalog.filters import CatalogFilter
from catalog.models import (
    Brand,
    Category,
    Colorway,
    ColorwayColour,
    Gender,
    Height,
    Listing,
    Retailer,
    ShoeModel,
)
from catalog.selectors.matching import colorways_matching, models_named

MAX_SHOWN = 40
"""Values of one facet; those with the highest counts, and whatever is chosen."""
CACHE_FROM = 5_000
"""Colorways from which counts are kept for a while: counting 100,000 rows takes longer than
anything else on the page, and nobody sees whether it is 31,204 or 31,209."""
CACHE_SECONDS = 60

LABELS = {
    "brand": "Brand",
    "model": "Model",
    "colour": "Colour",
    "height": "Height",
    "category": "Kind",
    "gender": "For",
    "shop": "Shop",
    "available": "Availability",
    "price": "Price",
}
_COLUMNS = {"category": Category, "height": Height, "gender": Gender}


@dataclass(frozen=True, slots=True)
class FacetValue:
    slug: str
    """What goes into the address."""
    label: str
    count: int
    """Colorways that this choice alone would show, under all other filters."""
    selected: bool


@dataclass(frozen=True, slots=True)
class Facet:
    name: str
    """As in the address: brand, model, colour, height, category, gender, shop, available, price."""
    label: str
    values: tuple[FacetValue, ...] = ()
    """Empty for price, which has ``low`` and ``high`` instead."""
    low: Decimal | None = None
    high: Decimal | None = None

    @property
    def is_selected(self) -> bool:
        return any(value.selected for value in self.values)


def facets(*, filters: CatalogFilter) -> list[Facet]:
    """One facet for each name in `LABELS`, in that order. At most 20 queries, whatever is there;
    none when a large catalog was asked the same within the last minute."""
    key = "facets:" + hashlib.sha256(urlencode(filters.to_query()).encode()).hexdigest()
    kept: list[Facet] | None = cache.get(key)
    if kept is not None:
        return kept
    found = list(_facets(filters))
    if Colorway.objects.order_by()[CACHE_FROM : CACHE_FROM + 1].exists():
        cache.set(key, found, CACHE_SECONDS)
    return found


def _facets(filters: CatalogFilter) -> Iterable[Facet]:
    shared = _Columns(filters)
    yield Facet("brand", LABELS["brand"], _brands(filters))
    yield Facet("model", LABELS["model"], _models(filters))
    yield Facet("colour", LABELS["colour"], _colours(filters))
    for name in ("height", "category", "gender"):
        yield Facet(name, LABELS[name], shared.values(name))
    yield Facet("shop", LABELS["shop"], _shops(filters))
    yield Facet(
        "available",
        LABELS["available"],
        (FacetValue("1", "In stock", shared.available(), filters.available),),
    )
    low, high = shared.prices()
    yield Facet("price", LABELS["price"], (), low, high)


class _Columns:
    """Counts of the columns of Colorway itself: those that are not filtered by share one query.

    Without any filter each is counted by itself, from its index alone: at 100,000 rows that takes
    a fifth of the time of one pass over the table.
    """

    def __init__(self, filters: CatalogFilter) -> None:
        self._filters = filters
        self._counts: dict[str, Counter[Any]] = {name: Counter() for name in _COLUMNS}
        self._available = 0
        self._low: Decimal | None = None
        self._high: Decimal | None = None
        if filters.is_empty:
            self._count_each()
        else:
            self._count_together()

    def _count_each(self) -> None:
        rows = Colorway.objects.order_by()
        self._counts = {name: _counted(rows, name) for name in _COLUMNS}
        self._available = rows.filter(is_available=True).count()
        # Two queries: SQLite goes to the end of an index for one extreme, and scans for both.
        self._low = rows.aggregate(low=Min("price"))["low"]
        self._high = rows.aggregate(high=Max("price"))["high"]

    def _count_together(self) -> None:
        lows, highs = [], []
        rows = (
            colorways_matching(self._filters)
            .values_list("category", "height", "gender", "is_available")
            .annotate(n=Count("id"), low=Min("price"), high=Max("price"))
        )
        for category, height, gender, available, n, low, high in rows:
            self._counts["category"][category] += n
            self._counts["height"][height] += n
            self._counts["gender"][gender] += n
            self._available += n if available else 0
            lows.append(low)
            highs.append(high)
        self._low = min((low for low in lows if low is not None), default=None)
        self._high = max((high for high in highs if high is not None), default=None)

    def values(self, name: str) -> tuple[FacetValue, ...]:
        chosen = self._filters.values(name)
        counts = self._counts[name]
        if chosen:
            counts = _counted(colorways_matching(self._filters.without(name)), name)
        return tuple(
            FacetValue(value, str(label), counts[value], value in chosen)
            for value, label in _COLUMNS[name].choices
            if counts[value] or value in chosen
        )

    def available(self) -> int:
        if not self._filters.available:
            return self._available
        return colorways_matching(self._filters).count()

    def prices(self) -> tuple[Decimal | None, Decimal | None]:
        if self._filters.price_min is None and self._filters.price_max is None:
            return self._low, self._high
        free = colorways_matching(self._filters.without("price_min").without("price_max"))
        found = free.aggregate(low=Min("price"), high=Max("price"))
        return found["low"], found["high"]


def _brands(filters: CatalogFilter) -> tuple[FacetValue, ...]:
    counts = _counted(colorways_matching(filters.without("brand")), "brand_id")
    shown = _top(counts)
    chosen = Brand.objects.filter(slug__in=filters.brands) if filters.brands else ()
    rows = {brand.pk: brand for brand in (*Brand.objects.filter(id__in=shown), *chosen)}
    return _values(((b.slug, b.name, counts[b.pk]) for b in rows.values()), chosen=filters.brands)


def _models(filters: CatalogFilter) -> tuple[FacetValue, ...]:
    counts = _counted(colorways_matching(filters.without("model")), "model_id")
    shown = ShoeModel.objects.select_related("brand")
    chosen = models_named(filters.models).select_related("brand") if filters.models else ()
    rows = {model.pk: model for model in (*shown.filter(id__in=_top(counts)), *chosen)}
    one_brand = len({model.brand_id for model in rows.values()}) == 1
    return _values(
        (
            (f"{m.brand.slug}/{m.slug}", m.name if one_brand else str(m), counts[m.pk])
            for m in rows.values()
        ),
        chosen=filters.models,
    )


def _colours(filters: CatalogFilter) -> tuple[FacetValue, ...]:
    rest = filters.without("colour")
    rows = ColorwayColour.objects.order_by()
    if not rest.is_empty:
        rows = rows.filter(colorway_id__in=colorways_matching(rest).values("id"))
    # A colour may stand twice in one colorway ("black / black").
    counts = dict(rows.values_list("colour").annotate(n=Count("colorway_id", distinct=True)))
    return _values(
        (
            (slug, BY_SLUG[slug].name.capitalize(), counts.get(slug, 0))
            for slug in {*counts, *filters.colours}
            if slug in BY_SLUG
        ),
        chosen=filters.colours,
    )


def _shops(filters: CatalogFilter) -> tuple[FacetValue, ...]:
    rest = filters.without("shop")
    rows = Listing.objects.filter(vanished_at=None, colorway__isnull=False).order_by()
    if not rest.is_empty:
        rows = rows.filter(colorway_id__in=colorways_matching(rest).values("id"))
    counts = Counter(
        dict(rows.values_list("retailer_id").annotate(n=Count("colorway_id", distinct=True)))
    )
    shown = Retailer.objects.filter(id__in=_top(counts))
    chosen = Retailer.objects.filter(slug__in=filters.retailers) if filters.retailers else ()
    shops = {shop.pk: shop for shop in (*shown, *chosen)}
    return _values(
        ((s.slug, s.name, counts[s.pk]) for s in shops.values()), chosen=filters.retailers
    )


def _counted(rows: QuerySet[Colorway], field: str) -> Counter[Any]:
    return Counter(dict(rows.values_list(field).annotate(n=Count("id"))))


def _top(counts: Counter[Any]) -> list[Any]:
    return [key for key, _ in counts.most_common(MAX_SHOWN)]


def _values(
    rows: Iterable[tuple[str, str, int]], *, chosen: tuple[str, ...]
) -> tuple[FacetValue, ...]:
    """What is chosen first, then by count; choices that exist nowhere stay, to be dropped."""
    found = {slug: FacetValue(slug, label, n, slug in chosen) for slug, label, n in rows}
    for slug in chosen:
        found.setdefault(slug, FacetValue(slug, slug, 0, True))
    return tuple(sorted(found.values(), key=lambda v: (not v.selected, -v.count, v.label.lower())))
