"""The immutable part of an index on disk: written in a stream, opened without being read."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np

from search.exceptions import IndexDamaged
from search.stores.codes import CODED_UP_TO, Codes
from search.stores.columns import Columns
from search.stores.files import FLAT, MEND, IndexFolder, Segment
from search.stores.rows import Base, IdArray, IdTable, load_arrays, save_arrays
from search.types import Vectors


class BaseEngine(Protocol):
    """What a base asks of the library that searches."""

    def kind_for(self, count: int) -> str:
        """How so many rows should be searched."""

    def build(self, vectors: Vectors, kind: str, file: Path) -> None:
        """Write an index of ``vectors``."""

    def open(self, file: Path, *, rows: int, dim: int) -> Any:
        """Map it. Raises ValueError if it is another one."""

    def vectors_of(self, index: Any) -> Vectors:
        """The vectors of an exact index, without a copy."""

    def exact(self, index: Any) -> bool:
        """Whether the index holds the vectors themselves."""


class BaseWriter:
    """Takes vectors in pieces of any size and holds none of them."""

    def __init__(
        self, folder: IndexFolder, engine: BaseEngine, *, dim: int, generation: int
    ) -> None:
        self._folder, self._engine, self._dim, self._generation = folder, engine, dim, generation
        self._ids: list[IdArray] = []
        self._raw = folder.new_name("raw", generation, ".f32")
        self._file = (folder.path / self._raw).open("xb")

    def add(self, ids: IdArray, vectors: Vectors) -> None:
        self._ids.append(ids)
        self._file.write(np.ascontiguousarray(vectors, np.float32).data)

    def finish(self, columns: Columns) -> Segment | None:
        """The written base, or None without a single row. ``columns`` has a payload for each."""
        self._file.close()
        raw = self._folder.path / self._raw
        ids = np.concatenate([*self._ids, np.empty(0, np.int64)])
        if not len(ids):
            raw.unlink()
            return None
        kind = self._engine.kind_for(len(ids))
        vectors: Vectors = np.memmap(raw, np.float32, "r", shape=(len(ids), self._dim))
        files = [
            self._folder.write(
                self._folder.new_name("base", self._generation, ".faiss"),
                lambda file: self._engine.build(vectors, kind, file),
            ),
            self._folder.write(
                self._folder.new_name("base", self._generation, ".npz"),
                lambda file: save_arrays(file, {"ids": ids} | columns.to_arrays("columns")),
            ),
        ]
        if kind == FLAT:  # The index is the vectors.
            raw.unlink()
        else:
            files.append(self._folder.write(self._raw, lambda file: None))
        return Segment(role="base", kind=kind, rows=len(ids), files=tuple(files))

    def close(self) -> None:
        """After an error; what was written is swept with the generation."""
        self._file.close()


def read_base(
    folder: IndexFolder, engine: BaseEngine, segment: Segment, *, dim: int, coded_from: int
) -> Base:
    """Open a base after a look at sizes and headers. Raises IndexDamaged."""
    for entry in segment.files:
        folder.check(entry, whole=False)
    arrays = load_arrays(folder.path / segment.file(".npz").name)
    file = folder.path / segment.file(".faiss").name
    try:
        ids, columns = arrays["ids"], Columns.from_arrays(arrays, "columns")
        if ids.shape != (segment.rows,) or columns.count != segment.rows:
            raise ValueError(f"not {segment.rows} rows")
        index = engine.open(file, rows=segment.rows, dim=dim)
        vectors: Vectors
        codes = None
        if engine.exact(index):
            vectors = engine.vectors_of(index)
            if segment.rows >= coded_from and vectors.size <= CODED_UP_TO:
                codes = Codes(vectors)
        else:
            raw = folder.path / segment.file(".f32").name
            vectors = np.memmap(raw, np.float32, "r", shape=(segment.rows, dim))
    except (OSError, KeyError, ValueError, TypeError, StopIteration) as error:
        # An OSError also where a publish swept the file after it was looked at.
        raise IndexDamaged(f"{file} is not the base of this index ({error}). {MEND}") from error
    table = IdTable(ids)
    dead = np.zeros(len(ids), np.bool_)
    dead[table.superseded()] = True
    return Base(
        table=table,
        vectors=vectors,
        columns=columns,
        dead=dead,
        index=index,
        kind=segment.kind,
        codes=codes,
    )
