"""Confidence that can be believed, and a threshold that is what it says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from search.exceptions import RecognitionError
from search.recognition import Gallery, Recogniser, nearest_similarity
from search.recognition.calibration import auroc, calibration_error
from tests.search.recognition.shoes import shoes


def recogniser(method: str = "blend", **options: float) -> tuple[Recogniser, Gallery]:
    gallery, space = shoes(count=10, photos=10, spread=options.get("spread", 0.2))
    return Recogniser.fit(method, gallery, space), gallery


@pytest.mark.parametrize("method", ["knn", "prototype", "blend", "head"])
def test_confidence_is_how_often_it_is_right(method: str) -> None:
    made, gallery = recogniser(method, spread=0.3)
    asked, _ = shoes(count=10, photos=60, spread=0.3, seed=3)
    judged = made.judge(asked.vectors, nearest_similarity(asked.vectors, gallery))
    right = judged.probabilities.argmax(axis=1) == asked.labels
    assert made.calibration.measured
    assert np.allclose(judged.probabilities.sum(axis=1), 1)
    assert calibration_error(judged.probabilities.max(axis=1), right) < 0.12


def test_nine_of_ten_rightly_named_shoes_are_named_and_strangers_seldom() -> None:
    made, gallery = recogniser()
    asked, _ = shoes(count=10, photos=40, spread=0.2, seed=3)
    judged = made.judge(asked.vectors, nearest_similarity(asked.vectors, gallery))
    right = judged.probabilities.argmax(axis=1) == asked.labels
    assert 0.8 < judged.known[right].mean() < 0.99
    strangers = np.random.default_rng(5).normal(size=(200, gallery.vectors.shape[1]))
    strangers = (strangers / np.linalg.norm(strangers, axis=1, keepdims=True)).astype(np.float32)
    judged = made.judge(strangers, nearest_similarity(strangers, gallery))
    assert judged.known.mean() < 0.1
    assert set(made.calibration.figures) == {
        "known", "unknown", "top1", "ece", "auroc", "false_names",
    }  # fmt: skip


def test_too_few_photos_calibrate_nothing_and_say_so() -> None:
    gallery, space = shoes(count=3, photos=2)
    made = Recogniser.fit("blend", gallery, space)
    assert not made.calibration.measured
    assert made.judge(gallery.vectors, np.ones(6)).probabilities.shape == (6, 3)


def test_photos_held_out_by_hand_are_believed() -> None:
    gallery, space = shoes(count=8, photos=8)
    others, _ = shoes(count=8, photos=8, seed=4)
    made = Recogniser.fit("prototype", gallery, space, held_out=others)
    assert made.calibration.figures["known"] == len(others)


def test_what_was_held_out_can_be_learned_afterwards() -> None:
    gallery, space = shoes(count=8, photos=8)
    others, _ = shoes(count=8, photos=8, seed=4)
    made = Recogniser.fit("prototype", gallery, space, held_out=others)
    fewer = gallery.only(gallery.labels != 0)
    part = made.relearned(fewer, space)
    assert part.calibration == made.calibration
    judged = part.judge(gallery.vectors, nearest_similarity(gallery.vectors, fewer))
    assert judged.probabilities[:, 0].max() == 0  # a model without photos is never named


def test_nothing_to_learn_from_is_an_error() -> None:
    gallery, space = shoes()
    with pytest.raises(RecognitionError, match="no photo"):
        Recogniser.fit("knn", gallery.only(np.zeros(len(gallery), bool)), space)


def test_a_saved_fit_judges_alike(tmp_path: Path) -> None:
    made, gallery = recogniser()
    path = tmp_path / "fits" / "blend.npz"
    made.save(path, about={"ids": [1, 2]})
    again, about = Recogniser.load(path)
    assert about == {"ids": [1, 2]}
    assert again.models == made.models
    near = nearest_similarity(gallery.vectors, gallery)
    one, other = made.judge(gallery.vectors, near), again.judge(gallery.vectors, near)
    assert np.allclose(one.probabilities, other.probabilities)
    assert np.allclose(one.certainty, other.certainty)


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 and no more", b"not a zip"])
def test_a_damaged_fit_says_the_mend(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "blend.npz"
    path.write_bytes(damage)
    with pytest.raises(RecognitionError, match="recognition fit"):
        Recogniser.load(path)


def test_auroc_counts_ties_half() -> None:
    assert auroc(np.array([1.0, 2.0]), np.array([0.0])) == 1
    assert auroc(np.array([1.0]), np.array([1.0])) == 0.5
