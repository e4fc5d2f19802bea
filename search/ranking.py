"""A fusion method against a store: the right photos in the right order, as deep as asked."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from search.fusion import (
    IMAGE,
    SAMPLE_SIZE,
    TEXT,
    Candidates,
    EncodedQuery,
    Fusion,
    IdArray,
    Statistics,
)
from search.metrics import Stopwatch
from search.stores.base import VectorStore, Where
from search.types import Hit, Vectors

FIRST_ASK: Final = 1000
"""Hits per list that a blend starts with; most queries are certain by then."""
EXACT_BELOW: Final = 200_000
"""Hits per list where the hunt for certainty ends: from this catalog size on, blends are exact
only as far as their lists reach."""


@dataclass(frozen=True)
class Ranking:
    """Photos in their final order."""

    hits: list[Hit]
    complete: bool
    """True: there is no more photo that the filter keeps."""
    query: EncodedQuery
    fusion: Fusion
    store: VectorStore

    def shares(self, image_ids: Iterable[int]) -> dict[int, Mapping[str, float]]:
        """For each photo, where its score comes from; empty for one that just left the index."""
        if self.fusion in (IMAGE, TEXT):  # all of it from one side
            name = "photo" if self.fusion is IMAGE else "words"
            wanted = set(image_ids)
            return {h.image_id: {name: h.score} for h in self.hits if h.image_id in wanted}
        ids, vectors = fetch_known(self.store, np.array(list(image_ids), np.int64))
        if not len(ids):
            return {}
        shares = {name: s.tolist() for name, s in self.fusion.shares(self.query, vectors).items()}
        return {
            number: {name: values[row] for name, values in shares.items()}
            for row, number in enumerate(ids.tolist())
        }


def rank(
    store: VectorStore,
    query: EncodedQuery,
    fusion: Fusion,
    depth: int,
    *,
    where: Where | None = None,
    watch: Stopwatch | None = None,
) -> Ranking:
    """The ``depth`` best photos that ``where`` keeps.

    Asks the store for more until nothing outside of its lists can reach the last place wanted, so
    that the first photos are the same however deep the ranking goes: pages are stable.
    """
    watch = watch or Stopwatch()
    vectors = fusion.shortlist(query)
    n = depth if len(vectors) == 1 else max(FIRST_ASK, 4 * depth)
    while True:
        with watch.stage("store"):
            lists = store.search(vectors, n, where=where)
        with watch.stage("rerank"):
            hits = fusion.rerank(query, Candidates(lists, lambda ids: fetch_known(store, ids)))
            # Under one filter every list ends together.
            complete = all(len(found) < n for found in lists)
            certain = complete or _certain(query, fusion, lists, hits, depth)
        if certain or n >= EXACT_BELOW:
            return Ranking(hits if complete else hits[:depth], complete, query, fusion, store)
        n *= 4


def _certain(
    query: EncodedQuery, fusion: Fusion, lists: list[list[Hit]], hits: list[Hit], depth: int
) -> bool:
    last = [found[-1].score for found in lists if found]
    if len(last) < len(lists) or len(hits) < depth:
        return False
    return hits[depth - 1].score >= fusion.ceiling(query, last)


def fetch_known(store: VectorStore, ids: IdArray) -> tuple[IdArray, Vectors]:
    """The vectors of those ``ids`` that are in the index: a publish may come between two calls."""
    if not len(ids):
        return ids, np.empty((0, 0), np.float32)
    try:
        return ids, store.fetch(ids)
    except KeyError:
        ids = ids[np.isin(ids, store.ids())]
        return ids, store.fetch(ids)


_samples: OrderedDict[tuple[str, int, int], Statistics] = OrderedDict()
_lock = threading.Lock()


def statistics_of(store: VectorStore) -> Statistics:
    """Statistics over a fixed sample of what ``store`` has published, kept per generation.

    Raises ``IndexUnavailable`` when nothing is published.
    """
    info = store.info()
    key = (info.encoder_id, info.generation, id(store))
    with _lock:
        if (kept := _samples.get(key)) is not None:
            return kept
    statistics = Statistics(fetch_known(store, sample_ids(store.ids()))[1])
    with _lock:
        _samples[key] = statistics
        while len(_samples) > 2:
            _samples.popitem(last=False)
    return statistics


def sample_ids(ids: IdArray, size: int = SAMPLE_SIZE) -> IdArray:
    """Up to ``size`` of ``ids``, ascending, chosen by a hash of each id alone.

    So the sample hardly changes as the catalog grows, and scores do not jump with each publish.
    """
    if len(ids) <= size:
        return np.sort(ids)
    # The finalizer of splitmix64 (Steele, Lea and Flood 2014): neighbours get unrelated places.
    mixed = ids.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return np.sort(ids[np.argpartition(mixed, size)[:size]])
