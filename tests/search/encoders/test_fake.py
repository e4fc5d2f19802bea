"""The fake keeps the contract too, and ranks as the tests that use it expect."""

from __future__ import annotations

import pytest

from tests.fakes import FakeEncoder
from tests.search.encoders.contract import EncoderContract, drawn_shoe


class TestFakeEncoder(EncoderContract):
    path = "tests.fakes.FakeEncoder"


@pytest.mark.parametrize("colour", ["red", "navy", "black", "orange", "green"])
def test_a_colour_word_finds_its_colour(colour: str) -> None:
    colours = ["red", "navy", "black", "orange", "green"]
    encoder = FakeEncoder()
    photos = encoder.encode_images([drawn_shoe(c) for c in colours])
    scores = photos @ encoder.encode_texts([f"a {colour} shoe"])[0]
    assert colours[int(scores.argmax())] == colour


def test_a_photo_is_nearest_to_its_own_smaller_copy() -> None:
    encoder = FakeEncoder()
    photos = [drawn_shoe("red"), drawn_shoe("navy"), drawn_shoe("red", size=(80, 240))]
    vectors = encoder.encode_images(photos)
    smaller = encoder.encode_images([photos[0].resize((110, 80))])
    assert int((vectors @ smaller[0]).argmax()) == 0
