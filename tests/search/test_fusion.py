"""Every method: its formula, its slider, its shares, and what it promises of unseen photos."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.fusion import (
    FUSIONS,
    Candidates,
    Direction,
    EncodedQuery,
    Product,
    Slerp,
    Statistics,
    Sum,
    WeiCom,
    fusion_for,
    fusion_named,
    tilt,
)
from search.types import Hit, Vectors

LINEAR = ["image", "text", "sum", "slerp", "direction", "contrast"]
BOTH = ["sum", "slerp", "direction", "contrast", "product", "weicom"]


def unit_rows(n: int, *, seed: int, dim: int = 16) -> Vectors:
    rows = np.random.default_rng(seed).normal(size=(n, dim)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


CATALOG = unit_rows(400, seed=1)


def asked(weight: float = 0.5, seed: int = 2) -> EncodedQuery:
    v, t, source = unit_rows(3, seed=seed)
    return EncodedQuery(photo=v, text=t, source=source, weight=weight, catalog=Statistics(CATALOG))


def ranking(name: str, q: EncodedQuery) -> list[int]:
    return np.argsort(-FUSIONS[name].score(q, CATALOG), kind="stable").tolist()


def test_sum_is_the_weighted_sum() -> None:
    q = asked()
    assert q.photo is not None
    assert q.text is not None
    by_hand = 0.7 * (CATALOG @ q.photo) + 0.3 * (CATALOG @ q.text)
    assert ranking("sum", q) == np.argsort(-(CATALOG @ (0.45 * q.photo + 0.55 * q.text))).tolist()
    scores = Sum(best=0.3).score(q, CATALOG)
    assert np.argsort(-scores).tolist() == np.argsort(-by_hand).tolist()


def test_slerp_is_the_published_formula() -> None:
    q = asked()
    assert q.photo is not None
    assert q.text is not None
    angle = np.arccos(q.photo @ q.text)
    a = 0.3
    by_hand = (np.sin((1 - a) * angle) * q.photo + np.sin(a * angle) * q.text) / np.sin(angle)
    np.testing.assert_allclose(Slerp(best=a).shortlist(q)[0], by_hand, atol=1e-6)


def test_slerp_of_two_equal_vectors_is_that_vector() -> None:
    v = unit_rows(1, seed=3)[0]
    q = EncodedQuery(photo=v, text=v)
    np.testing.assert_allclose(Slerp().shortlist(q)[0], v, atol=1e-6)


def test_direction_adds_the_change_to_the_photo() -> None:
    q = asked()
    assert q.photo is not None
    assert q.text is not None
    by_hand = q.photo + 0.5 * (q.text - q.source)
    by_hand /= np.linalg.norm(by_hand)
    np.testing.assert_allclose(Direction(alpha=0.5).shortlist(q)[0], by_hand, atol=1e-6)
    partly = q.photo + 1.0 * (q.text - 0.25 * q.source)
    partly /= np.linalg.norm(partly)
    np.testing.assert_allclose(FUSIONS["contrast"].shortlist(q)[0], partly, atol=1e-6)


def test_product_and_weicom_are_the_published_formulas() -> None:
    q = asked()
    assert q.photo is not None
    assert q.text is not None
    sv, st_ = CATALOG @ q.photo, CATALOG @ q.text
    np.testing.assert_allclose(
        Product().score(q, CATALOG), np.maximum(sv, 0) * np.maximum(st_, 0), atol=1e-6
    )
    from statistics import NormalDist

    def calibrated(s: np.ndarray) -> np.ndarray:
        usual = NormalDist(float(s.mean()), float(s.std()))
        return np.array([usual.cdf(float(x)) for x in s])

    by_hand = 0.7 * calibrated(sv) + 0.3 * calibrated(st_)
    np.testing.assert_allclose(WeiCom(best=0.3).score(q, CATALOG), by_hand, atol=1e-4)


@pytest.mark.parametrize("name", BOTH)
def test_the_ends_of_the_slider_are_photo_alone_and_words_alone(name: str) -> None:
    for weight, alone in ((0.0, "image"), (1.0, "text")):
        q = asked(weight)
        positive = np.flatnonzero(FUSIONS[alone].score(q, CATALOG) > 0)  # the product stops at 0
        mine = [i for i in ranking(name, q) if i in positive]
        assert mine == [i for i in ranking(alone, q) if i in positive]


@pytest.mark.parametrize("name", BOTH)
def test_moving_towards_the_words_never_makes_the_best_less_like_them(name: str) -> None:
    liking = []
    for weight in np.linspace(0, 1, 11):
        q = asked(float(weight))
        assert q.text is not None
        liking.append(float((CATALOG[ranking(name, q)[:20]] @ q.text).mean()))
    assert liking[-1] > liking[0]
    assert all(later >= earlier - 0.05 for earlier, later in pairwise(liking))


@given(st.floats(0, 1), st.floats(0.05, 0.95))
def test_tilt_rises_from_0_through_the_best_to_1(weight: float, best: float) -> None:
    assert tilt(0, best) == 0
    assert tilt(0.5, best) == pytest.approx(best)
    assert tilt(1, best) == 1
    assert 0 <= tilt(weight, best) <= 1
    assert tilt(weight, best) <= tilt(min(1.0, weight + 0.1), best) + 1e-12


@pytest.mark.parametrize("name", FUSIONS)
@pytest.mark.parametrize("weight", [0.2, 0.5, 0.9])
def test_shares_make_up_the_score(name: str, weight: float) -> None:
    q = asked(weight)
    shares = list(FUSIONS[name].shares(q, CATALOG).values())
    whole = np.prod(shares, axis=0) if name == "product" else np.sum(shares, axis=0)
    np.testing.assert_allclose(whole, FUSIONS[name].score(q, CATALOG), atol=1e-6)


@pytest.mark.parametrize("name", FUSIONS)
def test_the_shortlist_is_of_unit_length(name: str) -> None:
    vectors = FUSIONS[name].shortlist(asked(0.3))
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("name", LINEAR)
def test_a_linear_method_keeps_the_order_of_the_store(name: str) -> None:
    hits = [Hit(3, 0.9), Hit(1, 0.8)]
    assert FUSIONS[name].rerank(asked(), Candidates([hits], _no_fetch)) == hits


@pytest.mark.parametrize("name", ["product", "weicom"])
@given(seed=st.integers(0, 200), weight=st.floats(0.05, 0.95), n=st.integers(1, 200))
def test_nothing_outside_of_the_lists_beats_the_ceiling(
    name: str, seed: int, weight: float, n: int
) -> None:
    q, fusion = asked(weight, seed), FUSIONS[name]
    scores = CATALOG @ fusion.shortlist(q).T
    order = np.argsort(-scores, axis=0)
    seen = {int(i) for i in order[:n].ravel()}
    last = [float(scores[order[n - 1, j], j]) for j in range(scores.shape[1])]
    unseen = [i for i in range(len(CATALOG)) if i not in seen]
    if unseen:
        assert fusion.score(q, CATALOG[unseen]).max() <= fusion.ceiling(q, last) + 1e-6


def test_one_of_the_two_alone_needs_no_fusion() -> None:
    q = asked()
    assert fusion_for(replace(q, text=None), "weicom").name == "image"
    assert fusion_for(replace(q, photo=None), "weicom").name == "text"
    assert fusion_for(replace(q, weight=0.0), "weicom").name == "image"
    assert fusion_for(replace(q, weight=1.0), "weicom").name == "text"
    assert fusion_for(q, "weicom").name == "weicom"


def test_a_method_without_its_photo_says_so() -> None:
    with pytest.raises(ValueError, match="photo and words"):
        FUSIONS["sum"].score(EncodedQuery(text=CATALOG[0]), CATALOG)


def test_statistics_of_an_empty_catalog_change_nothing() -> None:
    assert EncodedQuery().catalog.moments(CATALOG[0]) == (0.0, 1.0)


def _no_fetch(ids: object) -> tuple[np.ndarray, Vectors]:
    raise AssertionError("a linear method needs no vectors")


def test_a_method_takes_another_parameter_by_its_name() -> None:
    assert fusion_named("direction:0.7") == Direction(alpha=0.7)
    assert fusion_named("weicom:0.4") == WeiCom(best=0.4)
    assert fusion_named("sum") is FUSIONS["sum"]
    for name in ("magic", "sum:2", "sum:x", "sum:nan", "image:0.5", "direction:-1", ""):
        with pytest.raises(ValueError, match="fusion"):
            fusion_named(name)
