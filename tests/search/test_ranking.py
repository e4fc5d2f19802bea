"""rank(): blends are exact although only part of the catalog is asked for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search import ranking as module
from search.edits import EditTerm
from search.fusion import FUSIONS, EncodedQuery, Evidence, Language, Statistics
from search.knowledge import Table
from search.ranking import fetch_known, rank, read_all, sample_ids, statistics_of
from search.stores.base import Scan, Where
from search.stores.memory import MemoryStore
from search.types import Hit, Vectors
from search.wishes import Rule, Rules

N, DIM = 600, 8


def unit_rows(n: int, seed: int) -> Vectors:
    rows = np.random.default_rng(seed).normal(size=(n, DIM)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


CATALOG = unit_rows(N, 1)
IDS = np.arange(10, 10 + N)


@pytest.fixture(scope="module")
def store() -> MemoryStore:
    store = MemoryStore(encoder_id="test", dim=DIM)
    store.upsert(IDS, CATALOG, [{"brand": int(i) % 10} for i in IDS])
    store.publish()
    return store


class Counting:
    """A store that notes how deep it was asked."""

    def __init__(self, inner: MemoryStore) -> None:
        self.inner, self.asked = inner, []  # type: ignore[var-annotated]

    def search(self, vectors: Vectors, k: int, *, where: Where | None = None) -> list[list[Hit]]:
        self.asked.append(k)
        return self.inner.search(vectors, k, where=where)

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)


def query(seed: int, weight: float = 0.5) -> EncodedQuery:
    v, t, source = unit_rows(3, seed)
    words = unit_rows(12, 7)
    language = Language(
        words[:4], words[4:8], words[8:], tuple("abcdefgh"), lambda said: words[: len(said)]
    )
    return EncodedQuery(v, t, source, weight, Statistics(CATALOG), language)


@settings(max_examples=15, deadline=None)
@given(
    name=st.sampled_from(sorted(FUSIONS)),
    seed=st.integers(2, 500),
    weight=st.floats(0.05, 0.95),
    depth=st.integers(1, 80),
)
def test_the_first_places_are_those_of_scoring_everything(
    store: MemoryStore, name: str, seed: int, weight: float, depth: int
) -> None:
    q, fusion = query(seed, weight), FUSIONS[name]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "FIRST_ASK", 20)  # far from the whole catalog
        found = rank(store, q, fusion, depth)
    scores = fusion.score(q, CATALOG)
    expected = np.sort(scores)[::-1][:depth]
    np.testing.assert_allclose([hit.score for hit in found.hits[:depth]], expected, atol=1e-5)
    assert len({hit.image_id for hit in found.hits}) == len(found.hits)


def test_a_linear_method_asks_once_and_no_deeper(store: MemoryStore) -> None:
    counting = Counting(store)
    rank(counting, query(3), FUSIONS["direction"], 30)  # type: ignore[arg-type]
    assert counting.asked == [30]


def test_a_blend_asks_deeper_until_it_is_certain(
    store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FIRST_ASK", 1)
    counting = Counting(store)
    q = query(3)
    assert q.photo is not None
    # Words that contradict the photo: the best of both is far down in either list.
    q = replace(q, text=-q.photo, weight=0.3)
    found = rank(counting, q, FUSIONS["product"], 2)  # type: ignore[arg-type]
    assert counting.asked == sorted(counting.asked)
    assert len(counting.asked) > 1
    assert len(found.hits) == 2


def test_the_hunt_for_certainty_ends(store: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_ASK", 5)
    monkeypatch.setattr(module, "EXACT_BELOW", 5)
    counting = Counting(store)
    found = rank(counting, query(3), FUSIONS["weicom"], 1)  # type: ignore[arg-type]
    assert counting.asked == [5]
    assert len(found.hits) == 1
    assert not found.complete


def test_a_filter_holds_for_every_list(store: MemoryStore) -> None:
    where = Where(any_of={"brand": frozenset({3})})
    found = rank(store, query(4), FUSIONS["product"], 20, where=where)
    assert found.complete
    assert {hit.image_id % 10 for hit in found.hits} == {3}
    assert len(found.hits) == N / 10


def test_a_photo_that_left_the_index_meanwhile_is_left_out(store: MemoryStore) -> None:
    class Stale(Counting):
        def search(
            self, vectors: Vectors, k: int, *, where: Where | None = None
        ) -> list[list[Hit]]:
            return [[Hit(9999, 1.0), *hits] for hits in self.inner.search(vectors, k, where=where)]

    found = rank(Stale(store), query(5), FUSIONS["product"], 20)  # type: ignore[arg-type]
    assert 9999 not in {hit.image_id for hit in found.hits}
    assert found.shares([9999]) == {}
    assert set(found.shares([9999, 10])) == {10}
    ids, vectors = fetch_known(store, np.array([9999, 11, 10]))
    assert ids.tolist() == [11, 10]
    np.testing.assert_array_equal(vectors, CATALOG[[1, 0]])


def test_statistics_are_taken_over_the_catalog_and_kept_until_it_changes() -> None:
    store = MemoryStore(encoder_id="kept", dim=DIM)
    store.upsert(IDS[:50], CATALOG[:50], [{}] * 50)
    store.publish()
    first = statistics_of(store)
    assert statistics_of(store) is first
    mean, deviation = first.moments(CATALOG[0])
    assert mean == pytest.approx(float((CATALOG[:50] @ CATALOG[0]).mean()), abs=1e-5)
    assert deviation == pytest.approx(float((CATALOG[:50] @ CATALOG[0]).std()), abs=1e-5)
    store.upsert(IDS[50:60], CATALOG[50:60], [{}] * 10)
    store.publish()
    assert len(statistics_of(store).sample) == 60


@given(st.sets(st.integers(0, 2**62), min_size=1, max_size=200), st.integers(1, 50))
def test_a_sample_is_fixed_and_hardly_changes_as_the_catalog_grows(
    numbers: set[int], size: int
) -> None:
    ids = np.array(sorted(numbers), np.int64)
    sample = sample_ids(ids, size)
    assert len(sample) == min(size, len(ids))
    assert set(sample.tolist()) <= numbers
    assert sample_ids(ids[::-1].copy(), size).tolist() == sample.tolist()
    grown = sample_ids(np.append(ids, 2**62 + 1), size)
    assert len(set(sample.tolist()) - set(grown.tolist())) <= 1


def test_a_sample_is_spread_over_the_catalog() -> None:
    sample = sample_ids(np.arange(100_000), 1000)
    counts, _ = np.histogram(sample, bins=10, range=(0, 100_000))
    assert counts.min() > 60


def test_evidence_is_of_the_photos_asked_for_when_one_was_exchanged() -> None:
    """As many were published as left: by their number alone nobody can tell."""
    ids = np.array([2, 4, 6], np.int64)
    one = np.arange(3, dtype=np.float32)
    table = Table(ids, colours=one[:, None], lengths=one, shape=one[:, None])
    rows, known = table.find(np.array([6, 5, 2]))
    assert known is not None
    assert known.tolist() == [True, False, True]
    assert table.evidence(rows).colours.ravel().tolist() == [2, 0]
    assert table.find(np.array([9]))[0].tolist() == []
    rows, known = table.find(ids)
    assert (rows is table.whole, known) == (True, None)
    assert table.find(np.array([4, 6, 2]))[0].tolist() == [1, 2, 0]


class Rough(MemoryStore):
    """A store that reads carelessly first, and says by how much."""

    def scan(self, vectors: Vectors, *, where: Where | None = None) -> Scan:
        true = super().scan(vectors, where=where)
        chance = np.random.default_rng(len(true.ids))
        errors = chance.uniform(0, 0.2, len(true.ids)).astype(np.float32)
        # As far off as it says: nothing less is sure to show a bound that is too narrow.
        off = errors[:, None] * chance.choice([-1, 1], true.scores.shape)
        rough = np.asarray(true.scores + off, np.float32)
        return replace(true, scores=rough, errors=errors, score=lambda rows: true.scores[rows])


def rules_of(brand: int) -> Rules:
    has, stated = Where(any_of={"brand": frozenset({brand})}), Where(between={"brand": (1, None)})
    wished = Rule(EditTerm("change", "brand", "x", weight=0.2), has, stated, False, False)
    other = Where(any_of={"brand": frozenset({brand + 1})})
    return Rules((wished, Rule(EditTerm("avoid", "brand", "y"), other, stated, True, True)))


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(2, 500),
    weight=st.floats(0.05, 0.95),
    depth=st.integers(1, 80),
    tinted=st.booleans(),
    unlike=st.booleans(),
    ruled=st.booleans(),
    filtered=st.booleans(),
)
def test_no_place_depends_on_how_carefully_was_read_first(
    store: MemoryStore,
    seed: int,
    weight: float,
    depth: int,
    tinted: bool,
    unlike: bool,
    ruled: bool,
    filtered: bool,
) -> None:
    chance = np.random.default_rng(seed)
    q, outlines = query(seed, weight), unit_rows(N, seed + 1)
    outlines[::7] = 0.0
    colours = np.log(chance.dirichlet(np.ones(4), N)).astype(np.float32)
    lengths = chance.uniform(0.6, 1.0, N).astype(np.float32)
    table = Table(IDS, np.asfortranarray(colours), lengths, outlines)
    q = replace(
        q,
        catalog=Statistics(CATALOG, Evidence(colours, outlines), lengths),
        shape=unit_rows(1, seed + 2)[0],
        colours=((1, 1.0),) if tinted else (),
        more=q.text if tinted and seed % 2 else None,
        unlike=unit_rows(2, seed + 3) if unlike else None,
    )
    rough = Rough(encoder_id="test", dim=DIM)
    rough.upsert(IDS, CATALOG, [{"brand": int(i) % 10} for i in IDS])
    rough.publish()
    where = Where(between={"brand": (2, 7)}) if filtered else None
    told = []
    for one in (store, rough):
        found = rank(
            one, q, FUSIONS["mixture"], depth, where=where, table=table,
            rules=rules_of(seed % 9) if ruled else None,
        )  # fmt: skip
        near = read_all(one, q, FUSIONS["mixture"], table, beside=unit_rows(1, seed + 4)[0])
        assert near is not None
        told.append(([(h.image_id, h.score) for h in found.hits], found.complete, near.nearest(9)))
    assert told[0] == told[1]
    assert len(told[0][0]) == depth or told[0][1]
