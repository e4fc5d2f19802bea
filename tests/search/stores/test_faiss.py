"""The FAISS store keeps the contract in each of the shapes that its files can have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from search.stores.base import VectorStore
from search.stores.faiss import FaissStore
from tests.search.stores.contract import DIM, ENCODER, StoreContract, any_of, found, unit
from tests.search.stores.machine import StoreMachine

SHAPES: dict[str, dict[str, Any]] = {
    "deltas": {},
    "merged": {"merge_after": 1},
    "base": {"compact_min": 0, "compact_share": 0.0},
    "mixed": {"compact_min": 4, "compact_share": 0.5, "merge_after": 2},
    "coded": {"compact_min": 4, "compact_share": 0.5, "merge_after": 2, "coded_from": 1},
    "graph": {"compact_min": 4, "flat_limit": 0},
}


def build(path: Path, shape: str, *, dim: int = DIM, **options: Any) -> FaissStore:
    options = SHAPES[shape] | {"grace_seconds": 0.0, "lock_seconds": 0.0} | options
    return FaissStore(path=path, encoder_id=ENCODER, dim=dim, **options)


class FaissContract(StoreContract):
    shape: str

    def build(self, path: Path, *, dim: int = DIM) -> VectorStore:
        return build(path, self.shape, dim=dim, refresh_seconds=0.0)


class TestDeltas(FaissContract):
    shape = "deltas"


class TestMergedDeltas(FaissContract):
    shape = "merged"


class TestBaseOnly(FaissContract):
    shape = "base"


class TestBaseAndDeltas(FaissContract):
    shape = "mixed"


class TestCoded(FaissContract):
    shape = "coded"


class TestGraph(FaissContract):
    shape = "graph"


class MixedMachine(StoreMachine):
    def build(self, folder: Path) -> VectorStore:
        return build(folder, "mixed", refresh_seconds=0.0)


class CodedMachine(StoreMachine):
    def build(self, folder: Path) -> VectorStore:
        return build(folder, "coded", refresh_seconds=0.0)


class GraphMachine(StoreMachine):
    def build(self, folder: Path) -> VectorStore:
        return build(folder, "graph", refresh_seconds=0.0)


RUNS = settings(
    max_examples=15,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestMixedMachine = MixedMachine.TestCase
TestMixedMachine.settings = RUNS
TestCodedMachine = CodedMachine.TestCase
TestCodedMachine.settings = RUNS
TestGraphMachine = GraphMachine.TestCase
TestGraphMachine.settings = RUNS


class TestGraphSearch:
    """The graph itself, which small indexes are never searched by."""

    COUNT, WIDE = 4000, 16

    @pytest.fixture
    def vectors(self) -> Any:
        return unit(self.COUNT, dim=self.WIDE)

    @pytest.fixture
    def store(self, vectors: Any, tmp_path: Path) -> FaissStore:
        store = build(tmp_path, "graph", dim=self.WIDE, scan_limit=0)
        store.rebuild(
            (range(at, at + 500), vectors[at : at + 500], [{"a": n % 5} for n in range(500)])
            for at in range(0, self.COUNT, 500)
        )
        assert store.info().kind == "hnsw-sq8"
        return store

    @pytest.mark.parametrize("wanted", [None, 3])
    def test_finds_nearly_all_of_the_nearest(
        self, store: FaissStore, vectors: Any, wanted: int | None
    ) -> None:
        queries = unit(40, dim=self.WIDE, seed=5)
        where = None if wanted is None else any_of(a={wanted})
        allowed = np.array([wanted in (None, n % 500 % 5) for n in range(self.COUNT)])
        right = 0
        for query, hits in zip(queries, store.search(queries, 10, where=where), strict=True):
            scores = np.where(allowed, vectors @ query, -2)
            right += len(set(found(hits)) & set(np.argsort(-scores)[:10].tolist()))
            assert [h.score for h in hits] == pytest.approx(scores[found(hits)].tolist(), abs=1e-6)
        assert right / 400 >= 0.95

    def test_vectors_come_back_unquantised(self, store: FaissStore, vectors: Any) -> None:
        np.testing.assert_array_equal(store.fetch([17, 3999]), vectors[[17, 3999]])

    def test_asking_for_nearly_all_gets_all(self, store: FaissStore) -> None:
        assert len(store.search(unit(1, dim=self.WIDE), self.COUNT)[0]) == self.COUNT

    def test_deleted_rows_are_not_found(self, store: FaissStore, vectors: Any) -> None:
        store.delete([123])
        store.publish()
        assert 123 not in found(store.search(vectors[123:124], 20)[0])
        store.upsert([123], vectors[123:124], [{"a": 123 % 5}])
        store.publish()
        assert found(store.search(vectors[123:124], 1)[0]) == [123]
