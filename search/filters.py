"""A visitor's filters as the vector store understands them: ids and codes instead of slugs."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q

from catalog.colours import BY_SLUG
from catalog.filters import CatalogFilter
from catalog.models import Brand, Category, Gender, Height, Retailer, ShoeModel
from search.stores.base import Where


def where_from(filters: CatalogFilter) -> Where | None:
    """The clause that keeps exactly what ``filters`` keep; None keeps all.

    At most one query per kind of slug. An unknown slug matches nothing: alone it gives an empty
    set, which the store answers with nothing at all.
    """
    if filters.is_empty:
        return None
    any_of: dict[str, frozenset[int]] = {}
    if filters.brands:
        any_of["brand"] = frozenset(
            Brand.objects.filter(slug__in=filters.brands).values_list("id", flat=True)
        )
    if filters.models:
        any_of["model"] = _models(filters.models)
    if filters.retailers:
        any_of["retailer"] = frozenset(
            Retailer.objects.filter(slug__in=filters.retailers).values_list("id", flat=True)
        )
    if filters.colours:
        any_of["colour"] = frozenset(
            BY_SLUG[slug].code for slug in filters.colours if slug in BY_SLUG
        )
    if filters.heights:
        any_of["height"] = _places(Height.values, filters.heights)
    if filters.categories:
        any_of["category"] = _places(Category.values, filters.categories)
    if filters.genders:
        any_of["gender"] = _places(Gender.values, filters.genders)
    if filters.available:
        any_of["available"] = frozenset({1})
    between: dict[str, tuple[float | None, float | None]] = {}
    if filters.price_min is not None or filters.price_max is not None:
        low, high = filters.price_min, filters.price_max
        between["price"] = (
            None if low is None else float(low),
            None if high is None else float(high),
        )
    return Where(any_of=any_of, between=between)


def _models(paths: Iterable[str]) -> frozenset[int]:
    """Ids of "brand/model" paths; a merged model stands for the one that took it in."""
    wanted = Q(pk__in=())
    for path in paths:
        brand, _, model = path.partition("/")
        wanted |= Q(brand__slug=brand, slug=model)
    rows = ShoeModel.objects.filter(wanted).values_list("id", "merged_into_id")
    return frozenset(merged or own for own, merged in rows)


def _places(values: Iterable[str], chosen: Iterable[str]) -> frozenset[int]:
    """1-based places in declaration order, as ``catalog.selectors.image_payloads`` writes them."""
    places = {value: place for place, value in enumerate(values, start=1)}
    return frozenset(places[value] for value in chosen if value in places)
