"""Titles that need a person: the queue, its decisions, what they teach, and the way back."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from catalog.exceptions import TitleError
from catalog.models import (
    Brand,
    Listing,
    Retailer,
    ShoeImage,
    ShoeModel,
    ShoeModelAlias,
    TitleReview,
)
from catalog.selectors.titles import titles_report
from catalog.services import listing_upsert, photo_store
from catalog.services.titles import (
    title_review_confirm,
    title_review_create,
    title_review_dismiss,
    title_review_undo,
    title_review_weigh,
    titles_resolve,
)
from catalog.types import ListingDraft
from tests.catalog.photos import photo_bytes
from tests.factories import ColorwayFactory, RetailerFactory, ShoeModelFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def wave() -> ShoeModel:
    model: ShoeModel = ShoeModelFactory(brand__name="Karo", name="Wave 90")
    return model


@pytest.fixture
def shop() -> Retailer:
    retailer: Retailer = RetailerFactory(name="Attic")
    return retailer


def listed(shop: Retailer, title: str, number: int = 1, **said: str) -> Listing:
    draft = ListingDraft(url=f"https://attic.example/{number}", title=title, **said)  # type: ignore[arg-type]
    return listing_upsert(retailer=shop, draft=draft).listing


def test_a_typed_title_finds_its_model_by_itself(shop: Retailer, wave: ShoeModel) -> None:
    listing = listed(shop, "NEW Karo Wave 90 schwarz Herren UK 9")
    assert listing.colorway is not None
    assert listing.colorway.model == wave
    assert listing.colorway.colours == ("black",)
    assert listing.title_review.status == TitleReview.Status.AUTO
    assert Brand.objects.count() == ShoeModel.objects.count() == 1


def test_a_style_code_of_the_catalog_decides(shop: Retailer, wave: ShoeModel) -> None:
    colorway = ColorwayFactory(model=wave, style_code="CW2288-111")
    listing = listed(shop, "Trainers CW2288-111 size 9 worn once")
    assert listing.colorway == colorway


def test_an_unsure_title_waits_and_makes_nothing(shop: Retailer, wave: ShoeModel) -> None:
    listing = listed(shop, "Karo Wave 95 UK 9 boxed")
    assert listing.colorway is None
    review = listing.title_review
    assert review.status == TitleReview.Status.WAITING
    assert [one["model"] for one in review.candidates] == [wave.pk]
    assert ShoeModel.objects.count() == 1


def test_what_the_page_tells_is_believed_and_not_read(shop: Retailer) -> None:
    listing = listed(shop, "Karo Wave 12 UK 9", brand="Karo", model="Wave 12")
    assert listing.colorway is not None
    assert str(listing.colorway.model) == "Karo Wave 12"
    assert not TitleReview.objects.exists()


def test_a_models_name_is_no_word_of_the_market(shop: Retailer) -> None:
    """Vans calls a model Authentic."""
    draft = ListingDraft(
        url="https://shop.example/p/9", title="Vans LXVI Authentic Lite Black / White",
        brand="Vans", colour="Black / White", sku="0XB36BT",
    )  # fmt: skip

    listing = listing_upsert(retailer=shop, draft=draft).listing

    assert listing.colorway is not None
    assert listing.colorway.model.name == "LXVI Authentic Lite"


def test_a_decision_gives_model_and_photos_and_teaches(shop: Retailer, wave: ShoeModel) -> None:
    first = listed(shop, "Karo Wavey Ninety UK 9 boxed", 1)
    second = listed(shop, "Karo Wavey Ninety UK 8", 2)
    photo = photo_store(content=photo_bytes(), url="https://attic.example/a.jpg", listing=first)
    assert first.title_review.status == TitleReview.Status.WAITING
    followers = title_review_confirm(review=first.title_review, model=wave)
    assert followers == 1
    for listing in (first, second):
        listing.refresh_from_db()
        assert listing.colorway is not None
        assert listing.colorway.model == wave
    photo.image.refresh_from_db()
    assert photo.image.colorway == first.colorway
    # From now on by itself, on the next crawl too.
    assert listed(shop, "Karo Wavey Ninety EU 44 worn", 3).colorway is not None
    assert listed(shop, "Karo Wavey Ninety UK 9 boxed", 1).colorway == first.colorway


def test_undo_leaves_nothing_behind(shop: Retailer, wave: ShoeModel) -> None:
    first = listed(shop, "Karo Wavey Ninety UK 9 boxed", 1)
    second = listed(shop, "Karo Wavey Ninety UK 8", 2)
    photo_store(content=photo_bytes(), url="https://attic.example/a.jpg", listing=first)
    title_review_confirm(review=first.title_review, model=wave)
    title_review_undo(review=first.title_review)
    assert not ShoeModelAlias.objects.exists()
    assert not wave.colorways.exists()
    assert ShoeImage.objects.get().colorway is None
    for listing in (first, second):
        listing.refresh_from_db()
        assert listing.colorway is None
        assert TitleReview.objects.get(listing=listing).status == TitleReview.Status.WAITING


def test_a_new_model_is_made_and_unmade(shop: Retailer, wave: ShoeModel) -> None:
    listing = listed(shop, "Zeph Breeze size 9 boxed")
    model, _ = title_review_create(review=listing.title_review, brand="Zeph", model="Breeze")
    assert str(model) == "Zeph Breeze"
    title_review_undo(review=TitleReview.objects.get(listing=listing))
    assert not ShoeModel.objects.filter(brand__name="Zeph").exists()
    assert not Brand.objects.filter(name="Zeph").exists()


def test_a_decision_is_made_once(shop: Retailer, wave: ShoeModel) -> None:
    review = listed(shop, "Karo Thing UK 9 boxed").title_review
    title_review_dismiss(review=review)
    with pytest.raises(TitleError, match="Undo"):
        title_review_confirm(review=review, model=wave)
    # A later crawl does not put it back into the queue.
    listed(shop, "Karo Thing UK 9 boxed")
    review.refresh_from_db()
    assert review.status == TitleReview.Status.DISMISSED


def test_the_photos_may_tip_the_scale_but_not_decide_alone(
    shop: Retailer, wave: ShoeModel, settings: object
) -> None:
    settings.SHOEFINDER_TITLE_CONFIDENCE = 0.9  # type: ignore[attr-defined]
    near = listed(shop, "Karo Wave 90 Breeze UK 9", 1).title_review
    assert near.status == TitleReview.Status.WAITING
    assert 0.6 < near.confidence < 0.9
    alone = listed(shop, "Something size 9", 2).title_review
    assert not title_review_weigh(review=alone, votes={wave.pk: 1.0}, encoder_id="e")
    alone.refresh_from_db()
    assert alone.candidates[0]["model"] == wave.pk
    assert title_review_weigh(review=near, votes={wave.pk: 1.0}, encoder_id="e")
    near.listing.refresh_from_db()
    assert near.listing.colorway is not None


def test_what_waits_is_read_again_when_the_catalog_has_grown(shop: Retailer) -> None:
    listing = listed(shop, "Karo Wave 90 UK 9")
    assert listing.colorway is None
    ShoeModelFactory(brand__name="Karo", name="Wave 90")
    assert titles_resolve() == 1
    listing.refresh_from_db()
    assert listing.colorway is not None


def test_the_report_counts_every_listing_once(shop: Retailer, wave: ShoeModel) -> None:
    listed(shop, "Karo Wave 90", 1, brand="Karo", model="Wave 90")
    listed(shop, "Karo Wave 90 UK 9", 2)
    listed(shop, "Karo Wave 95 UK 9", 3)
    (report,) = titles_report()
    assert (report.told, report.auto, report.waiting, report.listings) == (1, 1, 1, 3)
    assert report.by_itself == pytest.approx(2 / 3)


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(get_user_model().objects.create_superuser("ada", password="x"))
    return client


def test_the_queue_shows_decides_and_undoes(admin: Client, shop: Retailer, wave: ShoeModel) -> None:
    review = listed(shop, "Karo Wave 95 UK 9").title_review
    queue = reverse("admin:catalog_titlereview_review")
    page = admin.get(queue).content.decode()
    assert "Karo Wave 95 UK 9" in page
    assert "Karo Wave 90" in page
    decide = reverse("admin:catalog_titlereview_decide", args=[review.pk])
    page = admin.post(decide, {"model": wave.pk}, follow=True).content.decode()
    assert "is Karo Wave 90" in page
    assert "Nothing waits" in page
    assert "Undo it" in page
    page = admin.post(decide, {"undo": 1}, follow=True).content.decode()
    assert "Taken back" in page
    review.refresh_from_db()
    assert review.status == TitleReview.Status.WAITING


def test_a_refused_decision_says_why(admin: Client, shop: Retailer, wave: ShoeModel) -> None:
    review = listed(shop, "Karo Wave 95 UK 9").title_review
    decide = reverse("admin:catalog_titlereview_decide", args=[review.pk])
    said = {"create": 1, "brand": "Karo", "model_name": " "}
    assert "both a brand and a model" in admin.post(decide, said, follow=True).content.decode()
    gone = admin.post(decide, {"model": "99999"}, follow=True).content.decode()
    assert "Choose another one" in gone


def test_skipped_titles_come_after_the_others(
    admin: Client, shop: Retailer, wave: ShoeModel
) -> None:
    first = listed(shop, "Karo Wave 95 UK 9", 1).title_review
    listed(shop, "Karo Zenith UK 9", 2)
    admin.post(reverse("admin:catalog_titlereview_decide", args=[first.pk]), {"later": 1})
    page = admin.get(reverse("admin:catalog_titlereview_review")).content.decode()
    assert "Karo Zenith UK 9" in page


def test_the_list_shows_the_report(admin: Client, shop: Retailer, wave: ShoeModel) -> None:
    listed(shop, "Karo Wave 95 UK 9")
    page = admin.get(reverse("admin:catalog_titlereview_changelist")).content.decode()
    assert "Needed nobody" in page
    assert "Attic" in page


def test_who_may_only_look_cannot_decide(client: Client, shop: Retailer, wave: ShoeModel) -> None:
    review = listed(shop, "Karo Wave 95 UK 9").title_review
    client.force_login(get_user_model().objects.create_user("bob", is_staff=True))
    url = reverse("admin:catalog_titlereview_decide", args=[review.pk])
    assert client.post(url, {"dismiss": 1}).status_code == 403
    assert client.get(reverse("admin:catalog_titlereview_review")).status_code == 403
