"""where_from(): a visitor's slugs as the store's ids and codes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from catalog.filters import CatalogFilter
from catalog.models import Brand, ShoeModel
from search.filters import where_from
from search.stores.base import Where

pytestmark = pytest.mark.django_db


def test_no_filter_is_no_clause(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert where_from(CatalogFilter()) is None


def test_vocabularies_become_codes_without_a_query(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        where = where_from(
            CatalogFilter(
                colours=("black", "red"),
                heights=("high",),
                categories=("sneaker", "heel"),
                genders=("women",),
                price_min=Decimal("10.50"),
                available=True,
            )
        )
    assert where == Where(
        any_of={
            "colour": frozenset({1, 4}),
            "height": frozenset({3}),
            "category": frozenset({1, 9}),
            "gender": frozenset({2}),
            "available": frozenset({1}),
        },
        between={"price": (10.5, None)},
    )


def test_an_unknown_slug_matches_nothing() -> None:
    where = where_from(CatalogFilter(brands=("nobody",), models=("no/thing",), retailers=("x",)))
    assert where is not None
    assert where.any_of == {
        "brand": frozenset(),
        "model": frozenset(),
        "retailer": frozenset(),
    }


def test_a_merged_model_stands_for_the_one_that_took_it_in() -> None:
    brand = Brand.objects.create(name="Acme", slug="acme")
    kept = ShoeModel.objects.create(brand=brand, name="Runner", slug="runner")
    ShoeModel.objects.create(brand=brand, name="The Runner", slug="old", merged_into=kept)
    where = where_from(CatalogFilter(models=("acme/old",)))
    assert where is not None
    assert where.any_of == {"model": frozenset({kept.pk})}


def test_a_model_belongs_to_its_brand() -> None:
    for name in ("acme", "bolt"):
        brand = Brand.objects.create(name=name, slug=name)
        ShoeModel.objects.create(brand=brand, name="Runner", slug="runner")
    where = where_from(CatalogFilter(models=("bolt/runner",)))
    assert where is not None
    assert where.any_of["model"] == frozenset({ShoeModel.objects.get(brand__slug="bolt").pk})
