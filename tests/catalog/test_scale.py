"""The catalog's pages at 100,000 colorways: no more queries, and indexes for the lists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.colours import COLOURS
from catalog.filters import CatalogFilter
from catalog.models import (
    Brand,
    Category,
    Gender,
    Height,
    Retailer,
    ShoeImage,
    ShoeModel,
)
from catalog.selectors import Sort, colorways_matching, image_payloads
from catalog.selectors.browsing import colorways_ordered
from tests.catalog.test_views import shoe

COLORWAYS = 100_000


@pytest.fixture(autouse=True)
def _fresh(settings: Any) -> None:
    cache.clear()
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "whitenoise" not in name]


def queries(client: Client, address: str) -> list[str]:
    cache.clear()
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return [query["sql"] for query in captured.captured_queries]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "address",
    ["/shoes/", "/shoes/?brand=acme&colour=black&shop={1}&available=1&price_min=1",
     "/brands/", "/brands/acme/", "/brands/acme/runner/", "/shoes/{0}/"],
)  # fmt: skip
def test_twice_the_rows_are_as_many_queries(client: Client, address: str) -> None:
    first = shoe(name="Black")
    for name in ("White", "Red"):
        shoe(name=name)
    address = address.format(first.pk, first.listings.get().retailer.slug)
    before = queries(client, address)
    for brand in ("Acme", "Bolt", "Crest"):
        for model in ("Runner", "Walker"):
            shoe(brand, model, f"{brand} Green")
    after = queries(client, address)
    assert len(after) == len(before), "\n".join(after)
    assert len(after) <= 24, "\n".join(after)


@pytest.mark.django_db
def test_payloads_of_many_photos_are_two_queries(django_assert_num_queries: Any) -> None:
    rows = [shoe(name=name) for name in ("Black", "White", "Red")]
    numbers = list(ShoeImage.objects.values_list("id", flat=True))
    with django_assert_num_queries(2):
        found = image_payloads(numbers)
    assert {payload["colorway"] for payload in found.values()} == {row.pk for row in rows}


def fill(count: int) -> None:
    """Rows as services leave them. Made inside the database: a second instead of a minute."""
    numbers = (
        f"WITH RECURSIVE t(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM t WHERE n + 1 < {count})"
    )
    Brand.objects.bulk_create(Brand(name=f"Brand {n}", slug=f"brand-{n}") for n in range(200))
    Retailer.objects.bulk_create(Retailer(name=f"Shop {n}", slug=f"shop-{n}") for n in range(20))
    brand, shop = Brand.objects.earliest("id").pk, Retailer.objects.earliest("id").pk
    models = ShoeModel.objects.bulk_create(
        ShoeModel(brand_id=brand + n % 200, name=f"Model {n}", slug=f"model-{n}")
        for n in range(1000)
    )
    model = models[0].pk
    now = timezone.now().isoformat(" ")
    choose = {
        name: f"CASE (n * 7919 / {step}) % {len(values)} "
        + " ".join(f"WHEN {place} THEN '{value}'" for place, value in enumerate(values))
        + " END"
        for name, step, values in (
            ("category", 3, Category.values),
            ("height", 5, ["", *Height.values]),
            ("gender", 11, Gender.values),
            ("colour", 13, [colour.slug for colour in COLOURS]),
        )
    }
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO catalog_colorway (id, model_id, brand_id, name, style_code, colour_key, "
            "category, height, gender, price, is_available, sort_name, settled, created_at, "
            "updated_at) "
            f"{numbers} SELECT n + 1, {model} + n % 1000, {brand} + n % 200, 'Colour ' || n, "
            f"'C' || n, {choose['colour']}, {choose['category']}, {choose['height']}, "
            f"{choose['gender']}, CASE WHEN n % 9 = 0 THEN NULL ELSE 20 + n * 37 % 280 END, "
            f"n % 3 <> 0, 'brand ' || n % 200 || ' model ' || n % 1000, '', '{now}', "
            f"'{now}' FROM t"
        )
        cursor.execute(
            "INSERT INTO catalog_colorwaycolour (colorway_id, colour, position) "
            "SELECT id, colour_key, 0 FROM catalog_colorway "
            "UNION ALL SELECT id, 'white', 1 FROM catalog_colorway WHERE id % 4 = 0"
        )
        cursor.execute(
            "INSERT INTO catalog_listing (retailer_id, colorway_id, url, url_sha256, title, sku, "
            "gtin, group_id, price, currency, availability, published, first_seen_at, "
            f"last_seen_at, changed_at) SELECT {shop} + id % 20, id, 'https://a.example/' || id, "
            f"'x' || id, 'x', '', '', '', price, 'USD', 'in-stock', '{{}}', '{now}', '{now}', "
            f"'{now}' FROM catalog_colorway"
        )


@pytest.fixture(scope="module")
def large(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """One hundred thousand colorways for this module, rolled back after it."""
    if connection.vendor != "sqlite":
        pytest.skip("the plans asserted here are SQLite's")
    with django_db_blocker.unblock(), transaction.atomic():
        fill(COLORWAYS)
        yield
        transaction.set_rollback(True)


def plan(sql: str, params: Any) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
        return "\n".join(str(row[3]) for row in cursor.fetchall())


def plan_of_page(query: str, sort: Sort) -> str:
    rows = colorways_matching(CatalogFilter.from_query(QueryDict(query))).filter(id__lte=COLORWAYS)
    return plan(*colorways_ordered(rows, sort)[:24].query.sql_with_params())


@pytest.mark.parametrize("sort", Sort)
def test_the_whole_list_follows_an_index_in_each_order(large: None, sort: Sort) -> None:
    found = plan_of_page("", sort)
    assert re.search(r"USING (COVERING INDEX|INDEX|INTEGER PRIMARY KEY)", found), found
    assert "TEMP B-TREE" not in found, found


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("brand=brand-7", "colorway_brand"),
        ("category=boot", "colorway_category"),
        ("height=high", "colorway_height"),
        ("gender=men", "colorway_gender"),
        ("available=1", "colorway_available"),
        ("colour=red", "colorway_colour"),
        ("shop=shop-3", "listing_live"),
    ],
)
def test_each_filter_follows_its_index(large: None, query: str, index: str) -> None:
    found = plan_of_page(query, Sort.NEWEST)
    assert index in found or "INTEGER PRIMARY KEY" in found, found
    assert not re.search(r"SCAN catalog_colorway(?! USING)", found), found
    assert "TEMP B-TREE FOR ORDER BY" not in found or index in found, found


def test_a_page_of_the_large_catalog_is_as_many_queries(large: None, client: Client) -> None:
    few = queries(client, "/shoes/")
    assert len(few) <= 30
    again = CaptureQueriesContext(connection)
    with again:
        page = client.get("/shoes/?page=2")
    assert "100,000 shoes" in page.content.decode()
    assert len(again) < len(few), "counts are kept for a minute"
