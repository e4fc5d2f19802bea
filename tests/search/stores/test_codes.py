"""8-bit codes are never further off than they say, so nothing among the best is overlooked."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.stores.base import contenders
from search.stores.codes import Codes
from search.types import Vectors
from tests.search.stores.contract import unit

WIDE = 256


def spiked(count: int) -> Vectors:
    """Rows whose length is nearly all in a few places: the worst for a scale of one row."""
    rows = unit(count, dim=WIDE, seed=3) * 1e-3
    rows[np.arange(count), np.arange(count) % WIDE] = 1.0
    rows[:, :2] *= -1
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


ROWS = {
    "even": unit(3000, dim=WIDE),
    "spiked": spiked(600),
    # Every byte at its end: sums of 16 bits would overflow here first.
    "full": np.full((40, WIDE), 1 / 16, np.float32) * np.where(np.arange(40) % 2, 1, -1)[:, None],
    "zero": np.zeros((2, WIDE), np.float32),
}


@pytest.mark.parametrize("kind", ROWS)
def test_no_product_is_further_off_than_told(kind: str) -> None:
    rows = np.asarray(ROWS[kind], np.float32)
    queries = np.concatenate([unit(6, dim=WIDE, seed=9), rows[:5]])
    found, bounds = Codes(rows).scores(queries)
    true = queries.astype(np.float64) @ rows.T.astype(np.float64)
    assert found.shape == true.shape
    assert (abs(found - true).max(axis=0) <= bounds).all()
    assert bounds.max() < 0.05  # it says something
    assert bounds.max() < 0.011 or kind == "spiked"


@pytest.mark.parametrize("count", [1, 5, 30])
def test_the_best_are_always_among_the_contenders(count: int) -> None:
    rows, queries = ROWS["even"], unit(20, dim=WIDE, seed=4)
    found, bounds = Codes(rows).scores(queries)
    for query, scores in zip(queries, found, strict=True):
        best = np.argsort(-(rows @ query))[:count]
        kept = contenders(scores, count, bounds)
        assert set(best.tolist()) <= set(kept.tolist())
        assert len(kept) < 300


@given(
    scores=st.lists(st.integers(-20, 20), min_size=1, max_size=40),
    offs=st.lists(st.integers(-3, 3), min_size=40, max_size=40),
    count=st.integers(1, 45),
    allowed=st.lists(st.booleans(), min_size=40, max_size=40),
)
def test_contenders_hold_the_best_whatever_the_error(
    scores: list[int], offs: list[int], count: int, allowed: list[bool]
) -> None:
    true = np.array(scores, np.float64)
    rough = true + np.array(offs[: len(scores)])
    among = np.flatnonzero(allowed[: len(scores)])
    kept = contenders(rough, count, np.full(len(scores), 3, np.float32), among)
    assert set(kept.tolist()) <= set(among.tolist())
    left = np.setdiff1d(among, kept)
    if len(left):
        # So many are strictly better than the best of what was left out.
        assert (true[kept] > true[left].max()).sum() >= count
