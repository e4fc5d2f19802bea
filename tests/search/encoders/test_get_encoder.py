"""Choosing an encoder by settings, and what an operator reads when the settings are wrong."""

from __future__ import annotations

from typing import Any

import pytest

from search.encoders import get_encoder
from search.exceptions import EncoderError
from tests.fakes import FakeEncoder

FAKE = {"BACKEND": "tests.fakes.FakeEncoder", "OPTIONS": {"revision": "9"}}


class Odd:
    """Takes any option and is no encoder."""

    def __init__(self, **options: Any) -> None:
        self.options = options


class Named(FakeEncoder):
    def __init__(self, model: str) -> None:
        super().__init__(name=model)


def test_the_chosen_name_is_built_once(settings: Any) -> None:
    settings.SHOEFINDER_ENCODERS = {"mine": FAKE}
    settings.SHOEFINDER_ENCODER = "mine"
    encoder = get_encoder()
    assert encoder.id == "fake@9+grid"
    assert get_encoder() is encoder
    assert get_encoder("mine") is encoder


def test_other_options_are_another_encoder(settings: Any) -> None:
    settings.SHOEFINDER_ENCODERS = {"mine": FAKE}
    first = get_encoder("mine")
    settings.SHOEFINDER_ENCODERS = {"mine": {**FAKE, "OPTIONS": {"revision": "10"}}}
    assert get_encoder("mine").id != first.id


def test_an_unlisted_name_is_a_model_for_the_default_entry(settings: Any) -> None:
    settings.SHOEFINDER_ENCODERS = {"default": {"BACKEND": f"{__name__}.Named"}}
    assert get_encoder("clip-ViT-B-32").id == "clip-ViT-B-32@1+grid"


@pytest.mark.parametrize(
    ("known", "says"),
    [
        ({"other": FAKE}, "Set SHOEFINDER_ENCODER to one of: other"),
        ({"mine": {"OPTIONS": {}}}, "needs a 'BACKEND'"),
        ({"mine": {**FAKE, "OPTION": {}}}, r"unknown keys \['OPTION'\]"),
        ({"mine": {"BACKEND": "search.encoders.nowhere.Encoder"}}, "Correct 'BACKEND'"),
        ({"mine": {"BACKEND": "search.encoders.base.Missing"}}, "Correct 'BACKEND'"),
        ({"mine": {**FAKE, "OPTIONS": {"colour": 1}}}, "Correct 'OPTIONS'"),
        ({"mine": {"BACKEND": f"{__name__}.Odd"}}, "lacks encode_images, encode_texts"),
        (["mine"], "must be a dict"),
    ],
)
def test_a_bad_configuration_tells_the_mend(settings: Any, known: Any, says: str) -> None:
    settings.SHOEFINDER_ENCODERS = known
    with pytest.raises(EncoderError, match=says):
        get_encoder("mine")
