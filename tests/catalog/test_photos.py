"""Photos are stored once, whatever leads to them, and survive crashes and second thoughts."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from catalog.exceptions import PhotoRejected
from catalog.models import Colorway, ImageSource, Retailer, ShoeImage
from catalog.services import (
    image_reject,
    image_restore,
    listing_upsert,
    photo_known,
    photo_store,
    retailer_get_or_create,
)
from catalog.services.photos import view_guess
from catalog.types import Outcome
from tests.catalog.photos import bomb, encoded, photo_bytes, picture
from tests.factories import draft

pytestmark = pytest.mark.django_db

URL = "https://shop.example/img/1.jpg"


@pytest.fixture
def shop() -> Retailer:
    return retailer_get_or_create(name="Shoe Shop")


def files() -> list[Path]:
    return [path for path in Path(settings.MEDIA_ROOT, "photos").rglob("*") if path.is_file()]


@pytest.fixture(autouse=True)
def _media(settings: object, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path  # type: ignore[attr-defined]


def test_a_photo_is_kept_with_where_it_was_got(shop: Retailer) -> None:
    listing = listing_upsert(retailer=shop, draft=draft()).listing
    content = photo_bytes(1)
    result = photo_store(content=content, url=URL, listing=listing, position=2)
    image = result.image
    assert (result.outcome, image.format, image.byte_size) == (
        Outcome.CREATED,
        "JPEG",
        len(content),
    )
    assert image.file.name == f"photos/{image.sha256[:2]}/{image.sha256[2:4]}/{image.sha256}.jpeg"
    assert Path(image.file.path).read_bytes() == content
    assert (image.colorway, image.colorway.cover) == (listing.colorway, image)  # type: ignore[union-attr]
    source = image.sources.get()
    assert (source.url, source.listing, source.position) == (URL, listing, 2)


def test_the_same_photo_again_changes_nothing_but_when_it_was_seen(shop: Retailer) -> None:
    listing = listing_upsert(retailer=shop, draft=draft()).listing
    photo_store(content=photo_bytes(1), url=URL, listing=listing)
    before = list(ShoeImage.objects.values())
    again = photo_store(content=photo_bytes(1), url=URL, listing=listing)
    assert again.outcome is Outcome.UNCHANGED
    assert list(ShoeImage.objects.values()) == before
    assert (ImageSource.objects.count(), len(files())) == (1, 1)


def test_a_photo_that_changes_under_its_address_is_kept_beside_the_old_one(shop: Retailer) -> None:
    listing = listing_upsert(retailer=shop, draft=draft()).listing
    old = photo_store(content=photo_bytes(1), url=URL, listing=listing).image
    new = photo_store(content=photo_bytes(2), url=URL, listing=listing)
    assert (new.outcome, new.image != old) == (Outcome.CREATED, True)
    assert {source.image for source in ImageSource.objects.filter(url=URL)} == {old, new.image}
    assert len(files()) == 2


def test_two_addresses_of_one_photo_store_it_once(shop: Retailer) -> None:
    listing = listing_upsert(retailer=shop, draft=draft()).listing
    photo_store(content=photo_bytes(1), url=URL, listing=listing)
    second = photo_store(content=photo_bytes(1), url=URL + "?v=2", listing=listing)
    assert second.outcome is Outcome.UPDATED
    assert (ShoeImage.objects.count(), ImageSource.objects.count(), len(files())) == (1, 2, 1)


def test_width_and_height_are_those_of_the_upright_photo() -> None:
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = 6
    image = photo_store(content=encoded(picture((120, 80)), exif=exif), url="file:a.jpg").image
    image.refresh_from_db()
    assert (image.width, image.height) == (80, 120)


def test_what_is_no_photo_leaves_nothing_behind(shop: Retailer) -> None:
    for content in (b"", b"<html>", bomb(), photo_bytes(1)[:200]):
        with pytest.raises(PhotoRejected):
            photo_store(content=content, url=URL)
    assert (ShoeImage.objects.count(), ImageSource.objects.count(), files()) == (0, 0, [])


def test_a_known_address_need_not_be_asked_again(shop: Retailer) -> None:
    listing = listing_upsert(retailer=shop, draft=draft()).listing
    assert photo_known(url=URL, listing=listing) is None
    image = photo_store(content=photo_bytes(1), url=URL, listing=listing).image
    long_ago = timezone.now() - timedelta(days=9)
    ImageSource.objects.update(last_seen_at=long_ago)
    assert photo_known(url=URL, listing=listing) == image
    assert image.sources.get().last_seen_at > long_ago


def test_a_gallery_shared_by_two_pages_of_a_shop_is_asked_for_once(shop: Retailer) -> None:
    first = listing_upsert(retailer=shop, draft=draft()).listing
    second = listing_upsert(
        retailer=shop, draft=draft(url="https://shop.example/p/2", mpn="X2", colour="Red")
    ).listing
    image = photo_store(content=photo_bytes(1), url=URL, listing=first).image
    assert photo_known(url=URL, listing=second) == image
    assert image.sources.count() == 2
    other = listing_upsert(retailer=retailer_get_or_create(name="Other"), draft=draft()).listing
    assert photo_known(url=URL, listing=other) is None


@pytest.mark.parametrize("damage", ["missing", "cut"])
def test_a_lost_file_is_asked_for_again_and_put_back(shop: Retailer, damage: str) -> None:
    listing = listing_upsert(retailer=shop, draft=draft()).listing
    image = photo_store(content=photo_bytes(1), url=URL, listing=listing).image
    path = Path(image.file.path)
    path.unlink() if damage == "missing" else path.write_bytes(photo_bytes(1)[:50])
    assert photo_known(url=URL, listing=listing) is None
    again = photo_store(content=photo_bytes(1), url=URL, listing=listing)
    assert (again.image, again.outcome) == (image, Outcome.UNCHANGED)
    assert path.read_bytes() == photo_bytes(1)
    assert ShoeImage.objects.count() == 1


def test_a_file_left_by_a_crash_before_its_row_is_taken_over(shop: Retailer) -> None:
    content = photo_bytes(1)
    digest = hashlib.sha256(content).hexdigest()
    left = Path(settings.MEDIA_ROOT, "photos", digest[:2], digest[2:4], f"{digest}.jpeg")
    left.parent.mkdir(parents=True)
    left.write_bytes(content[:10])
    image = photo_store(content=content, url=URL).image
    assert Path(image.file.path) == left
    assert left.read_bytes() == content
    assert len(files()) == 1


def test_a_photo_finds_its_colorway_later(shop: Retailer) -> None:
    page = draft(brand="", model="", mpn="")
    listing = listing_upsert(retailer=shop, draft=page).listing
    image = photo_store(content=photo_bytes(1), url=URL, listing=listing).image
    assert image.colorway is None
    listing = listing_upsert(retailer=shop, draft=draft()).listing
    assert photo_known(url=URL, listing=listing) == image
    image.refresh_from_db()
    assert image.colorway == listing.colorway


def test_a_rejected_photo_leaves_the_pages_and_comes_back(shop: Retailer) -> None:
    listing = listing_upsert(retailer=shop, draft=draft()).listing
    first = photo_store(content=photo_bytes(1), url=URL, listing=listing).image
    second = photo_store(content=photo_bytes(2), url=URL + "2", listing=listing, position=1).image
    stamp = first.updated_at
    image_reject(image=first, reason="shows a hat\x00" + "x" * 99)
    first.refresh_from_db()
    assert (first.status, len(first.rejection), first.updated_at > stamp) == ("rejected", 40, True)
    assert Colorway.objects.get().cover == second
    assert photo_known(url=URL, listing=listing) == first, "it is not crawled again"
    assert photo_store(content=photo_bytes(1), url=URL, listing=listing).image.status == "rejected"
    image_restore(image=first)
    assert ShoeImage.objects.get(pk=first.pk).status == "accepted"


def test_the_outer_side_is_the_cover(shop: Retailer) -> None:
    listing = listing_upsert(retailer=shop, draft=draft()).listing
    top = photo_store(content=photo_bytes(1), url="https://a.example/x-sole.jpg", listing=listing)
    side = photo_store(
        content=photo_bytes(2), url="https://a.example/x-lateral.jpg", listing=listing, position=3
    )
    image_reject(image=top.image, reason="")
    image_restore(image=top.image)
    assert Colorway.objects.get().cover == side.image


@pytest.mark.parametrize(
    ("url", "view"),
    [
        ("https://a.example/stan-smith_sole.jpg?v=1", "sole"),
        ("https://a.example/a_lateral_2.png", "lateral"),
        ("https://a.example/worn/air-on-feet.webp", "worn"),
        ("https://a.example/acme-high-top.jpg", ""),
        ("https://a.example/acme-runner-top.jpg", "top"),
        ("https://a.example/topaz.jpg", ""),
        ("https://a.example/12345.jpg", ""),
        ("https://a.example/", ""),
    ],
)
def test_the_view_that_a_name_tells(url: str, view: str) -> None:
    assert view_guess(url) == view
