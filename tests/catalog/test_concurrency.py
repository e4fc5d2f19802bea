"""Several workers write the same shoes at once: nothing fails, nothing is doubled.

On SQLite they wait for each other; on PostgreSQL (``python -m tests.on_postgres``) they meet.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from catalog.models import (
    Brand,
    Colorway,
    ImageSource,
    Listing,
    PriceObservation,
    ShoeImage,
    ShoeModel,
)
from catalog.services import (
    listing_upsert,
    model_merge,
    photo_store,
    retailer_get_or_create,
)
from tests.catalog.photos import photo_bytes
from tests.factories import draft

pytestmark = pytest.mark.django_db(transaction=True)

WORKERS = 4


@pytest.fixture(autouse=True)
def _media(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def together(*work: Callable[[], Any]) -> None:
    """Run all at once, each on its own connection, and raise what any of them raised."""
    start = threading.Barrier(len(work))
    failed: list[BaseException] = []

    def run(step: Callable[[], Any]) -> None:
        try:
            start.wait(timeout=30)
            step()
        except BaseException as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(step,)) for step in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    if failed:
        raise failed[0]


def test_one_new_page_seen_by_all(transactional_db: None) -> None:
    def crawl() -> None:
        shop = retailer_get_or_create(name="Shop")
        for _ in range(3):
            listing_upsert(retailer=shop, draft=draft())

    together(*[crawl] * WORKERS)
    for table in (Brand, ShoeModel, Colorway, Listing, PriceObservation):
        assert table.objects.count() == 1, table


def test_shops_that_sell_one_shoe_agree_on_its_lowest_price(transactional_db: None) -> None:
    def crawl(number: int) -> None:
        shop = retailer_get_or_create(name=f"Shop {number}")
        for price in (90 - number, 80 - number):
            listing_upsert(retailer=shop, draft=draft(price=Decimal(price)))

    together(*[partial(crawl, number) for number in range(WORKERS)])
    row = Colorway.objects.get()
    assert row.listings.count() == WORKERS
    assert row.price == 80 - (WORKERS - 1)


def test_one_photo_stored_by_all(transactional_db: None) -> None:
    shop = retailer_get_or_create(name="Shop")
    listing = listing_upsert(retailer=shop, draft=draft()).listing

    def store() -> None:
        photo_store(content=photo_bytes(1), url="https://a.example/1.jpg", listing=listing)

    together(*[store] * WORKERS)
    assert (ShoeImage.objects.count(), ImageSource.objects.count()) == (1, 1)
    image = ShoeImage.objects.get()
    assert Path(image.file.path).read_bytes() == photo_bytes(1)
    assert Colorway.objects.get().cover == image


def test_a_merge_while_the_shop_is_crawled_leaves_nothing_under_the_old_name(
    transactional_db: None,
) -> None:
    shop = retailer_get_or_create(name="Shop")

    def page(model: str, number: int) -> Any:
        url = f"https://a.example/{model[-1]}/{number}"
        return draft(url=url, model=model, mpn=f"{model[-1]}{number}", colour="Black")

    for model in ("Runner 2", "Runner II"):
        listing_upsert(retailer=shop, draft=page(model, 0))
    source, target = (ShoeModel.objects.get(name=name) for name in ("Runner 2", "Runner II"))

    def crawl() -> None:
        for number in range(1, 9):
            listing_upsert(retailer=shop, draft=page("Runner 2", number))

    together(crawl, lambda: model_merge(source=source, target=target), crawl)
    assert not Colorway.objects.filter(model=source).exists()
    assert Colorway.objects.filter(model=target).count() == 10
    assert Listing.objects.filter(colorway__model=target).count() == 10
