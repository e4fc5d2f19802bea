"""Batches write the same rows as one call for each, with few queries."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.exceptions import DraftRejected, PhotoRejected
from catalog.models import (
    Brand,
    Colorway,
    ColorwayColour,
    ImageSource,
    Listing,
    PriceObservation,
    Retailer,
    ShoeImage,
    ShoeModel,
)
from catalog.services import (
    FoundPhoto,
    PhotoResult,
    listing_upsert,
    listings_upsert,
    photo_known,
    photo_store,
    photos_known,
    photos_store,
)
from catalog.services.listings import ListingResult
from catalog.types import ListingDraft, Outcome
from tests.catalog.photos import photo_bytes

pytestmark = pytest.mark.django_db

STAMPS = {"created_at", "updated_at", "first_seen_at", "last_seen_at", "changed_at",
          "observed_at", "obtained_at"}  # fmt: skip


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def shop() -> Retailer:
    return Retailer.objects.create(name="Shop", slug="shop")


def draft(number: int, **changes: Any) -> ListingDraft:
    values: dict[str, Any] = {
        "url": f"https://shop.example/p/{number}", "title": f"Maker Low {number // 3} Red",
        "brand": "Maker", "model": f"Low {number // 3}", "sku": f"s{number}",
        "colour": ("Red", "Blue / White", "Green")[number % 3], "price": Decimal(50 + number),
        "currency": "USD", "availability": "in-stock", "gender": "Men",
    }  # fmt: skip
    return ListingDraft(**(values | changes))


def rows() -> dict[str, list[dict[str, Any]]]:
    models: list[Any] = [Brand, ShoeModel, Colorway, ColorwayColour, Listing, PriceObservation,
                         ShoeImage, ImageSource]  # fmt: skip
    return {
        model.__name__: [
            {name: value for name, value in row.items() if name not in STAMPS}
            for row in model.objects.order_by("pk").values()
        ]
        for model in models
    }


def outcome(result: Any) -> Outcome:
    assert isinstance(result, ListingResult | PhotoResult)
    return result.outcome


def in_both_ways(alone: Callable[[], Any], together: Callable[[], Any]) -> None:
    """Run both, each on an empty catalog, and compare what is there then."""
    alone()
    expected = without_keys(rows())
    for model in (ImageSource, ShoeImage, Listing, Colorway, ShoeModel, Brand):
        model._default_manager.all().delete()
    together()
    assert without_keys(rows()) == expected


def without_keys(told: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """Ids differ between the ways; what they say must not."""
    return {
        name: [
            {k: v for k, v in row.items() if k != "id" and not k.endswith("_id")} for row in all_
        ]
        for name, all_ in told.items()
    }


def test_listings_are_written_as_one_by_one(shop: Retailer) -> None:
    drafts = [draft(number) for number in range(9)]
    drafts.append(draft(9, brand="", title="Unknown thing"))
    drafts.append(draft(10, url="javascript:x"))
    drafts.append(draft(0, price=Decimal(44)))  # the first one's address again, now cheaper

    def alone() -> None:
        for one in drafts:
            if one.url.startswith("http"):
                listing_upsert(retailer=shop, draft=one)

    in_both_ways(alone, lambda: listings_upsert(retailer=shop, drafts=drafts))


def test_a_refusal_stands_in_the_place_of_its_draft(shop: Retailer) -> None:
    results = listings_upsert(retailer=shop, drafts=[draft(0, url="x"), draft(1)])

    assert isinstance(results[0], DraftRejected)
    assert outcome(results[1]) is Outcome.CREATED


def test_pages_that_say_the_same_cost_no_query_each(shop: Retailer) -> None:
    drafts = [draft(number) for number in range(30)]
    listings_upsert(retailer=shop, drafts=drafts)
    before = rows()

    with CaptureQueriesContext(connection) as queries:
        results = listings_upsert(retailer=shop, drafts=drafts)

    assert {outcome(result) for result in results} == {Outcome.UNCHANGED}
    assert rows() == before
    assert len(queries) < 8


def found(listing: Listing, number: int, content: bytes) -> FoundPhoto:
    url = f"https://shop.example/i/{listing.sku}-{number}.jpg"
    return FoundPhoto(listing_id=listing.pk, url=url, content=content, position=number)


def stored_listings(shop: Retailer, count: int) -> list[Listing]:
    results = listings_upsert(retailer=shop, drafts=[draft(number) for number in range(count)])
    return [result.listing for result in results if isinstance(result, ListingResult)]


def pictures(count: int) -> list[bytes]:
    return [photo_bytes(number + 1) for number in range(count)]


def test_photos_are_written_as_one_by_one(shop: Retailer) -> None:
    contents = pictures(4)

    def photos() -> list[FoundPhoto]:
        first, second, *_ = stored_listings(shop, 2)
        return [
            found(first, 0, contents[0]),
            found(first, 1, contents[1]),
            found(first, 2, b"broken"),
            found(second, 0, contents[2]),
            found(second, 1, contents[0]),  # the other's first, at an address of its own
            found(second, 1, contents[0]),  # and told twice
            found(second, 2, contents[3]),
        ]

    def alone() -> None:
        for one in photos():
            if one.content != b"broken":
                listing = Listing.objects.get(pk=one.listing_id)
                photo_store(content=one.content, url=one.url, listing=listing,
                            position=one.position)  # fmt: skip

    in_both_ways(alone, lambda: photos_store(photos()))


def test_what_became_of_each_photo(shop: Retailer) -> None:
    (listing,) = stored_listings(shop, 1)
    one, other = pictures(2)
    photos = [found(listing, 0, one), found(listing, 1, b""), found(listing, 2, one)]

    created, refused, again = photos_store(photos)

    assert outcome(created) is Outcome.CREATED
    assert isinstance(refused, PhotoRejected)
    assert outcome(again) is Outcome.UPDATED
    unchanged, new = photos_store([photos[0], found(listing, 3, other)])
    assert [outcome(unchanged), outcome(new)] == [Outcome.UNCHANGED, Outcome.CREATED]


def test_a_lost_file_is_written_again(shop: Retailer) -> None:
    (listing,) = stored_listings(shop, 1)
    (content,) = pictures(1)
    photos_store([found(listing, 0, content)])
    image = ShoeImage.objects.get()
    image.file.storage.delete(image.file.name)

    (result,) = photos_store([found(listing, 0, content)])

    assert outcome(result) is Outcome.UNCHANGED
    assert image.file.storage.size(image.file.name) == len(content)


def test_a_photo_of_no_colorway_gets_the_listings(shop: Retailer) -> None:
    (listing,) = stored_listings(shop, 1)
    (content,) = pictures(1)
    photo_store(content=content, url="file:/one.jpg")

    (result,) = photos_store([found(listing, 0, content)])

    assert outcome(result) is Outcome.UPDATED
    assert ShoeImage.objects.get().colorway == listing.colorway


def test_the_cover_is_the_outer_side_though_it_came_last(shop: Retailer) -> None:
    (listing,) = stored_listings(shop, 1)
    photos = [
        FoundPhoto(listing_id=listing.pk, url=f"https://shop.example/{name}.jpg",
                   content=content, position=position)
        for position, (name, content) in enumerate(
            zip(("x-sole", "x-top", "x-lateral"), pictures(3), strict=True)
        )
    ]  # fmt: skip

    photos_store(photos)

    assert listing.colorway is not None
    listing.colorway.refresh_from_db()
    assert listing.colorway.cover is not None
    assert listing.colorway.cover.view == "lateral"


def test_photos_that_are_known_cost_no_query_each(shop: Retailer) -> None:
    listings = stored_listings(shop, 12)
    photos = [found(one, 0, content) for one, content in zip(listings, pictures(12), strict=True)]
    photos_store(photos)
    wanted = [(one, photo.url) for one, photo in zip(listings, photos, strict=True)]
    wanted.append((listings[0], "https://shop.example/new.jpg"))

    with CaptureQueriesContext(connection) as queries:
        known = photos_known(wanted=wanted)

    assert len(known) == 12
    assert len(queries) <= 3
    assert all(known[one.pk, url] == photo_known(url=url, listing=one) for one, url in wanted[:-1])


def test_a_photo_known_from_another_page_of_the_shop_is_noted_there_too(shop: Retailer) -> None:
    first, second = stored_listings(shop, 2)
    (content,) = pictures(1)
    photo = found(first, 0, content)
    photos_store([photo])

    known = photos_known(wanted=[(second, photo.url)])

    assert list(known) == [(second.pk, photo.url)]
    assert second.image_sources.count() == 1
