"""A shop's page becomes a listing, a colorway, a model, a brand; once."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from catalog.exceptions import DraftRejected
from catalog.models import (
    Brand,
    Colorway,
    Listing,
    PriceObservation,
    Retailer,
    ShoeImage,
    ShoeModel,
)
from catalog.services import (
    listing_upsert,
    listings_mark_vanished,
    listings_seen,
    retailer_get_or_create,
)
from catalog.types import DraftRejection, ListingDraft, Outcome
from tests.factories import draft

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Retailer:
    return retailer_get_or_create(name="Shoe Shop", website="https://shop.example/")


def snapshot() -> dict[str, list[dict[str, object]]]:
    tables = (Brand, ShoeModel, Colorway, Listing, PriceObservation, ShoeImage)
    return {t.__name__: list(t.objects.order_by("pk").values()) for t in tables}


def test_a_page_becomes_brand_model_colorway_and_listing(shop: Retailer) -> None:
    result = listing_upsert(retailer=shop, draft=draft())
    assert (result.outcome, result.colorway_created, result.model_created) == (
        Outcome.CREATED,
        True,
        True,
    )
    colorway = Colorway.objects.select_related("model__brand").get()
    assert str(colorway) == "Acme Runner Low Black / White"
    assert colorway.colours == ("black", "white")
    assert [row.colour for row in colorway.colour_rows.all()] == ["black", "white"]
    assert (colorway.style_code, colorway.price, colorway.is_available) == (
        "AC1001",
        Decimal("99.90"),
        True,
    )
    assert (colorway.height, colorway.category, colorway.gender) == ("low", "running", "men")
    assert colorway.brand == colorway.model.brand
    assert result.listing.published["colour"] == "Black / White"
    assert PriceObservation.objects.get().price == Decimal("99.90")


def test_the_same_page_again_touches_only_when_it_was_seen(shop: Retailer) -> None:
    first = timezone.now() - timedelta(days=1)
    listing_upsert(retailer=shop, draft=draft(seen_at=first))
    before = snapshot()
    now = timezone.now()
    again = listing_upsert(retailer=shop, draft=draft(seen_at=now))
    assert again.outcome is Outcome.UNCHANGED
    before["Listing"][0]["last_seen_at"] = now
    assert snapshot() == before


def test_an_older_visit_does_not_turn_the_clock_back(shop: Retailer) -> None:
    now = timezone.now()
    listing_upsert(retailer=shop, draft=draft(seen_at=now))
    listing_upsert(retailer=shop, draft=draft(seen_at=now - timedelta(days=1)))
    assert Listing.objects.get().last_seen_at == now


def test_a_new_price_is_observed_and_reaches_the_colorway(shop: Retailer) -> None:
    listing_upsert(retailer=shop, draft=draft())
    stamped = Colorway.objects.get().updated_at
    result = listing_upsert(retailer=shop, draft=draft(price=Decimal("79")))
    assert result.outcome is Outcome.UPDATED
    assert [row.price for row in PriceObservation.objects.all()] == [Decimal("99.90"), 79]
    colorway = Colorway.objects.get()
    assert (colorway.price, colorway.updated_at > stamped) == (79, True)


def test_a_new_title_is_a_change_but_no_price(shop: Retailer) -> None:
    listing_upsert(retailer=shop, draft=draft())
    result = listing_upsert(retailer=shop, draft=draft(title="New words"))
    assert (result.outcome, PriceObservation.objects.count()) == (Outcome.UPDATED, 1)


def test_the_lowest_price_in_the_catalogs_currency_counts(shop: Retailer) -> None:
    listing_upsert(retailer=shop, draft=draft())
    for number, (price, currency) in enumerate([("89", "USD"), ("10", "EUR"), ("20", "")]):
        other = retailer_get_or_create(name=f"Shop {number}")
        offer = draft(price=Decimal(price), currency=currency)
        assert not listing_upsert(retailer=other, draft=offer).colorway_created
    assert Colorway.objects.get().price == 89
    assert Colorway.objects.get().listings.count() == 4


def test_seen_again_after_the_clock_went_back(shop: Retailer) -> None:
    later = timezone.now() + timedelta(hours=2)
    listing = listing_upsert(retailer=shop, draft=draft(seen_at=later)).listing
    listings_seen(ids=[listing.pk])
    listing.refresh_from_db()
    assert listing.last_seen_at == later


def test_a_missing_listing_that_is_seen_again_was_never_gone(shop: Retailer) -> None:
    listing = listing_upsert(retailer=shop, draft=draft()).listing
    soon, later = (timezone.now() + timedelta(hours=hours) for hours in (1, 3))
    assert listings_mark_vanished(retailer=shop, not_seen_since=soon) == (1, 0)
    seen = draft(seen_at=soon + timedelta(hours=1))
    assert listing_upsert(retailer=shop, draft=seen).outcome is Outcome.UNCHANGED
    assert listings_mark_vanished(retailer=shop, not_seen_since=later) == (1, 0)
    listings_seen(ids=[listing.pk])
    listing.refresh_from_db()
    assert (listing.missing_since, listing.vanished_at) == (None, None)


def test_vanished_listings_are_marked_and_found_again(shop: Retailer) -> None:
    first = timezone.now() - timedelta(days=2)
    listing_upsert(retailer=shop, draft=draft(seen_at=first))
    other = draft(url="https://shop.example/p/2", mpn="AC2", colour="Red", seen_at=timezone.now())
    listing_upsert(retailer=shop, draft=other)
    since = timezone.now() - timedelta(days=1)
    assert listings_mark_vanished(retailer=shop, not_seen_since=since) == (1, 0)
    assert listings_mark_vanished(retailer=shop, not_seen_since=since) == (0, 0)
    later = since + timedelta(hours=1)
    assert listings_mark_vanished(retailer=shop, not_seen_since=later) == (0, 1)
    assert listings_mark_vanished(retailer=shop, not_seen_since=later) == (0, 0)
    gone = Listing.objects.order_by("id")[0]
    assert (gone.availability, gone.vanished_at is not None) == ("vanished", True)
    assert gone.colorway is not None
    assert (gone.colorway.price, gone.colorway.is_available) == (None, False)
    assert gone.price_history.last().availability == "vanished"  # type: ignore[union-attr]

    again = listing_upsert(retailer=shop, draft=draft())
    assert again.outcome is Outcome.UPDATED
    gone.refresh_from_db()
    assert (gone.availability, gone.vanished_at) == ("in-stock", None)
    assert Colorway.objects.get(pk=gone.colorway_id).price == Decimal("99.90")
    assert [row.availability for row in gone.price_history.all()] == [
        "in-stock",
        "vanished",
        "in-stock",
    ]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"url": ""}, DraftRejection.URL_INVALID),
        ({"url": "javascript:alert(1)"}, DraftRejection.URL_INVALID),
        ({"url": "https://[bad"}, DraftRejection.URL_INVALID),
        ({"url": "https://a.example/" + "x" * 2000}, DraftRejection.URL_INVALID),
        ({"url": "https://a.example/\x00"}, DraftRejection.URL_INVALID),
        ({"title": " \x00\u200b ", "model": ""}, DraftRejection.TITLE_MISSING),
    ],
)
def test_unreadable_pages_are_refused_with_a_reason(
    shop: Retailer, fields: dict[str, str], reason: DraftRejection
) -> None:
    with pytest.raises(DraftRejected) as caught:
        listing_upsert(retailer=shop, draft=draft(**fields))
    assert caught.value.reason is reason
    assert Listing.objects.count() == 0


def test_texts_are_cleaned_and_capped(shop: Retailer) -> None:
    result = listing_upsert(
        retailer=shop,
        draft=draft(
            title="Old\x00 \u202eSkool\x07 &amp; Co " + "x" * 9000,
            model="Old Skool™\ud800",
            colour="Black\n/\tWhite" + "!" * 900,
            sku="s" * 500,
            gtin="EAN 400-638-1333931 1234567",
            currency="dollars",
            description="a\x00b\n\n\n\n\nc",
        ),
    )
    listing = result.listing
    assert listing.title.startswith("Old Skool & Co x")
    assert (len(listing.title), len(listing.sku), listing.gtin) == (500, 100, "40063813339311")
    assert ShoeModel.objects.get().name == "Old Skool"
    assert ShoeModel.objects.get().description == "a b\n\nc"
    assert listing.currency == ""


@pytest.mark.parametrize("price", ["-1", "NaN", "Infinity", "99999999999"])
def test_a_price_that_cannot_be_is_unknown(shop: Retailer, price: str) -> None:
    result = listing_upsert(retailer=shop, draft=draft(price=Decimal(price)))
    assert (result.listing.price, result.listing.currency) == (None, "")


def test_retailers_are_found_again() -> None:
    first = retailer_get_or_create(name="A Shop", website="https://a.example/")
    assert retailer_get_or_create(name=" A  Shop ") == first
    assert retailer_get_or_create(name="A-Shop").slug == "a-shop-2"
    assert retailer_get_or_create(name="\x00", website="javascript:x").website == ""


texts = st.text(max_size=40)


class AnyPage(TestCase):
    """Whatever a page says is stored or refused, and twice is the same as once."""

    @hypothesis_settings(
        max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    @given(
        st.builds(
            ListingDraft,
            url=st.just("https://a.example/p") | texts,
            title=texts,
            brand=texts,
            model=texts,
            colour=texts,
            sku=texts,
            mpn=texts,
            gtin=texts,
            group_id=texts,
            category=texts,
            gender=texts,
            price=st.none() | st.decimals(),
            currency=texts,
            availability=texts,
            description=texts,
            seen_at=st.just(None) | st.just(timezone.now()),
        )
    )
    def test_is_stored_once_or_refused(self, page: ListingDraft) -> None:
        shop = retailer_get_or_create(name="Any")
        try:
            listing_upsert(retailer=shop, draft=page)
        except DraftRejected:
            return
        before = snapshot()
        assert listing_upsert(retailer=shop, draft=page).outcome is Outcome.UNCHANGED
        after = snapshot()
        for state in (before, after):
            for row in state["Listing"]:
                assert isinstance(row.pop("last_seen_at"), datetime)
        assert after == before
