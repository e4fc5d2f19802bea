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
    BrandAlias,
    Colorway,
    Listing,
    PriceObservation,
    Retailer,
    ShoeImage,
    ShoeModel,
    ShoeModelAlias,
)
from catalog.services import (
    listing_upsert,
    listings_mark_vanished,
    listings_seen,
    photo_store,
    retailer_get_or_create,
)
from catalog.types import DraftRejection, ListingDraft, Outcome
from tests.catalog.photos import photo_bytes
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


def test_aliases_and_case_lead_to_the_same_brand_and_model(shop: Retailer) -> None:
    listing_upsert(retailer=shop, draft=draft(brand="New Balance", model="990", title="x"))
    brand = Brand.objects.get()
    BrandAlias.objects.create(brand=brand, name="NB")
    ShoeModelAlias.objects.create(brand=brand, model=ShoeModel.objects.get(), name="M990")
    for number, (name, model) in enumerate(
        [
            ("nb", "990"),
            ("NEW BALANCE", "m990"),
            ("NB", "NB 990"),
            ("New Balance", "New Balance 990"),
        ]
    ):
        url = f"https://shop.example/p/{number}"
        listing_upsert(retailer=shop, draft=draft(url=url, brand=name, model=model))
    assert (Brand.objects.count(), ShoeModel.objects.count(), Colorway.objects.count()) == (1, 1, 1)


def test_names_that_share_a_slug_stay_two(shop: Retailer) -> None:
    for number, name in enumerate(["A-B", "A B", "A_B", "編集", "編輯"]):
        url = f"https://shop.example/p/{number}"
        listing_upsert(retailer=shop, draft=draft(url=url, brand=name, model=name, title="x"))
    slugs = list(Brand.objects.values_list("slug", flat=True))
    assert len(set(slugs)) == 5
    assert ShoeModel.objects.count() == 5


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"title": "Acme Runner Low Black / White"}, ("Runner Low", "Black / White")),
        ({"title": "ACME  Runner Low - Black/White"}, ("Runner Low", "Black / White")),
        ({"title": "Acme Runner Low (Black / White)"}, ("Runner Low", "Black / White")),
        ({"title": "Runner Low Black / White - Men's"}, ("Runner Low", "Black / White")),
        ({"title": "Acme Runner - Core Black / Gum", "colour": ""}, ("Runner", "Core Black / Gum")),
        ({"title": "Acme Runner - Limited", "colour": ""}, ("Runner - Limited", "")),
        ({"title": "Acme Red Wing Red", "colour": "Red"}, ("Red Wing", "Red")),
        ({"title": 'Acme SFB 6" Red', "colour": "Red"}, ('SFB 6"', "Red")),
        ({"title": "whatever", "model": "Acme Runner - Women's"}, ("Runner", "Black / White")),
        ({"title": "whatever", "model": "Acme"}, ("Acme", "Black / White")),
        ({"title": "Acmeville Runner Black / White"}, ("Acmeville Runner", "Black / White")),
    ],
)  # fmt: skip
def test_the_model_is_what_the_title_says_beside_brand_and_colour(
    shop: Retailer, fields: dict[str, str], expected: tuple[str, str]
) -> None:
    listing_upsert(retailer=shop, draft=draft(**({"model": ""} | fields)))
    colorway = Colorway.objects.select_related("model").get()
    assert (colorway.model.name, colorway.name) == expected


def test_two_groups_of_one_name_are_one_model_and_two_products(shop: Retailer) -> None:
    for group, code in (("g1", "X1"), ("g2", "X2")):
        url = f"https://shop.example/p/{group}"
        listing_upsert(retailer=shop, draft=draft(url=url, group_id=group, mpn=code))
    assert ShoeModel.objects.count() == 1
    assert Listing.objects.values("retailer", "group_id").distinct().count() == 2
    assert Colorway.objects.count() == 2


def test_the_sku_stands_in_for_the_style_code(shop: Retailer) -> None:
    listing_upsert(retailer=shop, draft=draft(mpn="", sku="b 77"))
    assert Colorway.objects.get().style_code == "B77"


def test_another_shops_number_of_the_same_digits_is_another_colorway(shop: Retailer) -> None:
    listing_upsert(retailer=shop, draft=draft(mpn="", sku="1"))
    other = retailer_get_or_create(name="Other")
    listing_upsert(retailer=other, draft=draft(mpn="", sku="1", colour="Red"))
    listing_upsert(retailer=other, draft=draft(mpn="", sku="1", colour="Red"))
    assert sorted(row.colour_key for row in Colorway.objects.all()) == ["black/white", "red"]


def test_without_a_code_the_colours_decide(shop: Retailer) -> None:
    for number, colour in enumerate(["Black / White", "black / white", "Black / Black", "Red"]):
        url = f"https://shop.example/p/{number}"
        listing_upsert(retailer=shop, draft=draft(url=url, mpn="", sku="", colour=colour))
    keys = sorted(row.colour_key for row in Colorway.objects.all())
    assert keys == ["black/black", "black/white", "red"]


def test_a_code_learned_later_does_not_double_the_colorway(shop: Retailer) -> None:
    listing_upsert(retailer=shop, draft=draft(mpn="", sku=""))
    other = retailer_get_or_create(name="Other")
    listing_upsert(retailer=other, draft=draft())
    assert Colorway.objects.get().style_code == "AC1001"
    assert listing_upsert(retailer=shop, draft=draft(mpn="", sku="")).outcome is Outcome.UNCHANGED


def test_a_shop_that_corrects_its_colour_keeps_its_colorway(shop: Retailer) -> None:
    for code in ("", "AC9"):
        url = f"https://shop.example/p/{code}"
        listing_upsert(retailer=shop, draft=draft(url=url, mpn=code, sku="", colour="Blakc"))
        fixed = draft(url=url, mpn=code, sku="", colour="Black / Gum")
        listing_upsert(retailer=shop, draft=fixed)
        assert listing_upsert(retailer=shop, draft=fixed).outcome is Outcome.UNCHANGED
    assert [row.colour_key for row in Colorway.objects.all()] == ["black/tan"] * 2
    assert Colorway.objects.get(style_code="").colour_rows.count() == 2


def test_a_page_that_turns_to_another_shoe_takes_its_photos_along(shop: Retailer) -> None:
    listing = listing_upsert(retailer=shop, draft=draft()).listing
    stays = listing_upsert(retailer=retailer_get_or_create(name="Other"), draft=draft()).listing
    own = photo_store(content=photo_bytes(1), url="https://shop.example/1.jpg", listing=listing)
    both = photo_store(content=photo_bytes(2), url="https://shop.example/2.jpg", listing=listing)
    photo_store(content=photo_bytes(2), url="https://other.example/2.jpg", listing=stays)
    moved = listing_upsert(retailer=shop, draft=draft(model="Walker", mpn="W1")).listing
    own.image.refresh_from_db()
    both.image.refresh_from_db()
    assert own.image.colorway_id == moved.colorway_id
    assert both.image.colorway_id == stays.colorway_id
    assert Colorway.objects.get(pk=moved.colorway_id).cover == own.image
    assert Colorway.objects.get(pk=stays.colorway_id).cover == both.image


def test_a_page_of_an_unknown_brand_waits_for_it(shop: Retailer) -> None:
    page = draft(brand="", title="Acme Runner Low Black / White", model="", mpn="")
    result = listing_upsert(retailer=shop, draft=page)
    assert (result.listing.colorway, result.listing.title) == (None, page.title)
    assert listing_upsert(retailer=shop, draft=page).outcome is Outcome.UNCHANGED
    Brand.objects.create(name="Acme", slug="acme")
    result = listing_upsert(retailer=shop, draft=page)
    assert result.outcome is Outcome.UPDATED
    assert str(result.listing.colorway) == "Acme Runner Low Black / White"


def test_a_title_without_a_model_keeps_its_listing(shop: Retailer) -> None:
    page = draft(title="Acme Black / White", model="")
    assert listing_upsert(retailer=shop, draft=page).listing.colorway is None


def test_men_and_women_are_for_both(shop: Retailer) -> None:
    listing_upsert(retailer=shop, draft=draft())
    listing_upsert(retailer=retailer_get_or_create(name="Other"), draft=draft(gender="Women"))
    assert Colorway.objects.get().gender == "unisex"


def test_what_a_model_does_not_say_is_filled_and_what_it_says_stays(shop: Retailer) -> None:
    listing_upsert(retailer=shop, draft=draft(category="", material=""))
    listing_upsert(retailer=shop, draft=draft(category="Boots", material="Leather"))
    listing_upsert(retailer=shop, draft=draft(category="Sandals", material="Mesh"))
    model = ShoeModel.objects.get()
    assert (model.category, model.material) == ("boot", "Leather")
    assert Colorway.objects.get().category == "boot"


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
