"""Compare the index with the database, vector by vector."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from search import selectors
from search.active import active_encoder
from search.encoders import Encoder
from search.exceptions import IndexDamaged, IndexMissing
from search.locking import writer_lock
from search.selectors import IdArray
from search.services.syncing import payloads_of
from search.stores import get_store
from search.stores.base import StoreInfo, VectorStore

BATCH = 2_000
EXAMPLES = 10
TOLERANCE = 1e-4
"""A component may differ by so much: a store may keep vectors a little rounded."""
WAIT_SECONDS = 30.0


@dataclass(slots=True)
class Difference:
    """Photos that differ in one way."""

    count: int = 0
    examples: list[int] = field(default_factory=list)
    """Ids of the first of them."""

    def add(self, ids: IdArray) -> None:
        self.count += len(ids)
        self.examples += ids[: EXAMPLES - len(self.examples)].tolist()


@dataclass(slots=True)
class VerifyReport:
    """How the index compares with the database."""

    encoder_id: str
    info: StoreInfo | None = None
    damage: str = ""
    """Why the index cannot be read, and the mend; empty if it can."""
    photos: int = 0
    """Photos that belong in the index."""
    missing: Difference = field(default_factory=Difference)
    """In the database and not in the index."""
    surplus: Difference = field(default_factory=Difference)
    """In the index and not in the database."""
    vectors: Difference = field(default_factory=Difference)
    """With another vector in the index."""
    payloads: Difference = field(default_factory=Difference)
    """With another payload in the index."""
    seconds: float = 0.0

    @property
    def differences(self) -> dict[str, Difference]:
        return {
            "not in the index": self.missing,
            "not in the database": self.surplus,
            "another vector": self.vectors,
            "another payload": self.payloads,
        }

    @property
    def summary(self) -> str:
        """The differences in words; empty when there is none."""
        return ", ".join(f"{d.count} {name}" for name, d in self.differences.items() if d.count)

    @property
    def ok(self) -> bool:
        return not self.damage and not any(part.count for part in self.differences.values())


def index_verify(
    *, encoder: Encoder | None = None, progress: Callable[[int, int], None] | None = None
) -> VerifyReport:
    """Check every file's checksum, then every photo's vector and payload. Changes nothing.

    Writers wait meanwhile, so that what is under way is not told as a difference.

    Args:
        encoder: whose index; by default the active one.
        progress: called with (photos compared, photos in all).

    Raises:
        IndexBusy: another process writes for longer than 30 seconds.
    """
    encoder = encoder or active_encoder()
    report = VerifyReport(encoder_id=str(encoder.id))
    store = get_store(encoder_id=report.encoder_id, dim=encoder.dim)
    began = time.perf_counter()
    with writer_lock("verifying the index", wait_seconds=WAIT_SECONDS):
        try:
            report.info = store.verify()
            _compare(report, encoder=encoder, store=store, progress=progress)
        except (IndexMissing, IndexDamaged) as error:
            report.damage = str(error)
    report.seconds = time.perf_counter() - began
    return report


def _compare(
    report: VerifyReport,
    *,
    encoder: Encoder,
    store: VectorStore,
    progress: Callable[[int, int], None] | None,
) -> None:
    inside = store.ids()
    wanted = selectors.image_ids_indexable(encoder_id=report.encoder_id)
    report.photos = len(wanted)
    report.missing.add(np.setdiff1d(wanted, inside, assume_unique=True))
    report.surplus.add(np.setdiff1d(inside, wanted, assume_unique=True))
    done = 0
    for ids, vectors in selectors.embeddings_read(encoder=encoder, size=BATCH):
        both = np.isin(ids, inside)
        there = ids[both]
        far = np.abs(store.fetch(there) - vectors[both]).max(axis=1, initial=0.0) > TOLERANCE
        report.vectors.add(there[far])
        pairs = zip(payloads_of(there), store.payloads(there), strict=True)
        report.payloads.add(there[np.array([new != old for new, old in pairs], np.bool_)])
        done += len(ids)
        if progress:
            progress(done, len(wanted))
