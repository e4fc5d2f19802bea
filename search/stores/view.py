"""One published generation, ready to be searched by many threads at once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from search.stores.base import Scan, Where, contenders
from search.stores.codes import Codes
from search.stores.columns import Mask, Rows, where_key
from search.stores.files import Manifest
from search.stores.rows import State
from search.types import Hit, Vector, Vectors

SLACK = 8
"""Rows asked for beyond k, so that equal scores at the cut are seen and told apart by their id."""

ROUNDING = 2e-6
"""How far two float32 sums of the same unit vectors may lie apart."""

_REMEMBERED_FILTERS = 64
_CHUNK = 4096
_CODED_QUERIES = 16
"""Up to so many at once a search waits for memory, and codes are faster; then for arithmetic."""
_CODED_SHARE = 0.25
"""From this share of the rows on: codes are read whole, exact vectors where a filter keeps them."""
_SCANNED = 512
"""Rows that a scan multiplies at a time, with one vector after the other: half a megabyte stays in
a core's own cache meanwhile."""
_SHARED_FROM = 20_000
"""Rows of a scan that are worth a second thread, which takes 0.1 ms to start: what a scan waits for
is memory, and one core cannot ask for all of it."""

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Keep:
    """The rows of one part that may be found."""

    bits: npt.NDArray[np.uint8] | None
    """One bit a row, lowest first; None if all may."""
    count: int

    @classmethod
    def of(cls, mask: Mask) -> Keep:
        count = int(np.count_nonzero(mask))
        return cls(None if count == len(mask) else np.packbits(mask, bitorder="little"), count)

    def rows(self, size: int) -> Rows | None:
        """The rows of a part of that size, ascending; None if all."""
        if self.bits is None:
            return None
        return np.flatnonzero(np.unpackbits(self.bits, count=size, bitorder="little"))


class SearchEngine(Protocol):
    """What a view asks of the library that searches."""

    def flat(self, vectors: Vectors) -> Any:
        """An exact index in memory."""

    def search(self, index: Any, queries: Vectors, k: int, keep: Keep) -> Rows:
        """Row numbers, shape (n, k) or more, best first, -1 where there are no more."""


class View:
    """Immutable but for the filters that it remembers."""

    def __init__(self, manifest: Manifest, state: State, engine: SearchEngine) -> None:
        self.manifest, self.state, self._engine = manifest, state, engine
        self._delta_index = engine.flat(state.delta_vectors) if len(state.delta) else None
        self._everything = Keep.of(~state.dead), Keep.of(np.ones(len(state.delta), np.bool_))
        self._remembered: OrderedDict[Hashable, tuple[Keep, Keep]] = OrderedDict()
        self._masks: OrderedDict[Hashable, Mask] = OrderedDict()
        self._lock = threading.Lock()

    @cached_property
    def ids(self) -> npt.NDArray[np.int64]:
        """Every id, ascending; shared, hence not writable."""
        ids = np.sort(self.state.ids_of(self.state.alive()))
        ids.flags.writeable = False
        return ids

    @cached_property
    def _alive(self) -> tuple[Rows, npt.NDArray[np.int64]]:
        rows = self.state.alive()
        return rows, self.state.ids_of(rows)

    def scan(self, queries: Vectors, where: Where | None) -> Scan:
        """See ``ScanningStore.scan``. Reads every vector once; the marks are remembered."""
        state = self.state
        rows, ids = self._alive
        if where is not None:
            kept = self._mask(where)[rows]
            rows, ids = rows[kept], ids[kept]

        def marks(asked: Sequence[Where]) -> Mask:
            found = np.empty((len(asked), len(rows)), np.bool_)
            for place, clause in enumerate(asked):
                mask = self._mask(clause)
                # As many as there are: all of them, in order.
                found[place] = mask if len(mask) == len(rows) else mask[rows]
            return found

        size = len(state.base.table)
        if state.base.codes is not None and len(queries):
            scores, errors = self._coded(state.base.codes, queries, rows)
            exact = queries.astype(np.float64)
            return Scan(ids, scores.T, marks, errors, lambda some: self._scores(exact, rows[some]))
        scores = np.empty((len(queries), len(rows)), np.float32)

        def read(start: int, end: int) -> None:
            for at in range(start, end, _SCANNED):
                upto = min(at + _SCANNED, end)
                part = rows[at:upto]
                # A whole stretch is read where it lies; picking rows would copy them first.
                solid = part[-1] < size and part[-1] - part[0] == len(part) - 1
                held = state.base.vectors[part[0] : part[-1] + 1] if solid else state.vectors(part)
                for place, query in enumerate(queries):
                    np.dot(held, query, out=scores[place, at:upto])

        if len(queries):
            middle = len(rows) // 2 if len(rows) >= _SHARED_FROM else len(rows)
            with ThreadPoolExecutor(1) as aside:
                rest = aside.submit(read, middle, len(rows)) if middle < len(rows) else None
                read(0, middle)
            if rest is not None:
                rest.result()
        return Scan(ids, scores.T, marks)

    def _coded(self, codes: Codes, queries: Vectors, rows: Rows) -> tuple[Floats, Floats]:
        """Scores of ``rows``, ascending, from the codes of the base, (m, n); and errors, (n,)."""
        state = self.state
        size, (scores, errors) = len(state.base.table), codes.scores(queries)
        cut = int(np.searchsorted(rows, size))
        if cut < size:
            scores, errors = scores[:, rows[:cut]], errors[rows[:cut]]
        if cut < len(rows):
            late = state.delta_vectors[rows[cut:] - size]
            scores = np.concatenate([scores, queries @ late.T], axis=1)
            errors = np.concatenate([errors, np.full(len(late), ROUNDING, np.float32)])
        return scores, errors

    def _mask(self, where: Where) -> Mask:
        key = where_key(where)
        with self._lock:
            if (mask := self._masks.get(key)) is not None:
                self._masks.move_to_end(key)
                return mask
        state = self.state
        mask = np.concatenate([state.columns.mask(where), state.delta_columns.mask(where)])
        with self._lock:
            self._masks[key] = mask
            if len(self._masks) > _REMEMBERED_FILTERS:
                self._masks.popitem(last=False)
        return mask

    def search(self, queries: Vectors, k: int, where: Where | None) -> list[list[Hit]]:
        """See ``VectorStore.search``; ``queries`` and ``k`` are checked already."""
        keeps = self._kept(where)
        total = keeps[0].count + keeps[1].count
        k = min(k, total)
        found: list[list[Hit]] = [[] for _ in queries]
        waiting, ask = list(range(len(queries))) if k else [], min(k + SLACK, total)
        while waiting:
            again = []
            parts = self._ask(queries[waiting], k, ask, keeps)
            for position, number in enumerate(waiting):
                hits = self._rank(
                    queries[number], [(rows[position], sure) for rows, sure in parts], k
                )
                if hits is None:
                    again.append(number)
                else:
                    found[number] = hits
            waiting, ask = again, min(ask * 2, total)
        return found

    def _ask(
        self, queries: Vectors, k: int, ask: int, keeps: tuple[Keep, Keep]
    ) -> list[tuple[Sequence[Rows], bool]]:
        """``ask`` candidates or more of base and delta, for each query, and whether it is sure that
        no other could be among the ``k`` best."""
        parts: list[tuple[Sequence[Rows], bool]] = []
        base, (keep, late) = self.state.base, keeps
        many = keep.count > 0 and keep.count >= _CODED_SHARE * len(base.table)
        if many and base.codes is not None and len(queries) <= _CODED_QUERIES:
            among = keep.rows(len(base.table))
            scores, errors = base.codes.scores(queries)
            parts.append(([contenders(one, k, errors, among) for one in scores], True))
            keep = Keep(None, 0)
        for index, some, offset in (
            (base.index, keep, 0), (self._delta_index, late, len(base.table)),
        ):  # fmt: skip
            if some.count:
                rows = self._engine.search(index, queries, min(ask, some.count), some)
                placed = np.where(rows >= 0, rows + offset, -1)
                parts.append((list(placed), rows.shape[1] >= some.count))
        return parts

    def _rank(self, query: Vector, parts: list[tuple[Rows, bool]], k: int) -> list[Hit] | None:
        """Score anew and sort; None if rows that were not asked for could tie with the last hit.

        The engine's float32 sums depend on its kernel and on where a row lies, and a quantised
        index scores other vectors than those given. In double precision equal vectors get equal
        scores, whichever part, kernel or store found them.
        """
        scored, exact = [], query.astype(np.float64)
        for rows, sure in parts:
            rows = rows[rows >= 0]
            scored.append((rows, self._scores(exact, rows), sure))
        rows = np.concatenate([part[0] for part in scored])
        scores = np.concatenate([part[1] for part in scored])
        ids = self.state.ids_of(rows)
        best = np.lexsort((ids, -scores))[:k]
        last = scores[best[-1]]
        if any(not sure and last - part.min() <= ROUNDING for _, part, sure in scored):
            return None
        return [
            Hit(number, score)
            for number, score in zip(ids[best].tolist(), scores[best].tolist(), strict=True)
        ]

    def _scores(self, queries: npt.NDArray[np.float64], rows: Rows) -> Floats:
        """True products with one vector, (n,), or several, (n, m)."""
        return np.concatenate(
            [
                self.state.vectors(rows[at : at + _CHUNK]).astype(np.float64) @ queries.T
                for at in range(0, max(len(rows), 1), _CHUNK)
            ]
        ).astype(np.float32)

    def _kept(self, where: Where | None) -> tuple[Keep, Keep]:
        if where is None:
            return self._everything
        key = where_key(where)
        with self._lock:
            if key in self._remembered:
                self._remembered.move_to_end(key)
                return self._remembered[key]
        state = self.state
        keeps = (
            Keep.of(state.columns.mask(where) & ~state.dead),
            Keep.of(state.delta_columns.mask(where)),
        )
        with self._lock:
            self._remembered[key] = keeps
            if len(self._remembered) > _REMEMBERED_FILTERS:
                self._remembered.popitem(last=False)
        return keeps
