"""What every store must keep. Mix ``StoreContract`` into a test class and give ``build``."""

from __future__ import annotations

import itertools
import math
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from search.exceptions import IndexMissing
from search.stores.base import Payload, ScanningStore, VectorStore, Where
from search.types import Hit, Vectors

DIM = 4
ENCODER = "contract@1+none"

# Unit vectors whose products are exact in binary, so that scores and their ties are too.
EXACT: Vectors = np.array(
    [
        *(sign * np.eye(DIM)[axis] for axis in range(DIM) for sign in (1, -1)),
        *(np.array(signs) / 2 for signs in itertools.product((1, -1), repeat=DIM)),
    ],
    np.float32,
)


def unit(count: int, *, dim: int = DIM, seed: int = 0) -> Vectors:
    rows = np.random.default_rng(seed).standard_normal((count, dim)).astype(np.float32)
    scaled: Vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return scaled


def any_of(**clauses: set[int]) -> Where:
    return Where(any_of={name: frozenset(values) for name, values in clauses.items()})


def between(**clauses: tuple[float | None, float | None]) -> Where:
    return Where(between=clauses)


def found(hits: Sequence[Hit]) -> list[int]:
    return [hit.image_id for hit in hits]


def scanning(store: VectorStore) -> ScanningStore:
    if not isinstance(store, ScanningStore):
        pytest.skip("this store answers nearest photos only")
    return store


class StoreContract:
    """The suite. ``build`` gives an object on ``path``; a second one there sees what is published
    if ``shared``."""

    shared = True

    def build(self, path: Path, *, dim: int = DIM) -> VectorStore:
        raise NotImplementedError

    @pytest.fixture
    def store(self, tmp_path: Path) -> VectorStore:
        return self.build(tmp_path)

    @pytest.fixture
    def other(self, store: VectorStore, tmp_path: Path) -> VectorStore:
        if not self.shared:
            pytest.skip("This store lives in one object.")
        return self.build(tmp_path)

    def fill(self, store: VectorStore, payload: Sequence[Payload], **options: Any) -> Vectors:
        vectors = unit(len(payload), **options)
        store.upsert(range(len(payload)), vectors, payload)
        store.publish()
        return vectors

    # Reading and writing ---------------------------------------------------------------------

    def test_is_a_store(self, store: VectorStore) -> None:
        assert isinstance(store, VectorStore)

    def test_before_the_first_publish_there_is_no_index(self, store: VectorStore) -> None:
        store.upsert([1], EXACT[:1], [{}])
        for read in (
            store.info,
            store.verify,
            store.ids,
            lambda: store.fetch([1]),
            lambda: store.payloads([1]),
            lambda: store.search(EXACT[:1], 1),
        ):
            with pytest.raises(IndexMissing):
                read()

    def test_an_empty_index_can_be_published(self, store: VectorStore) -> None:
        store.publish()
        assert store.info().count == 0
        assert store.search(EXACT[:2], 5) == [[], []]
        assert store.ids().tolist() == []
        assert store.fetch([]).shape == (0, DIM)
        assert store.payloads([]) == []

    def test_scores_are_inner_products_best_first(self, store: VectorStore) -> None:
        vectors = self.fill(store, [{}] * 30)
        queries = unit(3, seed=1)
        for query, hits in zip(queries, store.search(queries, 7), strict=True):
            scores = vectors @ query
            best = np.argsort(-scores)[:7]
            assert found(hits) == best.tolist()
            assert [hit.score for hit in hits] == pytest.approx(scores[best].tolist(), abs=1e-5)
            assert all(not hit.why for hit in hits)

    @pytest.mark.parametrize("count", [1, 25])
    def test_many_queries_answer_as_one_by_one(self, store: VectorStore, count: int) -> None:
        self.fill(store, [{"a": row % 3} for row in range(60)])
        queries = unit(count, seed=2)
        for where in (None, any_of(a={1})):
            together = store.search(queries, 5, where=where)
            alone = [store.search(query[None], 5, where=where)[0] for query in queries]
            assert together == alone

    def test_ties_are_in_the_order_of_their_ids(self, store: VectorStore) -> None:
        ids = list(range(100, 0, -1))
        store.upsert(ids, np.repeat(EXACT[:1], 100, axis=0), [{}] * 100)
        store.upsert([500], EXACT[8:9], [{}])
        store.publish()
        for k in (1, 3, 10, 100):
            assert found(store.search(EXACT[:1], k)[0]) == list(range(1, k + 1))
        assert found(store.search(EXACT[8:9], 3)[0]) == [500, 1, 2]

    def test_ties_hold_across_publishes(self, store: VectorStore) -> None:
        for number in (7, 3, 9, 1):
            store.upsert([number], EXACT[:1], [{}])
            store.publish()
        assert found(store.search(EXACT[:1], 3)[0]) == [1, 3, 7]

    def test_k_beyond_the_count_and_zero(self, store: VectorStore) -> None:
        self.fill(store, [{}] * 5)
        assert sorted(found(store.search(EXACT[:1], 50)[0])) == [0, 1, 2, 3, 4]
        assert store.search(EXACT[:2], 0) == [[], []]
        assert store.search(np.empty((0, DIM), np.float32), 3) == []

    def test_ids_may_be_any_whole_number(self, store: VectorStore) -> None:
        ids = [2**62, 0, -5, 17]
        store.upsert(ids, EXACT[:4], [{"a": 1}] * 4)
        store.publish()
        assert store.ids().tolist() == sorted(ids)
        assert sorted(found(store.search(EXACT[:1], 9, where=any_of(a={1}))[0])) == sorted(ids)
        np.testing.assert_array_equal(store.fetch(ids), EXACT[:4])

    def test_fetch_gives_the_same_vectors_in_order(self, store: VectorStore) -> None:
        vectors = self.fill(store, [{}] * 9)
        np.testing.assert_allclose(store.fetch([5, 0, 5]), vectors[[5, 0, 5]], atol=1e-6)
        assert store.fetch(np.array([2])).dtype == np.float32

    def test_missing_ids_are_named(self, store: VectorStore) -> None:
        self.fill(store, [{}] * 3)
        for read in (store.fetch, store.payloads):
            with pytest.raises(KeyError) as error:
                read([1, 77, 0, 78])
            assert error.value.args == (77, 78)

    def test_payloads_come_back_as_they_were(self, store: VectorStore) -> None:
        payload: list[Payload] = [
            {"brand": 3, "price": 99.5, "colours": (4, 1, 4)},
            {},
            {"colours": (), "brand": -(2**63)},
            {"price": 1.0},
        ]
        self.fill(store, payload)
        assert store.payloads([3, 0, 2, 0, 1]) == [payload[row] for row in (3, 0, 2, 0, 1)]
        store.set_payload([1], [{"colours": (2,)}])
        store.publish()
        assert store.payloads([1, 0]) == [{"colours": (2,)}, payload[0]]

    def test_an_upsert_replaces_vector_and_payload(self, store: VectorStore) -> None:
        self.fill(store, [{"a": 1, "b": 2}] * 4)
        store.upsert([2], EXACT[3:4], [{"a": 5}])
        store.publish()
        assert store.info().count == 4
        np.testing.assert_array_equal(store.fetch([2]), EXACT[3:4])
        assert store.payloads([2]) == [{"a": 5}]
        assert found(store.search(EXACT[3:4], 1)[0]) == [2]
        assert found(store.search(EXACT[3:4], 9, where=any_of(a={5}))[0]) == [2]

    def test_the_last_of_an_id_in_one_batch_counts(self, store: VectorStore) -> None:
        store.upsert([1, 1], EXACT[:2], [{"a": 1}, {"a": 2}])
        store.publish()
        np.testing.assert_array_equal(store.fetch([1]), EXACT[1:2])
        assert store.payloads([1]) == [{"a": 2}]

    def test_a_deleted_row_is_gone_and_may_come_back(self, store: VectorStore) -> None:
        self.fill(store, [{}] * 4)
        store.delete([1, 3, 99])
        store.publish()
        assert store.ids().tolist() == [0, 2]
        assert sorted(found(store.search(EXACT[:1], 9)[0])) == [0, 2]
        with pytest.raises(KeyError):
            store.fetch([1])
        store.upsert([1], EXACT[5:6], [{"a": 1}])
        store.publish()
        assert found(store.search(EXACT[5:6], 1)[0]) == [1]

    def test_within_one_publish_the_last_write_counts(self, store: VectorStore) -> None:
        self.fill(store, [{"a": 0}] * 3)
        store.upsert([7], EXACT[:1], [{"a": 1}])
        store.delete([7])
        store.delete([0])
        store.set_payload([0, 7], [{"a": 9}, {"a": 9}])
        store.upsert([1], EXACT[1:2], [{"a": 1}])
        store.set_payload([1], [{"a": 2}])
        store.delete([2])
        store.upsert([2], EXACT[2:3], [{"a": 3}])
        store.publish()
        assert store.ids().tolist() == [1, 2]
        assert store.payloads([1, 2]) == [{"a": 2}, {"a": 3}]

    def test_setting_the_payload_of_an_unknown_id_does_nothing(self, store: VectorStore) -> None:
        self.fill(store, [{}])
        store.set_payload([5], [{"a": 1}])
        store.publish()
        assert store.ids().tolist() == [0]

    def test_the_callers_array_is_not_held(self, store: VectorStore) -> None:
        vectors, payload = EXACT[:1].copy(), {"a": 1}
        store.upsert([1], vectors, [payload])
        vectors[:] = EXACT[1]
        payload["a"] = 2
        store.publish()
        np.testing.assert_array_equal(store.fetch([1]), EXACT[:1])
        assert store.payloads([1]) == [{"a": 1}]

    @pytest.mark.parametrize(
        ("ids", "vectors", "payload"),
        [
            pytest.param([1], EXACT[:1].astype(np.float64), [{}], id="float64"),
            pytest.param([1], EXACT[:1].tolist(), [{}], id="a list"),
            pytest.param([1], EXACT[0], [{}], id="one dimension"),
            pytest.param([1], np.ones((1, DIM + 1), np.float32), [{}], id="too wide"),
            pytest.param([1], EXACT[:1] * np.float32(1.1), [{}], id="too long"),
            pytest.param([1], EXACT[:1] * 0, [{}], id="nothing"),
            pytest.param([1], np.full((1, DIM), np.nan, np.float32), [{}], id="NaN"),
            pytest.param([1], np.full((1, DIM), np.inf, np.float32), [{}], id="infinite"),
            pytest.param([1, 2], EXACT[:1], [{}], id="more ids"),
            pytest.param([1], EXACT[:1], [{}, {}], id="more payloads"),
            pytest.param([1.5], EXACT[:1], [{}], id="half an id"),
            pytest.param([2**63], EXACT[:1], [{}], id="a large id"),
            pytest.param([[1]], EXACT[:1], [{}], id="nested ids"),
            pytest.param([1], EXACT[:1], [{"a": "red"}], id="a word"),
            pytest.param([1], EXACT[:1], [{"a": None}], id="None"),
            pytest.param([1], EXACT[:1], [{"a": (1, "x")}], id="a word among numbers"),
            pytest.param([1], EXACT[:1], [{"a": 2**63}], id="a large number"),
        ],
    )
    def test_what_cannot_be_kept_is_refused_whole(
        self, store: VectorStore, ids: Any, vectors: Any, payload: Any
    ) -> None:
        with pytest.raises(ValueError):
            store.upsert(ids, vectors, payload)
        store.publish()
        assert store.info().count == 0

    def test_a_wrong_question_is_refused(self, store: VectorStore) -> None:
        self.fill(store, [{}])
        for vectors, k in (
            (EXACT[:1, :2], 1),
            (EXACT[0], 1),
            (EXACT[:1] * np.float32("nan"), 1),
            (EXACT[:1], -1),
        ):
            with pytest.raises(ValueError):
                store.search(vectors, k)
        with pytest.raises(ValueError):
            store.set_payload([0, 1], [{}])

    # Publishing ------------------------------------------------------------------------------

    def test_writes_are_invisible_until_published(self, store: VectorStore) -> None:
        vectors = self.fill(store, [{"a": 1}] * 3)
        before = store.info()
        store.upsert([0, 9], EXACT[:2], [{}, {}])
        store.delete([1])
        store.set_payload([2], [{"a": 2}])
        assert store.info() == before
        assert store.ids().tolist() == [0, 1, 2]
        np.testing.assert_allclose(store.fetch([0, 1]), vectors[:2], atol=1e-6)
        assert len(store.search(EXACT[:1], 9, where=any_of(a={1}))[0]) == 3
        store.publish()
        assert store.ids().tolist() == [0, 2, 9]
        assert store.payloads([0, 2]) == [{}, {"a": 2}]

    def test_the_generation_grows_when_something_changed(self, store: VectorStore) -> None:
        self.fill(store, [{}] * 2)
        first = store.info()
        store.publish()
        store.delete([99])
        store.set_payload([99], [{}])
        store.publish()
        assert store.info() == first
        store.delete([0])
        store.publish()
        second = store.info()
        assert second.generation > first.generation
        assert (second.count, second.dim, second.encoder_id) == (1, DIM, ENCODER)

    def test_another_reader_sees_what_is_published(
        self, store: VectorStore, other: VectorStore
    ) -> None:
        self.fill(store, [{"a": 1}] * 3)
        assert other.search(EXACT[:1], 3) == store.search(EXACT[:1], 3)
        store.upsert([9], EXACT[:1], [{"a": 2}])
        assert other.ids().tolist() == [0, 1, 2]
        store.publish()
        assert other.info() == store.info()
        assert found(other.search(EXACT[:1], 1)[0]) == [9]
        assert other.payloads([9]) == [{"a": 2}]

    def test_searches_go_on_during_publishes_and_see_one_generation(
        self, store: VectorStore, tmp_path: Path
    ) -> None:
        """Each generation turns every row to another axis: a mixture would show in the scores."""
        count, generations, stop = 40, 12, threading.Event()
        reader = self.build(tmp_path) if self.shared else store

        def turn(number: int) -> None:
            vectors = np.repeat(EXACT[number % len(EXACT)][None], count, axis=0)
            store.upsert(range(count), vectors, [{"turn": number}] * count)
            store.publish()

        def read() -> set[int]:
            seen = set()
            while not stop.is_set():
                for source in (store, reader):
                    hits = source.search(EXACT[9:10], count)[0]
                    assert len(hits) == count
                    assert len({hit.score for hit in hits}) == 1
                    turns = {payload["turn"] for payload in source.payloads(range(count))}
                    assert len(turns) == 1
                    seen |= turns
            return seen

        turn(0)
        with ThreadPoolExecutor(3) as pool:
            readers = [pool.submit(read) for _ in range(3)]
            try:
                for number in range(1, generations):
                    turn(number)
            finally:
                stop.set()
            for future in readers:
                assert future.result(timeout=60)

    def test_a_rebuild_replaces_everything(self, store: VectorStore) -> None:
        self.fill(store, [{"a": 1}] * 3)
        generation = store.info().generation
        store.upsert([77], EXACT[:1], [{}])  # never published, hence dropped
        store.rebuild(
            [
                ([5, 1], EXACT[:2], [{"a": 1}, {"a": 2}]),
                ([], np.empty((0, DIM), np.float32), []),
                ([5], EXACT[4:5], [{"b": 3}]),
            ]
        )
        assert store.ids().tolist() == [1, 5]
        assert store.payloads([1, 5]) == [{"a": 2}, {"b": 3}]
        np.testing.assert_array_equal(store.fetch([5]), EXACT[4:5])
        assert found(store.search(EXACT[:1], 9, where=any_of(a={1}))[0]) == []
        assert store.info().generation > generation
        store.publish()
        assert store.ids().tolist() == [1, 5]
        store.rebuild([])
        assert store.info().count == 0

    def test_a_rebuild_that_fails_changes_nothing(self, store: VectorStore) -> None:
        self.fill(store, [{}] * 3)
        before = store.info()

        def batches() -> Any:
            yield [8], EXACT[:1], [{}]
            raise RuntimeError("the database went away")

        with pytest.raises(RuntimeError):
            store.rebuild(batches())
        with pytest.raises(ValueError):
            store.rebuild([([8], EXACT[:1] * 2, [{}])])
        assert store.info() == before
        assert store.verify() == before
        store.upsert([9], EXACT[:1], [{}])
        store.publish()
        assert store.ids().tolist() == [0, 1, 2, 9]

    # Filters ---------------------------------------------------------------------------------

    @pytest.mark.parametrize(
        ("where", "expected"),
        [
            (Where(), [0, 1, 2, 3, 4]),
            (any_of(brand={1}), [0, 1]),
            (any_of(brand={1, 2}), [0, 1, 2]),
            (any_of(brand=set()), []),
            (any_of(brand={99}), []),
            (any_of(brand={2**80, 2}), [2]),
            (any_of(nothing={1}), []),
            (any_of(colours={7}), [0, 2]),
            (any_of(colours={7, 8}), [0, 1, 2]),
            (any_of(colours={7}, brand={1}), [0]),
            (between(price=(None, None)), [0, 1, 2]),
            (between(price=(50.0, 50.0)), [0]),
            (between(price=(50, None)), [0, 1]),
            (between(price=(None, 60.0)), [0, 2]),
            (between(price=(60.0, 50.0)), []),
            (between(price=(math.nan, None)), []),
            (between(price=(-math.inf, math.inf)), [0, 1, 2]),
            (between(nothing=(None, None)), []),
            (between(brand=(1.5, 2.5)), [2]),
            (between(brand=(None, 1)), [0, 1]),
            (between(colours=(8, None)), [1, 2]),
            (between(big=(2**53, 2**53)), [3]),
            (between(big=(2.0**53 + 1, None)), [3, 4]),
            (Where({"brand": frozenset({1})}, {"price": (70.0, None)}), [1]),
        ],
    )
    def test_filters(self, store: VectorStore, where: Where, expected: list[int]) -> None:
        self.fill(
            store,
            [
                {"brand": 1, "price": 50.0, "colours": (7,)},
                {"brand": 1, "price": 80.0, "colours": (8,)},
                {"brand": 2, "price": -5.0, "colours": (7, 9)},
                {"price": math.nan, "big": 2**53},
                {"colours": (), "big": 2**53 + 1},
            ],
        )
        assert sorted(found(store.search(EXACT[:1], 9, where=where)[0])) == expected

    def test_dropped_it_is_as_before_the_first_publish(self, store: VectorStore) -> None:
        store.drop()
        self.fill(store, [{"a": 1}] * 3)
        store.upsert([7], EXACT[:1], [{"a": 2}])
        store.drop()
        with pytest.raises(IndexMissing):
            store.info()
        self.fill(store, [{"a": 1}] * 2)
        assert store.ids().tolist() == [0, 1]

    def test_a_filter_is_applied_within_the_search(self, store: VectorStore) -> None:
        """The only row that matches is the worst of 200: filtering afterwards would lose it."""
        store.upsert(range(200), np.repeat(EXACT[:1], 200, axis=0), [{"a": 0}] * 200)
        store.upsert([999], EXACT[1:2], [{"a": 1}])
        store.publish()
        assert found(store.search(EXACT[:1], 1, where=any_of(a={1}))[0]) == [999]

    def test_a_filter_follows_the_payload(self, store: VectorStore) -> None:
        self.fill(store, [{"a": 1}] * 3)
        assert len(store.search(EXACT[:1], 9, where=any_of(a={1}))[0]) == 3
        store.set_payload([1], [{"a": 2}])
        store.publish()
        assert sorted(found(store.search(EXACT[:1], 9, where=any_of(a={1}))[0])) == [0, 2]
        assert found(store.search(EXACT[:1], 9, where=any_of(a={2}))[0]) == [1]

    def test_a_scan_reads_everything_that_a_filter_keeps(self, store: VectorStore) -> None:
        reader = scanning(store)
        self.fill(store, [{"a": 1}, {"a": 2}, {}, {"a": 1}])
        store.upsert([7], EXACT[3:4], [{"a": 2}])
        store.delete([3])
        store.publish()
        for where, kept in ((None, [0, 1, 2, 7]), (any_of(a={2}), [1, 7])):
            scan = reader.scan(EXACT[:2], where=where)
            order = np.argsort(scan.ids)
            assert scan.ids[order].tolist() == kept
            exact = scan.exactly(order)
            assert exact.ids.tolist() == kept
            assert exact.errors is None
            np.testing.assert_allclose(exact.scores, store.fetch(kept) @ EXACT[:2].T, atol=1e-6)
            errors = np.zeros(len(order)) if scan.errors is None else scan.errors[order]
            assert (abs(scan.scores[order] - exact.scores) <= errors[:, None] + 1e-6).all()
            marks = scan.marks([any_of(a={1}), between(a=(2, None))])
            assert marks[0][order].tolist() == [number == 0 for number in kept]
            assert marks[1][order].tolist() == [number in (1, 7) for number in kept]
            some = scan.only(marks[1])
            assert sorted(some.ids.tolist()) == [1, 7]
            assert some.marks([any_of(a={1})]).tolist() == [[False, False]]
            one = some.exactly(np.array([1]))
            np.testing.assert_allclose(one.scores, store.fetch(one.ids) @ EXACT[:2].T, atol=1e-6)
        assert reader.scan(EXACT[:0]).scores.shape == (4, 0)
        assert reader.scan(EXACT[:1]).marks([]).shape == (0, 4)

    def test_the_marks_of_a_scan_are_of_its_time(self, store: VectorStore) -> None:
        reader = scanning(store)
        self.fill(store, [{"a": 1}, {"a": 2}])
        scan = reader.scan(EXACT[:1])
        store.delete([0])
        store.set_payload([1], [{"a": 1}])
        store.publish()
        assert scan.ids[scan.marks([any_of(a={1})])[0]].tolist() == [0]

    def test_a_field_may_change_its_kind(self, store: VectorStore) -> None:
        self.fill(store, [{"a": 3}, {"a": 3.0}, {"a": (3, 4)}, {"a": 3.5}])
        assert sorted(found(store.search(EXACT[:1], 9, where=any_of(a={3}))[0])) == [0, 1, 2]
        assert sorted(found(store.search(EXACT[:1], 9, where=between(a=(3.1, None)))[0])) == [2, 3]
