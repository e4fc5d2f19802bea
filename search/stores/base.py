"""The seam behind which every vector store stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from search.types import Hit, Vectors

Payload = Mapping[str, int | float | tuple[int, ...]]
"""What a photo can be filtered by: a whole number, a real number, or several whole numbers."""

_BLOCK = 64
"""Of so many scores only the best is looked at, where few are asked for."""

Ids = Sequence[int] | npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Where:
    """A filter: every clause must hold (AND); within ``any_of`` one value is enough (OR).

    A row without the field, or with NaN in a range, does not match. An empty set matches nothing.
    """

    any_of: Mapping[str, frozenset[int]] = field(default_factory=dict)
    between: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)
    """Inclusive bounds; None leaves that side open."""


@dataclass(frozen=True, slots=True)
class StoreInfo:
    """What a published index says of itself."""

    encoder_id: str
    dim: int
    count: int
    generation: int
    """Grows with every publish that changes something; readers reopen when it does."""
    checksum: str
    """Over the published files; empty for a store without files."""
    size_bytes: int
    kind: str
    """How it searches, e.g. ``flat`` or ``hnsw-sq8``."""


@dataclass(frozen=True, slots=True)
class Scan:
    """Every photo that a filter keeps, not only the nearest, in no certain order."""

    ids: npt.NDArray[np.int64]
    """(n,); the same object while nothing was published and nothing is filtered."""
    scores: npt.NDArray[np.float32]
    """(n, m): inner products with each of m vectors, but for ``errors``; each column lies in one
    piece."""
    marks: Callable[[Sequence[Where]], npt.NDArray[np.bool_]]
    """(len(clauses), n): which photos match each clause, as of when they were scanned."""
    errors: npt.NDArray[np.float32] | None = None
    """(n,): how far the scores of each photo may be from the true ones; None where all are true."""
    score: Callable[[npt.NDArray[np.intp]], npt.NDArray[np.float32]] | None = None
    """The true scores of the photos in k rows, (k, m); None where ``scores`` are."""

    def only(self, rows: npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> Scan:
        """The same of some photos: a mask, (n,), or rows."""
        score, picked = self.score, np.arange(len(self.ids))[rows]
        return Scan(
            self.ids[rows],
            self.scores[rows],
            lambda asked: self.marks(asked)[:, rows],
            None if self.errors is None else self.errors[rows],
            None if score is None else lambda some: score(picked[some]),
        )

    def exactly(self, rows: npt.NDArray[np.intp]) -> Scan:
        """The same of some photos, with true scores."""
        some = self.only(rows)
        if self.score is None:
            return some
        return replace(some, scores=self.score(rows), errors=None, score=None)


def contenders(
    scores: npt.NDArray[np.floating[Any]],
    count: int,
    errors: npt.NDArray[np.float32] | None = None,
    among: npt.NDArray[np.intp] | None = None,
) -> npt.NDArray[np.intp]:
    """Places that may be among the ``count`` best, ties with the last one included; some that are
    not may be there as well.

    Args:
        scores: (n,).
        errors: (n,): how far each may be from the true one; None where all are true.
        among: The places that may be there at all, ascending; None for all.
    """
    if among is not None and len(among) < len(scores):
        kept = contenders(scores[among], count, None if errors is None else errors[among])
        return among[kept]
    if len(scores) <= count:
        return np.arange(len(scores))
    least = scores if errors is None else scores - errors
    if len(least) >= _BLOCK * 4 * count:
        # The best of blocks are some of all: so many reach the last of their best. Neighbours, who
        # are often alike, are in different blocks.
        least = least[: len(least) // _BLOCK * _BLOCK].reshape(_BLOCK, -1).max(axis=0)
    last = np.partition(least, len(least) - count)[len(least) - count]
    return np.flatnonzero((scores if errors is None else scores + errors) >= last)


@runtime_checkable
class ScanningStore(Protocol):
    """A store that can read all it holds for one query; without it rankings are of shortlists."""

    def scan(self, vectors: Vectors, *, where: Where | None = None) -> Scan:
        """``vectors`` is (m, dim), and may be (0, dim)."""


@runtime_checkable
class VectorStore(Protocol):
    """Vectors under whole-number ids, searched by inner product. One writer, many readers.

    Held by ``tests/search/stores/contract.py``. Writes stay invisible to every reader, this object
    included, until ``publish`` returns; then all of them are visible: to this object at once, to
    others within two seconds.

    Every method that reads raises IndexMissing before the first publish, or IndexDamaged. Every
    method that writes raises ValueError for what cannot be kept, IndexBusy while another writes,
    and StoreError if the store cannot be written.
    """

    def upsert(self, ids: Ids, vectors: Vectors, payload: Sequence[Payload]) -> None:
        """Add or replace. ``vectors`` is (n, dim) float32 of unit length, aligned with ``ids``."""

    def set_payload(self, ids: Ids, payload: Sequence[Payload]) -> None:
        """Replace the payload of ids that exist; unknown ids are ignored."""

    def delete(self, ids: Ids) -> None:
        """Remove; unknown ids are ignored."""

    def search(self, vectors: Vectors, k: int, *, where: Where | None = None) -> list[list[Hit]]:
        """The ``k`` best of each row, best first, ties by id; fewer when fewer match."""

    def fetch(self, ids: Ids) -> Vectors:
        """The vectors of ``ids`` in that order. Raises KeyError naming those that are missing."""

    def payloads(self, ids: Ids) -> list[Payload]:
        """The payloads of ``ids`` in that order, as they were put in. Raises like ``fetch``."""

    def ids(self) -> npt.NDArray[np.int64]:
        """Every published id, ascending. Not to be written to."""

    def publish(self) -> None:
        """Make all writes since the last publish visible at once, or not at all.

        The first one publishes even an empty index; later ones without a write do nothing.
        """

    def discard(self) -> None:
        """Drop what was not published, and let other writers in."""

    def rebuild(self, batches: Iterable[tuple[Ids, Vectors, Sequence[Payload]]]) -> None:
        """Replace all there is by ``batches`` at once, over a missing or damaged index too.

        Built beside: readers see the old index until this returns, and after an error. Of an id
        named twice the later counts. Writes that were not published are dropped.
        """

    def drop(self) -> None:
        """Remove all that is kept for this encoder; then it is as before the first publish.

        Readers that opened it before may answer until they look again. Nothing to remove is fine.
        """

    def info(self) -> StoreInfo:
        """What is published now. Raises IndexMissing or IndexDamaged (search.exceptions)."""

    def verify(self) -> StoreInfo:
        """As ``info``, after reading every byte that is published."""


def both_of(one: Where | None, other: Where) -> Where:
    """The clause that keeps what both keep; a field that both name keeps what they share."""
    if one is None:
        return other
    any_of = dict(one.any_of)
    for name, values in other.any_of.items():
        any_of[name] = any_of[name] & values if name in any_of else values
    between = dict(one.between)
    for name, (low, high) in other.between.items():
        lower, upper = between.get(name, (None, None))
        between[name] = (
            low if lower is None else lower if low is None else max(low, lower),
            high if upper is None else upper if high is None else min(high, upper),
        )
    return Where(any_of=any_of, between=between)


def matches(payload: Payload, where: Where) -> bool:
    """The meaning of a filter, row by row; what faster stores are held against."""
    return all(
        any(value in wanted for value in _values(payload, name))
        for name, wanted in where.any_of.items()
    ) and all(
        any(
            (low is None or value >= low) and (high is None or value <= high) and value == value
            for value in _values(payload, name)
        )
        for name, (low, high) in where.between.items()
    )


def marks_of(payloads: Sequence[Payload], clauses: Sequence[Where]) -> npt.NDArray[np.bool_]:
    """(len(clauses), len(payloads)): which payloads match each clause."""
    found = [[matches(payload, clause) for payload in payloads] for clause in clauses]
    return np.array(found, np.bool_).reshape(len(clauses), len(payloads))


def _values(payload: Payload, name: str) -> tuple[int | float, ...]:
    value = payload.get(name, ())
    return value if isinstance(value, tuple) else (value,)
