"""Text vectors: means of sentences, kept; and the colour that a photo is taken for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from search import texts as module
from search.texts import COLOUR_SLUGS, TextSpace, text_space, unit
from search.types import Vectors
from tests.fakes import FakeEncoder
from tests.search.encoders.contract import drawn_shoe


class Counting(FakeEncoder):
    def __init__(self, revision: str = "1") -> None:
        super().__init__(revision=revision)
        self.asked: list[str] = []

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        self.asked += texts
        return super().encode_texts(texts)


def test_a_mean_is_of_unit_length_and_counts_what_is_said_twice() -> None:
    space, encoder = TextSpace(FakeEncoder()), FakeEncoder()
    red, blue = encoder.encode_texts(["red", "blue"])
    np.testing.assert_allclose(space.mean(("red", "blue")), unit(red + blue), atol=1e-6)
    np.testing.assert_allclose(space.mean(("red", "red", "blue")), unit(2 * red + blue), atol=1e-6)


def test_sentences_are_encoded_once() -> None:
    encoder = Counting()
    space = TextSpace(encoder)
    for _ in range(3):
        space.mean(("a red shoe", "a red shoe", "red"))
    assert sorted(encoder.asked) == ["a red shoe", "red"]


def test_what_is_kept_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT", 2)
    encoder = Counting()
    space = TextSpace(encoder)
    for sentence in ("a", "b", "a", "c", "a", "b"):  # c drove out b
        space.mean((sentence,))
    assert encoder.asked == ["a", "b", "c", "b"]


def test_no_sentence_is_no_mean() -> None:
    with pytest.raises(ValueError, match="at least one"):
        TextSpace(FakeEncoder()).mean(())


def test_each_encoder_has_its_own_space() -> None:
    spaces = [text_space(FakeEncoder(revision=revision)) for revision in ("1", "2", "1")]
    assert spaces[0] is spaces[2] is not spaces[1]
    text_space(FakeEncoder(revision="3"))
    text_space(FakeEncoder(revision="4"))
    assert text_space(FakeEncoder(revision="1")) is not spaces[0]  # two are kept


@pytest.mark.parametrize("colour", ["black", "red", "navy", "green"])
def test_the_colour_of_a_photo(colour: str) -> None:
    encoder = FakeEncoder()
    photo = encoder.encode_images([drawn_shoe(colour)])[0]
    assert TextSpace(encoder).colour_of(photo) == colour
    assert "multi" not in COLOUR_SLUGS


def test_zeros_stay_zeros() -> None:
    assert unit(np.zeros(3, np.float32)).tolist() == [0, 0, 0]
