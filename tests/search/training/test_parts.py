"""Captions that are true, losses that know it, and figures that are right on toy spaces."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from search.encoders.colours import histogram
from search.encoders.framing import frame
from search.evaluation.datasets import ShoePhoto
from search.training.augment import augment
from search.training.captions import (
    ATTRIBUTES,
    NO_SECOND,
    attributes,
    build_vocabulary,
    caption,
    encode_claims,
)
from search.training.losses import caption_truth, edited, multi_positive, named
from search.training.metrics import Labelled, edit_colours, interval, name_values, recognise
from search.training.model import Colours
from tests.search.encoders.contract import drawn_shoe


def photo(**known: object) -> ShoePhoto:
    return ShoePhoto(path=Path("x.jpg"), dataset="d", group="g", **known)  # type: ignore[arg-type]


FULL = photo(
    brand="nike",
    model="dunk high",
    colours=("light-blue", "red"),
    category="sneakers",
    gender="women",
    height="high",
)


@given(st.integers(0, 10_000))
def test_a_caption_says_what_it_claims(seed: int) -> None:
    said = caption(attributes(FULL), random.Random(seed))
    assert said is not None
    assert said.claims.items() <= attributes(FULL).items()
    text = said.text.replace("-", " ")
    assert ("light blue" in text) == ("colour" in said.claims)
    assert ("red" in text.split()) == ("second" in said.claims) or "/red" in text
    assert ("dunk high" in text) == ("model" in said.claims)
    assert ("women" in text) == ("gender" in said.claims)
    assert ("high top" in text) == ("height" in said.claims)
    assert "  " not in said.text
    assert said.text == said.text.strip()


def test_a_second_colour_is_never_said_without_the_first() -> None:
    rng = random.Random(0)
    for _ in range(500):
        said = caption(attributes(FULL), rng)
        assert said is not None
        assert "second" not in said.claims or "colour" in said.claims


def test_nothing_known_is_nothing_said() -> None:
    assert caption(attributes(photo()), random.Random(0)) is None


def test_one_colour_is_all_only_where_the_source_lists_all() -> None:
    retailer = ShoePhoto(path=Path("x"), dataset="footlocker", group="g", colours=("red",))
    assert attributes(retailer)["second"] == NO_SECOND
    assert "second" not in attributes(photo(colours=("red",)))


def test_truth_is_true_false_or_unknown() -> None:
    rows = [{"colour": "red", "brand": "nike"}, {"colour": "blue"}, {"brand": "nike"}]
    claims = [{"colour": "red"}, {"colour": "red", "brand": "nike"}, {}]
    vocabulary = build_vocabulary(rows)
    known = torch.from_numpy(encode_claims(rows, vocabulary))
    claimed = torch.from_numpy(encode_claims(claims, vocabulary))
    assert known.shape == (3, len(ATTRIBUTES))
    true, false = caption_truth(known, claimed)
    assert true.tolist() == [[True, True, True], [False, False, True], [False, False, True]]
    assert false.tolist() == [[False] * 3, [True, True, False], [False, False, False]]


def test_the_loss_is_the_mean_over_right_answers_and_skips_the_unknown() -> None:
    scores = torch.tensor([[1.0, 2.0, 50.0, 0.0]])
    right = torch.tensor([[True, True, False, False]])
    wrong = torch.tensor([[False, False, False, True]])
    total = np.log(np.exp(1) + np.exp(2) + 1)
    expected = -((1 - total) + (2 - total)) / 2
    assert multi_positive(scores, right, wrong).item() == pytest.approx(expected, abs=1e-5)


def test_rows_without_a_right_answer_do_not_count() -> None:
    none = torch.zeros(2, 3, dtype=torch.bool)
    assert multi_positive(torch.randn(2, 3), none, ~none).item() == 0


def test_an_edit_loss_falls_when_edits_land() -> None:
    model, colour = torch.tensor([0, 0, 1, 1]), torch.tensor([0, 1, 0, 1])
    axes = torch.eye(4)
    words = axes[colour]
    landing = torch.nn.functional.normalize(axes[2 + model] + words, dim=-1)
    scale, sizes = torch.tensor(10.0), {"pairs": 100, "strength": 0.75}
    good = edited(landing, words, model, colour, scale, **sizes)
    blind = edited(words, words, model, colour, scale, **sizes)
    assert good < blind
    alone = edited(landing[:1], words[:1], model[:1], colour[:1], scale, **sizes)
    assert alone.item() == 0


def _space() -> Labelled:
    """Models on axes 2 and 3, colours on axes 0 and 1: edits by sum are perfect."""
    vectors, model, colour = [], [], []
    for m in range(2):
        for c in range(2):
            vector = np.zeros(4, dtype=np.float32)
            vector[[c, 2 + m]] = np.sqrt(0.5)
            vectors.append(vector)
            model.append(f"m{m}")
            colour.append(["red", "blue"][c])
    return Labelled(np.array(vectors), model, ["acme"] * 4, colour)


def _say(texts: object) -> np.ndarray:
    return np.array([[float("red" in t), float("blue" in t), 0, 0] for t in texts], np.float32)  # type: ignore[attr-defined]


def test_perfect_edits_score_one_and_a_photo_alone_does_not() -> None:
    found = edit_colours(_space(), _say)
    assert len(found["edit_sum_r1"]) == 4
    assert found["edit_sum_r1"].mean() == found["edit_sum_map"].mean() == 1
    assert found["edit_direction_r1"].mean() == 1
    assert found["edit_text_r1"].mean() < 1 or found["edit_text_map"].mean() < 1


def test_words_name_colours_and_one_brand_is_no_question() -> None:
    space = _space()
    assert name_values("colour", space.vectors, space.colour, _say)["colour_top1"].mean() == 1
    assert name_values("brand", space.vectors, space.brand, _say) == {}


def test_recognition_asks_only_for_models_that_the_gallery_has() -> None:
    space = _space()
    stranger = Labelled(space.vectors, ["m0", "m0", "m1", "new"], space.brand, space.colour)
    found = recognise(stranger, space)
    assert len(found["model_top1"]) == 3
    assert found["model_top5"].mean() == 1
    assert recognise(space, Labelled(space.vectors, [""] * 4, space.brand, space.colour)) == {}


def test_the_interval_holds_the_mean() -> None:
    values = np.array([0.0] * 40 + [1.0] * 60)
    low, high = interval(values)
    assert 0.48 < low < 0.6 < high < 0.72
    assert interval(values) == (low, high)


@given(st.integers(0, 5000))
@settings(max_examples=20)
def test_variants_are_photos_and_the_same_ones_each_time(seed: int) -> None:
    drawn = frame(drawn_shoe("red", size=(60, 44)), 64)
    pixels = torch.from_numpy(drawn.pixels.copy()).permute(2, 0, 1).float().repeat(6, 1, 1, 1)
    shoes = torch.ones(6, 1, 64, 64)
    plain = torch.tensor([True, True, True, False, False, True])
    variants = []
    for _ in range(2):
        torch.manual_seed(seed)
        variants.append(augment(pixels, shoes, plain, side=48))
    (photos, places), (again, _) = variants
    assert photos.shape == (6, 3, 48, 48)
    assert places.shape == (6, 1, 48, 48)
    assert 0 <= float(photos.min()) <= float(photos.max()) <= 255
    assert 0 <= float(places.min()) <= float(places.max()) <= 1
    assert torch.equal(photos, again)
    assert not torch.equal(photos[0], photos[1])


def test_colours_are_counted_in_training_as_in_service() -> None:
    framed = frame(drawn_shoe("red", size=(96, 96)), 128)
    palette = np.array([[53, 80, 67], [100, 0, 0], [32, 79, -108]], np.float32)
    bands = ((0.0, 1.0), (0.5, 1.0))
    expected = histogram(framed, palette, softness=9.0, bands=bands)
    pixels = torch.from_numpy(framed.pixels.copy()).permute(2, 0, 1)[None].float()
    shoe = torch.from_numpy(framed.shoe)[None, None].float()
    found = Colours(palette, softness=9.0, bands=bands)(pixels, shoe)[0]
    np.testing.assert_allclose(found, expected, atol=0.02)


def test_popular_models_are_no_surer_than_rare_ones() -> None:
    photo, proxies = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.8, 0.6], [0.8, -0.6]])
    prior = torch.log(torch.tensor([0.9, 0.1]))
    rare = named(photo, proxies, torch.tensor([1]), torch.tensor(10.0), prior)
    popular = named(photo, proxies, torch.tensor([0]), torch.tensor(10.0), prior)
    assert rare > popular  # both lie as near: the rare one has more to learn
    assert named(photo, proxies, torch.tensor([-1]), torch.tensor(10.0), prior) == 0
