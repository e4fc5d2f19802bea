"""What an index on disk holds, row by row, without the engine that searches it.

The rows of a published index are those of one immutable base and of the deltas written after it,
replayed in order. Row numbers run over the base first, then over the delta.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from search.exceptions import IndexDamaged
from search.stores.base import Payload
from search.stores.codes import Codes
from search.stores.columns import Columns, Mask, Rows
from search.stores.files import FLAT, MEND
from search.types import Vector, Vectors

IdArray = npt.NDArray[np.int64]
Known = Callable[[IdArray], Mask]

_NO_IDS: IdArray = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class Delta:
    """Everything that one publish changed. No id is in two of the three groups."""

    ids: IdArray
    vectors: Vectors
    columns: Columns
    removed: IdArray
    set_ids: IdArray
    set_columns: Columns

    def save(self, file: Path) -> None:
        arrays: dict[str, npt.NDArray[Any]] = {
            "ids": self.ids,
            "vectors": self.vectors,
            "removed": self.removed,
            "set_ids": self.set_ids,
        }
        arrays |= self.columns.to_arrays("columns") | self.set_columns.to_arrays("set")
        save_arrays(file, arrays)

    @classmethod
    def load(cls, file: Path, *, dim: int) -> Self:
        """Raises IndexDamaged."""
        arrays = load_arrays(file)
        try:
            delta = cls(
                ids=arrays["ids"],
                vectors=arrays["vectors"],
                columns=Columns.from_arrays(arrays, "columns"),
                removed=arrays["removed"],
                set_ids=arrays["set_ids"],
                set_columns=Columns.from_arrays(arrays, "set"),
            )
            if delta.vectors.shape != (len(delta.ids), dim) or delta.vectors.dtype != np.float32:
                raise ValueError("vectors of another shape")
            if (delta.columns.count, delta.set_columns.count) != (
                len(delta.ids),
                len(delta.set_ids),
            ):
                raise ValueError("payloads of another count")
        except (KeyError, ValueError, TypeError) as error:
            raise IndexDamaged(f"{file} is not a delta of this index ({error}). {MEND}") from error
        return delta


class Pending:
    """Writes that wait for their publish."""

    def __init__(self) -> None:
        self._upserts: dict[int, tuple[Vector, Payload]] = {}
        self._payloads: dict[int, Payload] = {}
        self._removed: set[int] = set()

    def __bool__(self) -> bool:
        return bool(self._upserts or self._payloads or self._removed)

    def upsert(self, ids: IdArray, vectors: Vectors, payload: Sequence[Payload]) -> None:
        for number, vector, fields in zip(ids.tolist(), vectors, payload, strict=True):
            self._upserts[number] = vector, dict(fields)
            self._payloads.pop(number, None)
            self._removed.discard(number)

    def set_payload(self, ids: IdArray, payload: Sequence[Payload], known: Known) -> None:
        for number, fields, there in zip(ids.tolist(), payload, known(ids).tolist(), strict=True):
            if number in self._upserts:
                self._upserts[number] = self._upserts[number][0], dict(fields)
            elif there and number not in self._removed:
                self._payloads[number] = dict(fields)

    def delete(self, ids: IdArray, known: Known) -> None:
        for number, there in zip(ids.tolist(), known(ids).tolist(), strict=True):
            self._upserts.pop(number, None)
            self._payloads.pop(number, None)
            if there:
                self._removed.add(number)

    def to_delta(self, *, dim: int) -> Delta:
        vectors = [vector for vector, _ in self._upserts.values()]
        return Delta(
            ids=np.array(list(self._upserts), np.int64),
            vectors=np.stack(vectors) if vectors else np.empty((0, dim), np.float32),
            columns=Columns.of([payload for _, payload in self._upserts.values()]),
            removed=np.array(sorted(self._removed), np.int64),
            set_ids=np.array(list(self._payloads), np.int64),
            set_columns=Columns.of(list(self._payloads.values())),
        )


class IdTable:
    """From ids to their rows. Where an id is named twice the later row has it."""

    def __init__(self, ids: IdArray) -> None:
        self.ids = ids
        self._order = np.argsort(ids, kind="stable")
        self._sorted = ids[self._order]

    def __len__(self) -> int:
        return len(self.ids)

    def find(self, ids: IdArray) -> Rows:
        """The row of each id, -1 for one that is not there."""
        if not len(self.ids):
            return np.full(len(ids), -1, np.int64)
        at = np.searchsorted(self._sorted, ids, side="right") - 1
        return np.where(self._sorted[at] == ids, self._order[at], -1)

    def superseded(self) -> Rows:
        """Rows whose id is named again further down."""
        rows: Rows = self._order[:-1][self._sorted[:-1] == self._sorted[1:]]
        return rows


@dataclass(frozen=True, slots=True)
class Base:
    """The immutable part."""

    table: IdTable
    vectors: Vectors
    """Mapped from the disk."""
    columns: Columns
    dead: Mask
    """Rows that a later one of the same base replaced."""
    index: Any
    """The engine's own object."""
    kind: str
    codes: Codes | None = None
    """Of an exact index, to be read before the vectors; None where that does not pay."""

    @classmethod
    def empty(cls, *, dim: int) -> Self:
        return cls(
            table=IdTable(_NO_IDS),
            vectors=np.empty((0, dim), np.float32),
            columns=Columns.empty(),
            dead=np.empty(0, np.bool_),
            index=None,
            kind=FLAT,
        )


@dataclass(frozen=True, slots=True)
class State:
    """Base and deltas together; never changed, so that a search may hold on to it."""

    base: Base
    dead: Mask
    """Base rows that are gone or replaced."""
    columns: Columns
    """The payloads of the base rows as they are now."""
    changed: Mask
    """Base rows whose payload is not that of the base any more."""
    delta: IdTable
    delta_vectors: Vectors
    delta_columns: Columns

    @classmethod
    def of(cls, base: Base) -> Self:
        return cls(
            base=base,
            dead=base.dead,
            columns=base.columns,
            changed=np.zeros(len(base.table), np.bool_),
            delta=IdTable(_NO_IDS),
            delta_vectors=np.empty((0, base.vectors.shape[1]), np.float32),
            delta_columns=Columns.empty(),
        )

    @property
    def count(self) -> int:
        return len(self.base.table) - int(self.dead.sum()) + len(self.delta)

    @property
    def waste(self) -> int:
        """Rows that a new base would save from being searched or skipped one by one."""
        return int(self.dead.sum()) + len(self.delta)

    def apply(self, delta: Delta) -> State:
        """The state after ``delta``."""
        touched = np.concatenate([delta.ids, delta.removed])
        dead = self.dead.copy()
        dead[_there(self.base.table.find(touched))] = True
        kept = np.ones(len(self.delta), np.bool_)
        kept[_there(self.delta.find(touched))] = False
        old = np.flatnonzero(kept)
        ids = np.concatenate([self.delta.ids[old], delta.ids])
        state = replace(
            self,
            dead=dead,
            delta=IdTable(ids),
            delta_vectors=np.concatenate([self.delta_vectors[old], delta.vectors]),
            delta_columns=Columns.concat([self.delta_columns.take(old), delta.columns]),
        )
        return (
            state._with_payloads(delta.set_ids, delta.set_columns) if len(delta.set_ids) else state
        )

    def _with_payloads(self, ids: IdArray, columns: Columns) -> State:
        rows = self.find(ids)
        size = len(self.base.table)
        in_base, in_delta = (
            np.flatnonzero((rows >= 0) & (rows < size)),
            np.flatnonzero(rows >= size),
        )
        changed = self.changed.copy()
        changed[rows[in_base]] = True
        return replace(
            self,
            changed=changed,
            columns=self.columns.replace(rows[in_base], columns.take(in_base)),
            delta_columns=self.delta_columns.replace(rows[in_delta] - size, columns.take(in_delta)),
        )

    def merged(self) -> Delta:
        """All deltas so far as one."""
        ids = self.base.table.ids
        in_delta = self.delta.find(ids) >= 0
        set_rows = np.flatnonzero(self.changed & ~self.dead)
        return Delta(
            ids=self.delta.ids,
            vectors=self.delta_vectors,
            columns=self.delta_columns,
            removed=ids[self.dead & ~self.base.dead & ~in_delta],
            set_ids=ids[set_rows],
            set_columns=self.columns.take(set_rows),
        )

    def find(self, ids: IdArray) -> Rows:
        """The row of each id, -1 for one that is not there."""
        size = len(self.base.table)
        in_base, in_delta = self.base.table.find(ids), self.delta.find(ids)
        if size:
            in_base = np.where((in_base >= 0) & ~self.dead[in_base], in_base, -1)
        return np.where(in_delta >= 0, in_delta + size, in_base)

    def known(self, ids: IdArray) -> Mask:
        return self.find(ids) >= 0

    def found(self, ids: IdArray) -> Rows:
        """The row of each id. Raises KeyError naming those that are missing."""
        rows = self.find(ids)
        if (rows < 0).any():
            raise KeyError(*ids[rows < 0].tolist())
        return rows

    def payloads(self, ids: IdArray) -> list[Payload]:
        """Those of ``ids`` in that order. Raises KeyError naming those that are missing."""
        rows, order = np.unique(self.found(ids), return_inverse=True)
        size = len(self.base.table)
        unique = [
            *self.columns.take(rows[rows < size]).payloads(),
            *self.delta_columns.take(rows[rows >= size] - size).payloads(),
        ]
        return [unique[at] for at in order.tolist()]

    def vectors(self, rows: Rows) -> Vectors:
        """Copies, in the order of ``rows``."""
        size = len(self.base.table)
        if not len(self.delta):
            return self.base.vectors[rows]
        found = np.empty((len(rows), self.delta_vectors.shape[1]), np.float32)
        in_base = rows < size
        found[in_base] = self.base.vectors[rows[in_base]]
        found[~in_base] = self.delta_vectors[rows[~in_base] - size]
        return found

    def ids_of(self, rows: Rows) -> IdArray:
        size = len(self.base.table)
        if not len(self.delta):
            return self.base.table.ids[rows]
        found = np.empty(len(rows), np.int64)
        in_base = rows < size
        found[in_base] = self.base.table.ids[rows[in_base]]
        found[~in_base] = self.delta.ids[rows[~in_base] - size]
        return found

    def alive(self) -> Rows:
        """Every row that is there, base first."""
        size = len(self.base.table)
        return np.concatenate([np.flatnonzero(~self.dead), np.arange(size, size + len(self.delta))])

    def alive_columns(self) -> Columns:
        """The payloads of ``alive``."""
        return Columns.concat([self.columns.take(np.flatnonzero(~self.dead)), self.delta_columns])


def save_arrays(file: Path, arrays: dict[str, npt.NDArray[Any]]) -> None:
    with file.open("xb") as opened:
        np.savez(opened, allow_pickle=False, **arrays)


def load_arrays(file: Path) -> dict[str, npt.NDArray[Any]]:
    """Every array; the zip's own CRC is checked on the way. Raises IndexDamaged."""
    try:
        with np.load(file, allow_pickle=False) as opened:
            return {name: opened[name] for name in opened.files}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise IndexDamaged(f"{file} cannot be read ({error}). {MEND}") from error


def _there(rows: Rows) -> Rows:
    return rows[rows >= 0]
