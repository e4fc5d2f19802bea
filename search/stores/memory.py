"""An exact store without files, for tests and for reading: every rule of the contract, plainly."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from search.exceptions import IndexMissing
from search.stores.base import Ids, Payload, Scan, StoreInfo, Where, marks_of, matches
from search.stores.checks import (
    checked_ids,
    checked_k,
    checked_payload,
    checked_upsert,
    checked_vectors,
)
from search.stores.files import FLAT
from search.types import Hit, Vector, Vectors


@dataclass(frozen=True, slots=True)
class _Row:
    vector: Vector
    payload: Payload


class MemoryStore:
    """One process, one object; a filter costs a Python loop over every row."""

    def __init__(self, *, encoder_id: str, dim: int) -> None:
        self.encoder_id, self.dim = encoder_id, dim
        self._lock = threading.Lock()
        self._pending: dict[int, _Row] = {}
        self._published: dict[int, _Row] | None = None
        self._generation = 0
        self._changed = True

    def upsert(self, ids: Ids, vectors: Vectors, payload: Sequence[Payload]) -> None:
        numbers, rows = checked_upsert(ids, vectors, payload, self.dim)
        with self._lock:
            for number, vector, fields in zip(numbers.tolist(), rows, payload, strict=True):
                self._pending[number] = _Row(vector, dict(fields))
                self._changed = True

    def set_payload(self, ids: Ids, payload: Sequence[Payload]) -> None:
        numbers = checked_payload(ids, payload)
        with self._lock:
            for number, fields in zip(numbers.tolist(), payload, strict=True):
                if row := self._pending.get(number):
                    self._pending[number] = replace(row, payload=dict(fields))
                    self._changed = True

    def delete(self, ids: Ids) -> None:
        with self._lock:
            for number in checked_ids(ids).tolist():
                self._changed |= self._pending.pop(number, None) is not None

    def publish(self) -> None:
        with self._lock:
            if self._changed:
                self._published, self._changed = dict(self._pending), False
                self._generation += 1

    def discard(self) -> None:
        with self._lock:
            self._pending = dict(self._published or {})
            self._changed = self._published is None

    def rebuild(self, batches: Iterable[tuple[Ids, Vectors, Sequence[Payload]]]) -> None:
        rows: dict[int, _Row] = {}
        for ids, vectors, payload in batches:
            numbers, copies = checked_upsert(ids, vectors, payload, self.dim)
            for number, vector, fields in zip(numbers.tolist(), copies, payload, strict=True):
                rows[number] = _Row(vector, dict(fields))
        with self._lock:
            self._pending, self._changed = rows, True
        self.publish()

    def drop(self) -> None:
        with self._lock:
            self._pending, self._published, self._changed = {}, None, True

    def search(self, vectors: Vectors, k: int, *, where: Where | None = None) -> list[list[Hit]]:
        queries, k, rows = checked_vectors(vectors, self.dim), checked_k(k), self._rows()
        numbers = sorted(
            n for n, row in rows.items() if where is None or matches(row.payload, where)
        )
        if not numbers:
            return [[] for _ in queries]
        kept = np.stack([rows[n].vector for n in numbers]).astype(np.float64)
        scores = (queries.astype(np.float64) @ kept.T).astype(np.float32)
        return [
            # A stable sort keeps the ids of equal scores in their order.
            [Hit(numbers[i], float(line[i])) for i in np.argsort(-line, kind="stable")[:k]]
            for line in scores
        ]

    def scan(self, vectors: Vectors, *, where: Where | None = None) -> Scan:
        rows = self._rows()
        kept = [n for n, row in rows.items() if where is None or matches(row.payload, where)]
        held = np.array([rows[n].vector for n in kept], np.float32).reshape(-1, self.dim)
        payloads = [rows[n].payload for n in kept]
        return Scan(np.array(kept, np.int64), held @ vectors.T, partial(marks_of, payloads))

    def fetch(self, ids: Ids) -> Vectors:
        numbers, rows = checked_ids(ids).tolist(), self._rows()
        if missing := [n for n in numbers if n not in rows]:
            raise KeyError(*missing)
        return np.array([rows[n].vector for n in numbers], np.float32).reshape(-1, self.dim)

    def payloads(self, ids: Ids) -> list[Payload]:
        numbers, rows = checked_ids(ids).tolist(), self._rows()
        if missing := [n for n in numbers if n not in rows]:
            raise KeyError(*missing)
        return [dict(rows[n].payload) for n in numbers]

    def ids(self) -> npt.NDArray[np.int64]:
        return np.array(sorted(self._rows()), np.int64)

    def info(self) -> StoreInfo:
        rows = self._rows()
        return StoreInfo(
            encoder_id=self.encoder_id,
            dim=self.dim,
            count=len(rows),
            generation=self._generation,
            checksum="",
            size_bytes=0,
            kind=FLAT,
        )

    def verify(self) -> StoreInfo:
        return self.info()

    def _rows(self) -> dict[int, _Row]:
        if self._published is None:
            raise IndexMissing("Nothing has been published to this store yet.")
        return self._published
