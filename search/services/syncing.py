"""Bring the index to what the database says, by the difference.

Three ways lead a change here, from the cheapest to the surest:

* new vectors, by their row number since the last publish;
* changed photos, colorways and listings, by their timestamps since the last look;
* the count: if the index does not hold as many photos as the database, all ids are compared. That
  finds deleted photos, which leave no timestamp behind, and whatever the first two missed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
import structlog
from django.utils import timezone

from catalog.selectors import image_payloads
from search import selectors
from search.active import active_encoder
from search.encoders import Encoder
from search.locking import writer_lock
from search.models import ImageEmbedding, IndexState
from search.selectors import IdArray
from search.stores import get_store
from search.stores.base import Payload, VectorStore
from search.types import Vectors

log = structlog.get_logger(__name__)

BATCH = 1_000
PUBLISH_AFTER = 20_000
"""Rows written before a long sync publishes what it has: bounds the memory of what waits."""

OVERLAP = timedelta(minutes=5)
"""Looked at again with every sync. A timestamp is taken before its transaction commits, and clocks
of several machines differ; what is older and was missed is found by ``full``."""


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a sync changed in the index."""

    added: int = 0
    updated: int = 0
    """Photos whose payload changed."""
    removed: int = 0
    generation: int = 0
    """Published now."""
    seconds: float = 0.0

    @property
    def changed(self) -> bool:
        return bool(self.added or self.updated or self.removed)

    def __str__(self) -> str:
        return f"{self.added} added, {self.updated} changed, {self.removed} removed"


def index_sync(*, encoder: Encoder | None = None, full: bool = False) -> SyncReport:
    """Bring the published index to the database and publish; a handful of queries when nothing
    changed, never a rebuild.

    Args:
        encoder: whose index; by default the active one.
        full: compare every photo's id and payload instead of trusting counts and timestamps.

    Raises:
        IndexBusy: another process writes.
        IndexMissing, IndexDamaged: there is nothing to bring up to date; see `index_ensure`.
    """
    encoder = encoder or active_encoder()
    with writer_lock("bringing the index up to date"):
        return Sync(encoder, get_store(encoder_id=str(encoder.id), dim=encoder.dim)).run(full=full)


class Sync:
    """One writer's view of an index and its state. Only under the writer's lock."""

    def __init__(self, encoder: Encoder, store: VectorStore) -> None:
        self.encoder, self.store = encoder, store
        self.encoder_id = str(encoder.id)
        self.report = SyncReport()
        self._unpublished = 0
        self._generation = store.info().generation
        self._state = self._trusted_state()

    def run(self, *, full: bool = False) -> SyncReport:
        """New vectors, changed payloads, what is gone; then publish."""
        until = timezone.now()
        with self._publication() as publish:
            self._add_new()
            since = self._state.synced_until
            if full or since is None:
                self._compare_all()
            else:
                self._follow(selectors.images_changed(since=since - OVERLAP))
                if self._is_short():
                    self._compare_ids()
            self._state.synced_until = until
            return publish()

    def run_new(self) -> SyncReport:
        """New vectors only: what an embedding run publishes every few seconds."""
        with self._publication() as publish:
            self._add_new()
            return publish()

    @contextmanager
    def _publication(self) -> Iterator[Callable[[], SyncReport]]:
        began = time.perf_counter()
        try:
            yield lambda: self._publish(began)
        except BaseException:
            # Else the store would stay locked, and half of these writes be in the next publish.
            self.store.discard()
            self._unpublished = 0
            raise

    def _trusted_state(self) -> IndexState:
        state = IndexState.objects.filter(encoder_id=self.encoder_id).first()
        if state is not None and state.generation <= self._generation:
            return state
        if state is not None:
            # The folder was emptied or an older copy put back: what the row knows is void.
            log.warning(
                "index_older_than_its_state",
                encoder=self.encoder_id,
                index=self._generation,
                state=state.generation,
            )
        # `run` compares everything for a state that was never synced.
        newest = selectors.embedding_newest(encoder_id=self.encoder_id)
        fresh = IndexState(encoder_id=self.encoder_id, embedding_id=newest)
        fresh.pk = state.pk if state else None
        return fresh

    def _add_new(self) -> None:
        rows = ImageEmbedding.objects.filter(encoder_id=self.encoder_id).order_by("pk")
        while batch := list(
            rows.filter(pk__gt=self._state.embedding_id).values_list("pk", "image_id")[:BATCH]
        ):
            self._upsert([image_id for _, image_id in batch])
            self._state.embedding_id = batch[-1][0]

    def _follow(self, changed: IdArray) -> None:
        if not len(changed):
            return
        self._flush()
        inside = self.store.ids()
        for start in range(0, len(changed), BATCH):
            ids = changed[start : start + BATCH]
            belong = np.isin(ids, self._belonging(ids))
            there = np.isin(ids, inside)
            self._delete(ids[there & ~belong])
            self._set_payload(ids[there & belong])
            self._upsert(ids[~there & belong])

    def _compare_ids(self) -> None:
        self._flush()
        inside, wanted = (
            self.store.ids(),
            selectors.image_ids_indexable(encoder_id=self.encoder_id),
        )
        self._upsert(np.setdiff1d(wanted, inside, assume_unique=True))
        self._delete(np.setdiff1d(inside, wanted, assume_unique=True))

    def _compare_all(self) -> None:
        self._compare_ids()
        self._flush()
        inside = self.store.ids()
        for start in range(0, len(inside), BATCH):
            self._set_payload(inside[start : start + BATCH])

    def _is_short(self) -> bool:
        self._flush()
        return self.store.info().count != selectors.embeddings_count(encoder_id=self.encoder_id)

    def _belonging(self, ids: IdArray) -> IdArray:
        rows = selectors.embeddings_indexable(encoder_id=self.encoder_id)
        return np.array(
            rows.filter(image_id__in=ids.tolist()).values_list("image_id", flat=True), np.int64
        )

    def _upsert(self, ids: Sequence[int] | IdArray) -> None:
        for numbers, vectors in selectors.embeddings_read(
            encoder=self.encoder, size=BATCH, among=ids
        ):
            self._write(numbers, vectors)

    def _write(self, numbers: IdArray, vectors: Vectors) -> None:
        self.store.upsert(numbers, vectors, payloads_of(numbers))
        self.report = replace(self.report, added=self.report.added + len(numbers))
        self._wrote(len(numbers))

    def _set_payload(self, ids: IdArray) -> None:
        """Only what differs: a publish with nothing new would make every reader reopen."""
        wanted = payloads_of(ids)
        differ = [
            row
            for row, (new, old) in enumerate(zip(wanted, self.store.payloads(ids), strict=True))
            if new != old
        ]
        if differ:
            self.store.set_payload(ids[differ], [wanted[row] for row in differ])
            self.report = replace(self.report, updated=self.report.updated + len(differ))
            self._wrote(len(differ))

    def _delete(self, ids: IdArray) -> None:
        if len(ids):
            self.store.delete(ids)
            self.report = replace(self.report, removed=self.report.removed + len(ids))
            self._wrote(len(ids))

    def _wrote(self, count: int) -> None:
        self._unpublished += count
        if self._unpublished >= PUBLISH_AFTER:
            self._flush()

    def _flush(self) -> None:
        """Publish what was written so far, so that the store's own answers are those of now."""
        if self._unpublished:
            self.store.publish()
            self._unpublished = 0
            self._generation = self.store.info().generation
            self._state.published_at = timezone.now()

    def _publish(self, began: float) -> SyncReport:
        self._flush()
        self._state.generation = self._generation
        self._state.save()
        report = replace(
            self.report, generation=self._generation, seconds=time.perf_counter() - began
        )
        self.report = SyncReport()
        if report.changed:
            log.info("index_synced", encoder=self.encoder_id, changes=str(report))
        return report


def payloads_of(ids: IdArray) -> list[Payload]:
    """What each photo can be filtered by, in the order of ``ids``."""
    numbers = ids.tolist()
    found = image_payloads(numbers)
    return [found.get(number, {}) for number in numbers]
