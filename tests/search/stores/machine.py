"""A store against a dict: any order of writes, publishes, reopenings and questions."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from search.stores.base import Payload, VectorStore, Where
from search.stores.memory import matches
from tests.search.stores.contract import DIM, EXACT

Rows = dict[int, tuple[int, Payload]]
"""What there is: id → (which of EXACT, payload)."""

small = st.integers(0, 4)
ids = st.integers(0, 15)
payloads = st.fixed_dictionaries(
    {},
    optional={
        "whole": small,
        "many": st.lists(small, max_size=3).map(tuple),
        "real": st.sampled_from([0.0, 1.5, 4.0, -1.0]),
        "either": small | st.sampled_from([0.5, 2.0]) | st.lists(small, max_size=2).map(tuple),
    },
)
names = st.sampled_from(["whole", "many", "real", "either", "nowhere"])
bounds = st.none() | st.sampled_from([-1.0, 0.5, 2.0, 2])
wheres = st.none() | st.builds(
    Where,
    any_of=st.dictionaries(names, st.frozensets(small, max_size=3), max_size=2),
    between=st.dictionaries(names, st.tuples(bounds, bounds), max_size=2),
)
rows = st.lists(st.tuples(ids, st.integers(0, len(EXACT) - 1), payloads), max_size=6)


class StoreMachine(RuleBasedStateMachine):
    """Set ``build``; ``reopen`` and readers are left out for a store that is one object."""

    build: Callable[[Path], VectorStore]
    shared = True

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.store, self.reader = self.build(self.folder), None
        self.store.publish()
        self.published: Rows = {}
        self.pending: Rows = {}

    def teardown(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    @rule(batch=rows)
    def upsert(self, batch: list[tuple[int, int, Payload]]) -> None:
        self.store.upsert(*_arrays(batch))
        self.pending |= {number: (vector, payload) for number, vector, payload in batch}

    @rule(gone=st.lists(ids, max_size=5))
    def delete(self, gone: list[int]) -> None:
        self.store.delete(gone)
        for number in gone:
            self.pending.pop(number, None)

    @rule(batch=st.lists(st.tuples(ids, payloads), max_size=5))
    def set_payload(self, batch: list[tuple[int, Payload]]) -> None:
        self.store.set_payload([number for number, _ in batch], [payload for _, payload in batch])
        for number, payload in batch:
            if number in self.pending:
                self.pending[number] = self.pending[number][0], payload

    @rule()
    def publish(self) -> None:
        self.store.publish()
        self.published = dict(self.pending)

    @rule(batches=st.lists(rows, max_size=3))
    def rebuild(self, batches: list[list[tuple[int, int, Payload]]]) -> None:
        self.store.rebuild(_arrays(batch) for batch in batches)
        self.pending = {n: (vector, payload) for batch in batches for n, vector, payload in batch}
        self.published = dict(self.pending)

    @rule()
    def reopen(self) -> None:
        """Another object takes over; what was not published is lost with the first."""
        if self.shared:
            self.store.discard()  # type: ignore[attr-defined]
            self.store = self.build(self.folder)
            self.pending = dict(self.published)

    @rule(query=st.integers(0, len(EXACT) - 1), k=st.integers(0, 20), where=wheres)
    def search(self, query: int, k: int, where: Where | None) -> None:
        scores = {
            number: float(EXACT[vector] @ EXACT[query])
            for number, (vector, payload) in self.published.items()
            if where is None or matches(payload, where)
        }
        best = sorted(scores, key=lambda number: (-scores[number], number))[:k]
        for store in self.readers():
            hits = store.search(EXACT[query : query + 1], k, where=where)[0]
            assert [(hit.image_id, hit.score) for hit in hits] == [(n, scores[n]) for n in best]

    @rule(wanted=st.lists(ids, max_size=4))
    def fetch(self, wanted: list[int]) -> None:
        missing = tuple(number for number in wanted if number not in self.published)
        for store in self.readers():
            if missing:
                with pytest.raises(KeyError) as error:
                    store.fetch(wanted)
                assert error.value.args == missing
            else:
                expected = [EXACT[self.published[number][0]] for number in wanted]
                np.testing.assert_array_equal(
                    store.fetch(wanted), np.array(expected, np.float32).reshape(-1, DIM)
                )

    @invariant()
    def holds_what_was_published(self) -> None:
        for store in self.readers():
            numbers = sorted(self.published)
            assert store.info().count == len(numbers)
            assert store.ids().tolist() == numbers
            assert store.payloads(numbers) == [self.published[n][1] for n in numbers]

    def readers(self) -> list[VectorStore]:
        """The writer, one that lives on through every generation, and a fresh one."""
        if not self.shared:
            return [self.store]
        self.reader: Any = self.reader or self.build(self.folder)
        self.reader.info()  # looks for a newer generation at once
        return [self.store, self.reader, self.build(self.folder)]


def _arrays(batch: list[tuple[int, int, Payload]]) -> tuple[Any, Any, list[Payload]]:
    return (
        [number for number, _, _ in batch],
        EXACT[[vector for _, vector, _ in batch]].reshape(-1, DIM),
        [payload for _, _, payload in batch],
    )
