"""Ranking metrics against their definitions, and intervals that mean what they say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from search.evaluation.metrics import (
    Bootstrap,
    average_precision,
    recall_at,
    reciprocal_rank,
    share_at,
)

rankings = arrays(np.bool_, st.integers(1, 30))


def test_average_precision_by_hand() -> None:
    assert average_precision(np.array([1, 0, 1, 0, 0], bool)) == pytest.approx((1 + 2 / 3) / 2)
    assert average_precision(np.array([0, 0], bool)) == 0
    assert average_precision(np.array([0, 1], bool)) == 0.5


def test_share_at_counts_what_could_be_there() -> None:
    assert share_at(np.array([1, 0, 1, 1], bool), 2) == 0.5
    assert share_at(np.array([0, 1, 0, 0], bool), 3) == 1.0
    assert share_at(np.array([0, 0], bool), 2) == 0.0


def test_recall_and_reciprocal_rank_by_hand() -> None:
    ranking = np.array([0, 0, 1, 1], bool)
    assert (recall_at(ranking, 2), recall_at(ranking, 3)) == (0.0, 1.0)
    assert reciprocal_rank(ranking) == pytest.approx(1 / 3)
    assert reciprocal_rank(np.array([0], bool)) == 0


@given(rankings, st.integers(1, 30))
def test_figures_are_shares_and_grow_with_k(ranking: np.ndarray, k: int) -> None:
    for value in (average_precision(ranking), share_at(ranking, k), recall_at(ranking, k)):
        assert 0 <= value <= 1
    assert recall_at(ranking, k) <= recall_at(ranking, k + 1)
    assert average_precision(ranking) >= average_precision(np.sort(ranking)) - 1e-12


def test_an_interval_covers_the_true_mean_about_as_often_as_it_says() -> None:
    random, covered = np.random.default_rng(0), 0
    for trial in range(200):
        values = random.random(80) < 0.3
        estimate = Bootstrap(80, seed=trial).mean(values)
        assert estimate.low <= estimate.value <= estimate.high
        covered += estimate.low <= 0.3 <= estimate.high
    assert covered >= 0.88 * 200


def test_intervals_shrink_with_more_queries_and_repeat_with_their_seed() -> None:
    values = np.arange(1000) % 2
    wide, narrow = Bootstrap(20).mean(values[:20]), Bootstrap(1000).mean(values)
    assert narrow.high - narrow.low < wide.high - wide.low
    assert Bootstrap(20, seed=3).mean(values[:20]) == Bootstrap(20, seed=3).mean(values[:20])


def test_macro_figures_by_hand() -> None:
    truth = np.array([0, 0, 0, 1, 2])
    predicted = np.array([0, 0, 1, 1, 1])
    precision, recall = Bootstrap(5).macro(truth, predicted)
    assert precision.value == pytest.approx((1 + 1 / 3 + 0) / 3)  # class 2 is never named
    assert recall.value == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert precision.n == recall.n == 5
    assert precision.low <= precision.value <= precision.high


def test_names_outside_of_the_gallery_are_only_wrong() -> None:
    precision, recall = Bootstrap(2).macro(np.array([-1, 0]), np.array([0, 0]))
    assert precision.value == pytest.approx((0 + 1 / 2) / 2)
    assert recall.value == pytest.approx(1 / 2)


def test_no_query_is_no_figure() -> None:
    with pytest.raises(ValueError, match="no query"):
        Bootstrap(0)
