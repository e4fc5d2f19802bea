"""The rows that a filter keeps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from django.db.models import Model, Q, QuerySet, Subquery

from catalog.filters import CatalogFilter
from catalog.models import Brand, Colorway, ColorwayColour, Listing, Retailer, ShoeModel

Row = TypeVar("Row", bound=Model)


def colorways_matching(filters: CatalogFilter) -> QuerySet[Colorway]:
    """Unordered colorways; lazy, but for one small query where models are asked for.

    Colours and shops are asked for by a subquery and not by a join: no row comes twice, and the
    order of an index is kept.
    """
    rows = Colorway.objects.order_by()
    if filters.brands:
        rows = _named(rows, "brand_id", Brand, filters.brands)
    if filters.models:
        rows = _among(rows, "model_id", models_named(filters.models).values_list("id"))
    for field, values in (
        ("category", filters.categories),
        ("height", filters.heights),
        ("gender", filters.genders),
    ):
        if values:
            rows = _among(rows, field, [(value,) for value in values])
    if filters.colours:
        rows = rows.filter(
            id__in=ColorwayColour.objects.filter(colour__in=filters.colours)
            .order_by()
            .values("colorway_id")
        )
    if filters.retailers:
        sold = Listing.objects.filter(vanished_at=None, colorway__isnull=False).order_by()
        sold = _named(sold, "retailer_id", Retailer, filters.retailers)
        rows = rows.filter(id__in=sold.values("colorway_id"))
    if filters.price_min is not None:
        rows = rows.filter(price__gte=filters.price_min)
    if filters.price_max is not None:
        rows = rows.filter(price__lte=filters.price_max)
    if filters.available:
        rows = rows.filter(is_available=True)
    return rows


def models_named(paths: Iterable[str]) -> QuerySet[ShoeModel]:
    """Models of "brand-slug/model-slug" paths; a merged one stands for what took it in."""
    named = Q(pk__in=())
    for path in paths:
        brand, _, model = path.partition("/")
        named |= Q(brand__slug=brand, slug=model)
    ids = {
        merged or own
        for own, merged in ShoeModel.objects.filter(named).values_list("id", "merged_into_id")
    }
    return ShoeModel.objects.filter(id__in=ids)


def _named(
    rows: QuerySet[Row], field: str, kind: type[Brand | Retailer], slugs: Sequence[str]
) -> QuerySet[Row]:
    """Rows of what bears these slugs, without a query of its own. One is an equality, see
    `_among`."""
    found = kind.objects.filter(slug__in=slugs).order_by().values("id")
    if len(slugs) == 1:
        return rows.filter(**{field: Subquery(found[:1])})
    return rows.filter(**{f"{field}__in": found})


def _among(
    rows: QuerySet[Colorway], field: str, values: Iterable[tuple[object, ...]]
) -> QuerySet[Colorway]:
    """One value as an equality, so that the index that is sorted within it gives the order too."""
    found = [value for (value,) in values]
    if len(found) == 1:
        return rows.filter(**{field: found[0]})
    return rows.filter(**{f"{field}__in": found})
