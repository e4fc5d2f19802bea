"""Everything of a store on disk but the library that searches: one writer, many readers.

The engine knows row numbers only; ids, payload and tombstones are numpy arrays beside it
(``search.stores.rows``). So a filter is a bitmap of exactly one bit a row whatever the ids are,
and a graph that cannot forget a row needs no other treatment than a flat index.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from typing import Protocol

import numpy as np
import numpy.typing as npt

from search.exceptions import IndexDamaged, IndexMissing, IndexUnavailable
from search.stores.base import Ids, Payload, Scan, StoreInfo, Where
from search.stores.basefile import BaseEngine, BaseWriter, read_base
from search.stores.checks import (
    checked_ids,
    checked_k,
    checked_payload,
    checked_upsert,
    checked_vectors,
)
from search.stores.columns import Columns
from search.stores.files import FLAT, MEND, IndexFolder, Manifest, Segment
from search.stores.rows import Base, Delta, Pending, State
from search.stores.view import SearchEngine, View
from search.types import Hit, Vectors

logger = logging.getLogger(__name__)

CHUNK_ROWS = 16_384


class Engine(BaseEngine, SearchEngine, Protocol):
    """The library that searches."""


class DiskStore:
    """A ``VectorStore`` in ``folder``, searched by ``engine``. See ``FaissStore`` for the options.

    A publish writes what changed as a delta beside the immutable base and swaps the manifest by a
    rename. All methods are safe to call from several threads.
    """

    def __init__(
        self,
        *,
        folder: IndexFolder,
        engine: Engine,
        compact_share: float,
        compact_min: int,
        merge_after: int,
        coded_from: int,
        refresh_seconds: float,
        lock_seconds: float,
    ) -> None:
        self.folder, self._engine = folder, engine
        self.encoder_id, self.dim = folder.encoder_id, folder.dim
        self._compact_share, self._compact_min = compact_share, compact_min
        self._merge_after, self._coded_from = merge_after, coded_from
        self._refresh_seconds, self._lock_seconds = refresh_seconds, lock_seconds
        self._writing, self._loading = threading.RLock(), threading.RLock()
        self._pending = Pending()
        self._view: View | None = None
        self._stamp: tuple[int, int, int] | None = None
        self._look_again = 0.0

    # Reading ---------------------------------------------------------------------------------

    def search(self, vectors: Vectors, k: int, *, where: Where | None = None) -> list[list[Hit]]:
        return self._current().search(checked_vectors(vectors, self.dim), checked_k(k), where)

    def scan(self, vectors: Vectors, *, where: Where | None = None) -> Scan:
        if len(vectors):
            vectors = checked_vectors(vectors, self.dim)
        return self._current().scan(vectors, where)

    def fetch(self, ids: Ids) -> Vectors:
        state = self._current().state
        return state.vectors(state.found(checked_ids(ids)))

    def payloads(self, ids: Ids) -> list[Payload]:
        return self._current().state.payloads(checked_ids(ids))

    def ids(self) -> npt.NDArray[np.int64]:
        return self._current().ids

    def info(self) -> StoreInfo:
        return _info(self._current(now=True).manifest)

    def verify(self) -> StoreInfo:
        """Read every published byte. Raises IndexMissing or IndexDamaged."""
        while True:
            stamp, manifest = self.folder.stamp(), self.folder.read()
            try:
                for entry in manifest.files:
                    self.folder.check(entry, whole=True)
                self._open(manifest, None)
            except IndexDamaged:
                if self.folder.stamp() == stamp:
                    raise
                continue  # It was replaced and swept while we read.
            return _info(manifest)

    # Writing ---------------------------------------------------------------------------------

    def upsert(self, ids: Ids, vectors: Vectors, payload: Sequence[Payload]) -> None:
        numbers, rows = checked_upsert(ids, vectors, payload, self.dim)
        with self._writer():
            self._pending.upsert(numbers, rows, payload)

    def set_payload(self, ids: Ids, payload: Sequence[Payload]) -> None:
        numbers = checked_payload(ids, payload)
        with self._writer() as state:
            self._pending.set_payload(numbers, payload, state.known)

    def delete(self, ids: Ids) -> None:
        numbers = checked_ids(ids)
        with self._writer() as state:
            self._pending.delete(numbers, state.known)

    def publish(self) -> None:
        """See the protocol. After an error nothing is published and the writes still wait."""
        with self._writer() as state:
            view = self._view
            if view is not None and not self._pending:
                return
            delta = self._pending.to_delta(dim=self.dim)
            after = state.apply(delta)
            with self._publication() as generation:
                manifest, after = self._write(view, delta, after, generation)
            self._swap(manifest, after)
            self._pending = Pending()

    def compact(self) -> None:
        """Write a new base of what is published, without deltas and tombstones."""
        with self._writer() as state:
            with self._publication() as generation:
                segments, after = self._write_base(state, generation)
                manifest = self._publish(generation, after, segments)
            self._swap(manifest, after)

    def rebuild(self, batches: Iterable[tuple[Ids, Vectors, Sequence[Payload]]]) -> None:
        """Replace everything by ``batches``, built beside and swapped at the end.

        Works over a missing or damaged index. Of an id named twice the later one counts. Writes
        that were not published are dropped. Memory: one batch, ids and payloads of all rows, and
        the finished index (flat: ``flat_limit`` vectors at most; above, codes and graph).
        """
        with self._writer(repair=True):
            self._pending = Pending()
            with self._publication() as generation:
                columns = []
                with closing(self._base_writer(generation)) as writer:
                    for ids, vectors, payload in batches:
                        numbers, rows = checked_upsert(ids, vectors, payload, self.dim)
                        writer.add(numbers, rows)
                        columns.append(Columns.of(payload))
                    segments, after = self._finish_base(writer, Columns.concat(columns))
                manifest = self._publish(generation, after, segments)
            self._swap(manifest, after)

    def discard(self) -> None:
        """Drop what was not published and let other writers in."""
        with self._writing:
            self._pending = Pending()
            self.folder.unlock()

    def drop(self) -> None:
        """See the protocol. The folder stays, with the lock that another may be waiting for."""
        with self._writer(repair=True), self.folder.operator_errors():
            self._pending = Pending()
            self.folder.remove()
            self._view = self._stamp = None

    # How reading works -----------------------------------------------------------------------

    def _current(self, *, now: bool = False) -> View:
        view = self._view
        if view is not None and not now and time.monotonic() < self._look_again:
            return view
        # While one thread opens a new generation, the others go on with the one they have.
        if not self._loading.acquire(blocking=view is None or now):
            return view  # type: ignore[return-value]  # Not None, or it would have blocked.
        try:
            return self._refresh()
        finally:
            self._loading.release()

    def _refresh(self) -> View:
        try:
            for last_try in (False, True):
                stamp = self.folder.stamp()
                if self._view is None or stamp != self._stamp:
                    manifest = self.folder.read()
                    try:
                        state = self._open(manifest, self._view)
                    except IndexDamaged:
                        if last_try or self.folder.stamp() == stamp:
                            raise
                        continue  # It was replaced and swept between reading and opening.
                    self._view, self._stamp = View(manifest, state, self._engine), stamp
                break
        except IndexUnavailable:
            self._view = self._stamp = None
            raise
        self._look_again = time.monotonic() + self._refresh_seconds
        assert self._view is not None  # noqa: S101
        return self._view

    def _open(self, manifest: Manifest, old: View | None) -> State:
        """The state of ``manifest``; of what ``old`` has open only new segments are read."""
        segments, state = manifest.segments, None
        if old is not None:
            known = old.manifest.segments
            if segments[: len(known)] == known and (known or not _has_base(segments)):
                state, segments = old.state, segments[len(known) :]
            elif _has_base(known) and segments[:1] == known[:1]:
                state, segments = State.of(old.state.base), segments[1:]
        if state is None:
            base = Base.empty(dim=self.dim)
            if _has_base(segments):
                base, segments = self._read_base(segments[0]), segments[1:]
            state = State.of(base)
        for segment in segments:
            entry = segment.files[0]
            self.folder.check(entry, whole=False)
            state = state.apply(Delta.load(self.folder.path / entry.name, dim=self.dim))
        if state.count != manifest.count:
            raise IndexDamaged(
                f"The index in {self.folder.path} holds {state.count} vectors, its manifest says "
                f"{manifest.count}. {MEND}"
            )
        return state

    def _read_base(self, segment: Segment) -> Base:
        return read_base(
            self.folder, self._engine, segment, dim=self.dim, coded_from=self._coded_from
        )

    # How writing works -----------------------------------------------------------------------

    @contextmanager
    def _writer(self, *, repair: bool = False) -> Iterator[State]:
        """Be the one writer, with what is published now; stay it while writes are pending."""
        with self._writing:
            if not self.folder.locked:
                self.folder.lock(wait_seconds=self._lock_seconds)
            try:
                try:
                    state = self._current(now=True).state
                except IndexMissing:
                    state = State.of(Base.empty(dim=self.dim))
                except IndexDamaged:
                    if not repair:
                        raise
                    state = State.of(Base.empty(dim=self.dim))
                yield state
            finally:
                if not self._pending:
                    self.folder.unlock()

    @contextmanager
    def _publication(self) -> Iterator[int]:
        """The next generation; whatever goes wrong, its files are swept."""
        with self.folder.operator_errors():
            try:
                yield self.folder.next_generation()
            except BaseException:
                with suppress(OSError, IndexUnavailable):
                    self.folder.sweep(self.folder.read())
                raise

    def _write(
        self, view: View | None, delta: Delta, after: State, generation: int
    ) -> tuple[Manifest, State]:
        base_rows = len(after.base.table)
        if after.waste > max(self._compact_min, self._compact_share * base_rows):
            segments, after = self._write_base(after, generation)
        else:
            segments = view.manifest.segments if view else ()
            if len(segments) > self._merge_after:
                segments = tuple(segment for segment in segments if segment.role == "base")
                delta = after.merged()
            segments = (*segments, self._write_delta(delta, generation))
        return self._publish(generation, after, segments), after

    def _write_delta(self, delta: Delta, generation: int) -> Segment:
        entry = self.folder.write(self.folder.new_name("delta", generation, ".npz"), delta.save)
        return Segment(role="delta", kind=FLAT, rows=len(delta.ids), files=(entry,))

    def _write_base(self, state: State, generation: int) -> tuple[tuple[Segment, ...], State]:
        alive = state.alive()
        with closing(self._base_writer(generation)) as writer:
            for at in range(0, len(alive), CHUNK_ROWS):
                rows = alive[at : at + CHUNK_ROWS]
                writer.add(state.ids_of(rows), state.vectors(rows))
            return self._finish_base(writer, state.alive_columns())

    def _base_writer(self, generation: int) -> BaseWriter:
        return BaseWriter(self.folder, self._engine, dim=self.dim, generation=generation)

    def _finish_base(
        self, writer: BaseWriter, columns: Columns
    ) -> tuple[tuple[Segment, ...], State]:
        segment = writer.finish(columns)
        if segment is None:
            return (), State.of(Base.empty(dim=self.dim))
        return (segment,), State.of(self._read_base(segment))

    def _publish(self, generation: int, after: State, segments: tuple[Segment, ...]) -> Manifest:
        return self.folder.publish(
            previous=self._view.manifest if self._view else None,
            generation=generation,
            count=after.count,
            segments=segments,
        )

    def _swap(self, manifest: Manifest, state: State) -> None:
        view = View(manifest, state, self._engine)
        with self._loading:
            self._view, self._stamp = view, self.folder.stamp()
            self._look_again = time.monotonic() + self._refresh_seconds
        logger.info(
            "index published",
            extra={
                "generation": manifest.generation,
                "count": manifest.count,
                "kind": manifest.kind,
            },
        )


def _has_base(segments: tuple[Segment, ...]) -> bool:
    return bool(segments) and segments[0].role == "base"


def _info(manifest: Manifest) -> StoreInfo:
    return StoreInfo(
        encoder_id=manifest.encoder_id,
        dim=manifest.dim,
        count=manifest.count,
        generation=manifest.generation,
        checksum=manifest.checksum,
        size_bytes=manifest.size_bytes,
        kind=manifest.kind,
    )
