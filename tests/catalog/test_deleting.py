"""Deleted in the admin: listings, shops, colorways. Photos stay, and what repeats them follows."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from catalog.models import (
    Colorway,
    ImageSource,
    Listing,
    PriceObservation,
    Retailer,
    ShoeImage,
)
from catalog.services import deleting as service
from catalog.services import listing_upsert, listings_delete, photo_store, retailer_get_or_create
from crawler.services import crawl_source_ensure
from tests.catalog.photos import photo_bytes
from tests.factories import ListingFactory, draft

pytestmark = pytest.mark.django_db
PHOTO = "https://shop.example/photo.jpg"


@pytest.fixture
def pair(settings: Any, tmp_path: Any) -> tuple[Listing, Listing]:
    """Two pages of a shop about one colorway, which show the same photo from the same address."""
    settings.MEDIA_ROOT = tmp_path
    shop = retailer_get_or_create(name="Shop")
    one, two = (
        listing_upsert(
            retailer=shop, draft=draft(url=f"https://shop.example/{n}", price=Decimal(price))
        ).listing
        for n, price in enumerate((50, 80))
    )
    for listing in (one, two):
        photo_store(content=photo_bytes(1), url=PHOTO, listing=listing)
    return one, two


def deleted(client: Client, *rows: Model) -> str:
    """The page that asks whether these are to be deleted, which is answered with yes."""
    page = reverse(f"admin:catalog_{rows[0]._meta.model_name}_changelist")
    told = {"action": "delete_selected", "_selected_action": [row.pk for row in rows]}
    asked: str = client.post(page, told).content.decode()
    client.post(page, {**told, "post": "yes"})
    return asked


def test_the_colorway_of_a_deleted_listing_follows(
    pair: tuple[Listing, Listing], admin_client: Client
) -> None:
    before = Colorway.objects.get()
    assert before.price == 50

    deleted(admin_client, pair[0])

    after = Colorway.objects.get()
    assert after.price == 80
    assert after.updated_at > before.updated_at


def test_a_photo_that_two_deleted_listings_showed_stays(
    pair: tuple[Listing, Listing], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "BATCH", 1)

    assert listings_delete(listings=Listing.objects.all()) == 2

    assert not PriceObservation.objects.exists()
    place = ImageSource.objects.get()
    assert (place.url, place.listing, place.image) == (PHOTO, None, ShoeImage.objects.get())


def test_a_shop_is_deleted_by_counts_and_not_while_it_is_crawled(
    pair: tuple[Listing, Listing], admin_client: Client
) -> None:
    other = ListingFactory.create().retailer
    source = crawl_source_ensure(name="Source", seeds=["https://shop.example/"], retailer="Shop")
    shop = pair[0].retailer

    assert "Crawl source: Source" in deleted(admin_client, shop)
    assert Retailer.objects.filter(pk=shop.pk).exists()

    source.delete()
    asked = deleted(admin_client, shop)
    assert "Listings: 2" in asked
    assert pair[0].title not in asked
    assert list(Retailer.objects.all()) == [other]
    assert list(Listing.objects.values_list("retailer", flat=True)) == [other.pk]


def test_photos_and_listings_of_a_deleted_colorway_stay(
    pair: tuple[Listing, Listing], admin_client: Client
) -> None:
    before = ShoeImage.objects.get()

    deleted(admin_client, Colorway.objects.get())

    photo = ShoeImage.objects.get()
    assert photo.colorway is None
    assert photo.updated_at > before.updated_at, "the index of search follows"
    again = listing_upsert(
        retailer=pair[0].retailer, draft=draft(url=pair[0].url, price=Decimal(50))
    )
    assert again.colorway_created
    assert again.listing.pk == pair[0].pk
