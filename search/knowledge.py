"""Evidence of all indexed photos in memory, aligned with the index: what the mixture reads.

58 bytes a photo for colours and lengths, 128 for outlines: 19 MB at 100,000. Follows the index and
the database: new photos and new evidence are added, those that left are never asked for.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from search.encoders.base import Encoder
from search.evidence import VERSION, colour_log, outlines, unpack, weights
from search.fusion import SAMPLE_SIZE, Evidence, IdArray, Language, Statistics
from search.fusion.mixture import Recipe, recipe
from search.language import language_of
from search.models import ImageEvidence
from search.ranking import fetch_known, sample_ids
from search.stores.base import VectorStore
from search.texts import COLOUR_SLUGS, text_space
from search.types import Vector, Vectors

CHUNK: Final = 5_000
LOOK_AGAIN: Final = 5.0
"""Seconds between two looks for new evidence."""

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Table:
    """Rows by ascending id."""

    ids: IdArray
    colours: Floats
    """In Fortran's order: of 22 colours a query asks for one or two."""
    lengths: Floats
    """Of each vector without its colours (`Prepared.lengths`)."""
    shape: Floats
    _aligned: list[tuple[IdArray, npt.NDArray[np.intp]]] = field(default_factory=list)

    def find(self, ids: IdArray) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_] | None]:
        """The rows of those of ``ids`` that are here, and which these are; None where all are."""
        for held, rows in self._aligned:
            if held is ids:
                return rows, None
        found = np.searchsorted(self.ids, ids)
        known = found < len(self.ids)
        known[known] = self.ids[found[known]] == ids[known]
        if not known.all():
            return found[known], known
        if len(ids) == len(self.ids):
            if bool((found == self.whole).all()):
                found = self.whole
            self._aligned[:] = [(ids, found)]
        return found, None

    @cached_property
    def whole(self) -> npt.NDArray[np.intp]:
        """Every row in order; where this is asked for nothing needs to be picked or copied."""
        return np.arange(len(self.ids))

    def lengths_of(self, rows: npt.NDArray[np.intp]) -> Floats:
        return self.lengths if rows is self.whole else self.lengths[rows]

    def evidence(self, rows: npt.NDArray[np.intp]) -> Evidence:
        return self._everything if rows is self.whole else self._everything.rows(rows)

    @cached_property
    def _everything(self) -> Evidence:
        return Evidence(self.colours, self.shape)


class Knowledge:
    """The table of one encoder's index, kept up to date."""

    def __init__(self, encoder: Encoder, chosen: Recipe) -> None:
        self.language: Language = language_of(text_space(encoder))
        self.recipe = chosen
        self._axes = self.language.axes[: chosen.axes]
        self._lock = threading.Lock()
        self._table = self._empty()
        self._deviation = 1.0
        self._built = 0
        self._generation = -1
        self._seen = 0
        """The highest row of ImageEvidence that is in the table."""
        self._look_again = 0.0
        self._statistics: Statistics | None = None

    def table(self, store: VectorStore) -> tuple[Table, Statistics]:
        """What is known now of all that ``store`` has published, and what is usual in it."""
        with self._lock:
            generation, now = store.info().generation, time.monotonic()
            if generation != self._generation or self._statistics is None:
                self._follow(store)
                self._generation = generation
            if now >= self._look_again:
                self._look(store)
                self._look_again = now + LOOK_AGAIN
            if self._statistics is None:
                ids, sample = fetch_known(store, sample_ids(store.ids(), SAMPLE_SIZE))
                rows, known = self._table.find(ids)
                sample = sample if known is None else sample[known]
                self._statistics = Statistics(
                    sample, self._table.evidence(rows), self._table.lengths_of(rows)
                )
            return self._table, self._statistics

    def _follow(self, store: VectorStore) -> None:
        self._statistics = None
        ids = store.ids()
        if len(ids) > 2 * self._built:
            # The scale of similarities was learned from a catalog half as large.
            self._table, self._built, self._seen = self._empty(), len(ids), 0
            _, sample = fetch_known(store, sample_ids(ids, SAMPLE_SIZE))
            if len(sample):
                self._deviation = float((sample @ self.language.colours.T).std())
        new = np.setdiff1d(ids, self._table.ids, assume_unique=True)
        if len(new):
            newest = ImageEvidence.objects.order_by("-pk").values_list("pk", flat=True).first()
            self._merge(store, new)
            self._seen = self._seen or newest or 0

    def _look(self, store: VectorStore) -> None:
        """Evidence that came after its photo was indexed."""
        while True:
            rows = ImageEvidence.objects.filter(pk__gt=self._seen).order_by("pk")
            found = list(rows.values_list("pk", "image_id")[:CHUNK])
            if not found:
                return
            self._seen = found[-1][0]
            images = np.array(sorted(image for _, image in found), np.int64)
            known = images[np.isin(images, self._table.ids)]
            if len(known):
                self._merge(store, known)
                self._statistics = None

    def _merge(self, store: VectorStore, ids: IdArray) -> None:
        parts = [self._table]
        for at in range(0, len(ids), CHUNK):
            some, vectors = fetch_known(store, ids[at : at + CHUNK])
            if len(some):
                parts.append(self._read(some, vectors))
        every = np.concatenate([part.ids for part in parts])
        # Of an id named twice the later row counts.
        order = np.argsort(every, kind="stable")
        last = np.append(every[order][1:] != every[order][:-1], True)
        rows = order[last]
        self._table = Table(
            every[rows],
            np.asfortranarray(np.concatenate([part.colours for part in parts])[rows]),
            np.concatenate([part.lengths for part in parts])[rows],
            np.concatenate([part.shape for part in parts])[rows],
        )

    def _read(self, ids: IdArray, vectors: Vectors) -> Table:
        rows = dict(
            ImageEvidence.objects.filter(image_id__in=ids.tolist(), version=VERSION).values_list(
                "image_id", "data"
            )
        )
        learned = weights()
        known = np.array([number in rows for number in ids.tolist()], np.bool_)
        described = unpack([rows[number] for number in ids[known].tolist()])
        tallies = np.zeros((len(ids), described[0].shape[1]), np.float32)
        shape = np.zeros((len(ids), learned.edges.shape[1]), np.float32)
        if len(rows):
            tallies[known], shape[known] = described[0], outlines(described[1], learned)
        seen = vectors @ self._axes.T
        return Table(
            ids,
            colour_log(
                similarities=vectors @ self.language.colours.T,
                deviation=self._deviation,
                tallies=tallies,
                known=known,
                learned=learned,
                names=COLOUR_SLUGS,
                temperature=self.recipe.temperature,
                floor=self.recipe.floor,
                pixels=self.recipe.pixels,
            ),
            np.sqrt(np.maximum(1.0 - (seen**2).sum(axis=1), 1e-6)).astype(np.float32),
            shape,
        )

    def _empty(self) -> Table:
        wide = weights().edges.shape[1]
        return Table(
            np.empty(0, np.int64), np.empty((0, len(COLOUR_SLUGS)), np.float32),
            np.empty(0, np.float32), np.empty((0, wide), np.float32),
        )  # fmt: skip


_kept: WeakKeyDictionary[VectorStore, dict[tuple[str, Recipe], Knowledge]] = WeakKeyDictionary()
_lock = threading.Lock()


def knowledge_of(encoder: Encoder, store: VectorStore) -> Knowledge:
    """The process's one for this index; it goes with the store."""
    key = (str(encoder.id), recipe())
    with _lock:
        known = _kept.setdefault(store, {})
        if key not in known:
            known.clear()  # what another recipe made of this store
            known[key] = Knowledge(encoder, recipe())
        return known[key]


def evidence_of(image_id: int) -> Vector | None:
    """The outlines of one catalog photo, (d,); None where nobody looked at it yet."""
    rows = ImageEvidence.objects.filter(image_id=image_id, version=VERSION)
    data = rows.values_list("data", flat=True).first()
    return None if data is None else outlines(unpack([data])[1], weights())[0]
