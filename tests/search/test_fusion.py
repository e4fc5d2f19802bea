"""Every method: its formula, its slider, its shares, and what it promises of unseen photos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.fusion import (
    FUSIONS,
    Basic,
    Candidates,
    Direction,
    EncodedQuery,
    Evidence,
    Freedom,
    Language,
    Mixture,
    Negatives,
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
WORDS = ("boot", "sandal", "loafer", "red", "blue", "shiny")


def say(sentences: Sequence[str]) -> Vectors:
    return np.stack([unit_rows(1, seed=100 + len(sentence))[0] for sentence in sentences])


LANGUAGE = Language(
    colours=unit_rows(6, seed=4), subjects=say(WORDS[:3]), styles=say(WORDS[3:]), words=WORDS,
    say=say,
)  # fmt: skip


def seen(n: int) -> Evidence:
    """Colours drawn at random, and outlines of all but the first two photos."""
    rng = np.random.default_rng(9)
    colours = np.log(rng.dirichlet(np.ones(6), n)).astype(np.float32)
    shape = unit_rows(n, seed=8, dim=5)
    shape[:2] = 0
    return Evidence(colours, shape)


def asked(weight: float = 0.5, seed: int = 2) -> EncodedQuery:
    v, t, source = unit_rows(3, seed=seed)
    return EncodedQuery(
        photo=v, text=t, source=source, weight=weight, catalog=Statistics(CATALOG),
        language=LANGUAGE, words="in red", avoid=source[None, :],
    )  # fmt: skip


def tinted(weight: float = 0.5) -> EncodedQuery:
    """A query with all that the mixture can use."""
    return replace(
        asked(weight),
        catalog=Statistics(CATALOG, seen(len(CATALOG))),
        colours=((2, 1.0),),
        shape=unit_rows(1, seed=7, dim=5)[0],
    )


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


@pytest.mark.parametrize("weight", [0.2, 0.9])
def test_shares_of_the_mixture_make_up_its_score_with_evidence(weight: float) -> None:
    q, evidence = tinted(weight), seen(len(CATALOG))
    shares = Mixture().shares(q, CATALOG, evidence)
    assert set(shares) == {"photo", "words"}
    np.testing.assert_allclose(
        shares["photo"] + shares["words"], Mixture().score(q, CATALOG, evidence)
    )


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


def test_basic_is_the_published_formula() -> None:
    q = asked()
    assert q.photo is not None
    assert q.text is not None
    words = np.concatenate([LANGUAGE.subjects, LANGUAGE.styles])
    plus, minus = (
        (one - words.mean(axis=0)).T @ (one - words.mean(axis=0)) / len(one)
        - np.outer(*2 * [one.mean(axis=0) - words.mean(axis=0)])
        for one in (LANGUAGE.subjects, LANGUAGE.styles)
    )
    values, directions = np.linalg.eigh(0.8 * plus - 0.2 * minus)
    kept = directions[:, values > 1e-6]
    projected = kept @ kept.T
    mean = CATALOG.mean(axis=0)
    sv = (CATALOG - mean) @ projected @ (q.photo - mean)
    st_ = (CATALOG - mean) @ (q.text - words.mean(axis=0))
    sv, st_ = ((one - one.min()) / -one.min() for one in (sv, st_))
    by_hand = sv * st_ - 0.1 * (sv + st_) ** 2
    np.testing.assert_allclose(Basic().score(q, CATALOG), by_hand, atol=1e-4)


def test_freedom_puts_the_photo_into_words() -> None:
    q = asked()
    assert q.photo is not None
    fusion = Freedom(photos=3, words=2)
    near = np.argsort(-(CATALOG @ q.photo))[:3]
    named = say(WORDS)
    counts = dict.fromkeys(range(len(WORDS)), 0)
    for shown in (q.photo, *CATALOG[near]):
        for word in np.argsort(-(named @ shown))[:2]:
            counts[int(word)] += 1
    common = sorted(counts.values(), reverse=True)
    assert common[1] > common[2], "the seed leaves a tie for the last word"
    best = sorted(counts, key=lambda word: -counts[word])[:2]
    by_hand = sum(counts[word] * say([f"in red {WORDS[word]}"])[0] for word in best)
    np.testing.assert_allclose(fusion.shortlist(q)[0], by_hand / np.linalg.norm(by_hand), atol=1e-5)


def test_negatives_take_away_only_above_the_threshold() -> None:
    q = asked()
    assert q.source is not None
    inner = Sum()
    found = Negatives(inner, weight=0.7, deviations=1.0).score(q, CATALOG)
    alike = CATALOG @ q.source
    threshold = alike.mean() + alike.std()
    by_hand = inner.score(q, CATALOG) - 0.7 * np.maximum(alike - threshold, 0)
    np.testing.assert_allclose(found, by_hand, atol=1e-6)
    assert (found == inner.score(q, CATALOG))[alike <= threshold].all()


def test_the_mixture_is_its_formula() -> None:
    q, evidence, recipe = tinted(0.3), seen(len(CATALOG)), Mixture().recipe
    assert q.photo is not None
    assert q.shape is not None
    axes = LANGUAGE.axes[: recipe.axes]
    plain = CATALOG - CATALOG @ axes.T @ axes
    plain /= np.linalg.norm(plain, axis=1, keepdims=True)
    own = q.photo - q.photo @ axes.T @ axes
    z = calibrate(plain @ (own / np.linalg.norm(own)))
    alike = evidence.shape @ q.shape
    outlines = np.where(evidence.shape.any(axis=1), (alike - alike[2:].mean()) / alike[2:].std(), 0)
    photo = z + recipe.outlines * outlines
    colour = recipe.colour * evidence.colours[:, 2]
    by_hand = 1.4 * photo / photo.std() + 0.6 * (colour - colour.mean())
    np.testing.assert_allclose(Mixture().score(q, CATALOG, evidence), by_hand, atol=1e-3)


def test_the_mixture_without_evidence_goes_by_the_words_vector() -> None:
    q = asked(0.5)
    assert q.photo is not None
    assert q.text is not None
    by_hand = calibrate(CATALOG @ q.photo) + Mixture().recipe.text * calibrate(CATALOG @ q.text)
    np.testing.assert_allclose(Mixture().score(q, CATALOG), by_hand, atol=1e-3)


def test_an_unwanted_colour_and_alternatives_count_in_the_mixture() -> None:
    evidence = seen(len(CATALOG))
    base = replace(tinted(1.0), colours=())
    red, either = (
        replace(base, colours=((2, 1.0),)),
        replace(base, colours=((2, 1.0), (3, 1.0)), alternatives=True),
    )
    without = replace(base, unwanted=((2, 1.0),))

    def mean_of_best(q: EncodedQuery, places: list[int]) -> float:
        best = np.argsort(-Mixture().shares(q, CATALOG, evidence)["words"])[:20]
        return float(np.exp(evidence.colours[best][:, places]).sum(axis=1).mean())

    everywhere = float(np.exp(evidence.colours[:, 2]).mean())
    assert mean_of_best(red, [2]) > 2 * everywhere
    assert mean_of_best(either, [2, 3]) > mean_of_best(red, [2, 3])
    assert mean_of_best(without, [2]) < everywhere / 2


def calibrate(scores: np.ndarray) -> np.ndarray:
    return (scores - scores.mean()) / scores.std()


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
