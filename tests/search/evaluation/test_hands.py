"""Models taken out of the gallery are gone from it; the store is compared with exact search."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from search.evaluation.naming import Contest, contest_of
from search.evaluation.protocol import EvaluationError, Request
from search.evaluation.tasks import run_task
from search.evaluation.tasks.index import Spectrum
from search.evaluation.tasks.unknown import Hand, deal
from search.recognition import Gallery
from tests.fakes import FakeEncoder
from tests.search.evaluation.folders import model_folders
from tests.search.evaluation.test_datasets import read_folders


def contest(models: int = 7, photos: int = 4) -> Contest:
    labels = np.repeat(np.arange(models), photos)
    vectors = np.eye(models, dtype=np.float32)[labels]
    return Contest(
        queries=vectors, gallery=Gallery.of(vectors, labels, [str(i) for i in range(models)]),
        truth=labels, same=np.eye(len(labels), dtype=bool), names=tuple(map(str, range(models))),
    )  # fmt: skip


def leaks(hand: Hand) -> int:
    """Unknown queries whose model is in the gallery, and known ones whose model is not."""
    there = set(hand.known.gallery.labels.tolist())
    return sum(label in there for label in hand.unknown.truth.tolist()) + sum(
        label not in there for label in hand.known.truth.tolist()
    )


def test_no_unknown_model_is_left_in_the_gallery() -> None:
    hands = list(deal(contest(), np.zeros((10, 7), np.float32), seed=0))
    assert len(hands) == 5
    assert [leaks(hand) for hand in hands] == [0] * 5
    for side in ("known", "unknown"):  # each query once in each way
        asked = np.concatenate([getattr(hand, side).truth for hand in hands])
        assert sorted(asked.tolist()) == sorted(contest().truth.tolist())
    assert sum(len(hand.strange) for hand in hands) == 10


def test_a_planted_model_is_seen() -> None:
    hand = next(deal(contest(), np.zeros((0, 7), np.float32), seed=0))
    kept = hand.known.gallery.labels[:1]
    one = replace(hand.unknown.asked(np.array([0])), truth=kept)
    assert leaks(replace(hand, unknown=one)) == 1


def test_one_model_cannot_be_dealt() -> None:
    assert list(deal(contest(models=1), np.zeros((0, 1), np.float32), seed=0)) == []


def test_facts_of_models_come_from_their_labels(tmp_path: Path) -> None:
    photos = read_folders(model_folders(tmp_path / "shoes", models=2, photos=2), dataset="shoes")
    vectors = np.zeros((4, 3), np.float32)
    made = contest_of(photos, photos, (vectors, vectors), space=None)
    assert made.names == ("acme_model_0", "acme_model_1")
    assert made.gallery.models[0].name == "acme model 0"
    assert made.same.sum() == 4
    assert len(set(made.gallery.groups.tolist())) == 4


def test_drawn_vectors_lie_where_real_ones_do() -> None:
    random = np.random.default_rng(0)
    real = random.standard_normal((500, 6)).astype(np.float32) * [3, 2, 1, 0.5, 0.1, 0.1]
    real = (real / np.linalg.norm(real, axis=1, keepdims=True)).astype(np.float32)
    spectrum = Spectrum.of(real)
    drawn = spectrum.draw(4000, random)
    np.testing.assert_allclose(np.linalg.norm(drawn, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(drawn.std(axis=0), real.std(axis=0), atol=0.08)
    near = spectrum.near(drawn[:50], random)
    np.testing.assert_allclose((near * drawn[:50]).sum(axis=1), spectrum.likeness, atol=1e-3)
    with pytest.raises(EvaluationError, match="two photos"):
        Spectrum.of(real[:1])


def test_a_store_that_searches_exactly_misses_nothing(tmp_path: Path) -> None:
    data = model_folders(tmp_path / "shoes", models=3, photos=4)
    asked = Request(encoder=FakeEncoder(), data=data, cache=tmp_path / "kept", limit=60)
    measured = run_task("index", asked)
    assert set(measured.rows) == {"60"}
    assert measured.rows["60"]["r1"].value == measured.rows["60"]["r10"].value == 1.0
    assert {"p50 ms", "memory MB", "build s"} <= set(measured.extras["60"])
    with pytest.raises(EvaluationError, match="without parameters"):
        run_task("index", Request(encoder=FakeEncoder(), data=data, method="10000:3"))
