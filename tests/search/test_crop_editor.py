"""The crop on the page: proposed, chosen, drawn by hand, switched off."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from PIL import Image

from search.models import QueryPhoto
from tests.catalog.photos import encoded
from tests.search.encoders.contract import drawn_shoe
from tests.search.site import Site, text


def two_shoes() -> bytes:
    photo = Image.new("RGB", (480, 200), "white")
    photo.paste(drawn_shoe("red", size=(220, 160)), (10, 20))
    photo.paste(drawn_shoe("blue", size=(180, 130)), (260, 30))
    return encoded(photo, quality=90)


def crop_of(address: str) -> list[str]:
    return parse_qs(urlsplit(address).query).get("crop", [])


def test_each_shoe_of_a_photo_is_proposed_and_the_first_is_searched_with(site: Site) -> None:
    address = site.photo_sent(two_shoes())
    photo = QueryPhoto.objects.get()
    assert len(photo.crops) == 2
    assert crop_of(address) == [photo.crops[0]]
    page = site.client.get(address)
    shown = text(page)
    for choice in ("Shoe 1", "Shoe 2", "All of the photo", "My own frame"):
        assert choice in shown
    for crop in photo.crops:
        assert f'value="{crop}"' in page.content.decode()


def test_one_shoe_on_plain_ground_is_compared_whole(site: Site) -> None:
    address = site.photo_sent()
    assert crop_of(address) == []
    assert "Compared: all of the photo" in text(site.client.get(address))


def test_a_frame_of_ones_own_is_sent_as_numbers(site: Site) -> None:
    site.photo_sent()
    token = QueryPhoto.objects.get().token
    numbers = {"crop_left": "10", "crop_top": "20,5", "crop_width": "50", "crop_height": "60"}
    sent = site.client.post("/", {"photo": token, "crop": "own", **numbers})
    assert crop_of(sent["Location"]) == ["0.1,0.205,0.5,0.6"]
    assert "Compared: your own frame" in text(site.client.get(sent["Location"]))


@pytest.mark.parametrize("width", ["", "wide", "nan", "900", "0.1"])
def test_a_frame_that_is_none_is_refused_in_words(site: Site, width: str) -> None:
    site.photo_sent()
    token = QueryPhoto.objects.get().token
    numbers = {"crop_left": "10", "crop_top": "20", "crop_width": width, "crop_height": "60"}
    answer = site.client.post("/", {"photo": token, "crop": "own", **numbers})
    assert answer.status_code == 400
    assert "frame around the shoe" in text(answer)


def test_proposals_can_be_switched_off(site: Site, settings: Any) -> None:
    settings.SHOEFINDER_CROP = False
    assert crop_of(site.photo_sent(two_shoes())) == []
    assert QueryPhoto.objects.get().crops is None
