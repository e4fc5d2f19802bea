"""A fusion method against a store: the right photos in the right order, as deep as asked."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from catalog.selectors import listing_texts
from search.evidence import agreement
from search.fusion import (
    IMAGE,
    SAMPLE_SIZE,
    TEXT,
    Candidates,
    EncodedQuery,
    Fusion,
    IdArray,
    Scores,
    Statistics,
)
from search.fusion.mixture import Mixture, Prepared
from search.metrics import Stopwatch
from search.stores.base import (
    Scan,
    ScanningStore,
    VectorStore,
    Where,
    both_of,
    contenders,
    marks_of,
)
from search.types import Hit, Vector, Vectors
from search.wishes import Answers, Rules, Terms

if TYPE_CHECKING:
    from search.knowledge import Table

FIRST_ASK: Final = 1000
"""Hits per list that a blend starts with; most queries are certain by then."""
EXACT_BELOW: Final = 200_000
"""Hits per list where the hunt for certainty ends: from this catalog size on, blends are exact
only as far as their lists reach."""


READ: Final = 200
"""Photos, the best before, of which what shops write is read: one query, and 2 ms."""

Rows = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Ranking:
    """Photos in their final order."""

    hits: list[Hit]
    """``why`` holds the shares where the ranking needed them anyway."""
    complete: bool
    """True: there is no more photo that the filter keeps."""
    query: EncodedQuery
    fusion: Fusion
    store: VectorStore
    standing: Mapping[int, Terms] | None = None
    """By photo, how each term of the edit stands; None where the fusion knows no terms."""
    scale: tuple[float, float] | None = None
    """The score of the typical photo of the catalog, and of the best one there could be."""
    nearest: bool = False
    """The hits are the photos nearest to the query's, of all there are; nothing else counted."""

    def closeness(self, score: float) -> float:
        """On a scale of this query: 0 for the typical photo of the catalog, 1 for itself."""
        low, high = self.scale or (0.0, 1.0)
        return float(np.clip((score - low) / max(high - low, 1e-6), 0.0, 1.0))

    def shares(self, image_ids: Iterable[int]) -> dict[int, Mapping[str, float]]:
        """For each photo, where its score comes from; empty for one that just left the index."""
        if self.standing is not None:
            wanted = set(image_ids)
            return {hit.image_id: hit.why for hit in self.hits if hit.image_id in wanted}
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


@dataclass(frozen=True)
class Reading:
    """What all photos have to do with a query, from reading every vector once."""

    prepared: Prepared
    scan: Scan
    """Of the vectors that the query is made of, then of the one that was asked for beside."""
    beside: int | None = None
    """Its column."""

    def nearest(self, k: int) -> list[Hit]:
        """The ``k`` photos nearest to that vector, best first, ties by id."""
        if self.beside is None:
            raise ValueError("Nothing was read for beside the query.")
        scan, column = self.scan, self.beside
        near = scan.exactly(contenders(scan.scores[:, column], k, scan.errors))
        scores = near.scores[:, column]
        best = _best(near.ids, scores, k)
        return [Hit(int(near.ids[i]), float(scores[i])) for i in best.tolist()]


def read_all(
    store: VectorStore,
    query: EncodedQuery,
    fusion: Fusion,
    table: Table | None,
    *,
    where: Where | None = None,
    beside: Vector | None = None,
) -> Reading | None:
    """None where rankings are of shortlists: the store cannot scan, or holds too many photos."""
    if table is None or not isinstance(fusion, Mixture) or len(table.ids) >= EXACT_BELOW:
        return None
    if not isinstance(store, ScanningStore):
        return None
    prepared = Prepared(query, fusion.recipe)
    if beside is None:
        return Reading(prepared, store.scan(prepared.queries, where=where))
    wanted = prepared.queries
    alike = [place for place, row in enumerate(wanted) if np.array_equal(row, beside)]
    if not alike:
        alike, wanted = [len(wanted)], np.vstack([wanted, beside[None, :]])
    return Reading(prepared, store.scan(wanted, where=where), alike[0])


def rank(
    store: VectorStore,
    query: EncodedQuery,
    fusion: Fusion,
    depth: int,
    *,
    where: Where | None = None,
    watch: Stopwatch | None = None,
    table: Table | None = None,
    rules: Rules | None = None,
    reading: Reading | None = None,
) -> Ranking:
    """The ``depth`` best photos that ``where`` keeps.

    With a ``table`` of evidence and the mixture every photo is scored, in catalogs of fewer than
    ``EXACT_BELOW``; only then do ``rules`` count. ``reading`` is what `read_all` gave for this
    query, of all photos, where it was asked already.

    Asks the store for more until nothing outside of its lists can reach the last place wanted, so
    that the first photos are the same however deep the ranking goes: pages are stable.
    """
    watch = watch or Stopwatch()
    if table is not None and isinstance(fusion, Mixture):
        rules = rules or Rules()
        with watch.stage("store"):
            if reading is None:
                reading = read_all(store, query, fusion, table, where=where)
            elif where is not None:
                kept = reading.scan.marks([where])[0]
                reading = Reading(reading.prepared, reading.scan.only(kept))
            if reading is None:
                reading = _shortlisted(store, query, fusion, where, rules)
        with watch.stage("rerank"):
            return _weighed(store, query, fusion, depth, table, rules, reading)
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
            scale = None
            if len(vectors) == 1:  # a score is a cosine
                scale = (query.catalog.moments(vectors[0])[0], 1.0)
            kept = hits if complete else hits[:depth]
            nearest = fusion is IMAGE and where is None
            return Ranking(kept, complete, query, fusion, store, scale=scale, nearest=nearest)
        n *= 4


def _weighed(
    store: VectorStore,
    query: EncodedQuery,
    fusion: Mixture,
    depth: int,
    table: Table,
    rules: Rules,
    reading: Reading,
) -> Ranking:
    """By the mixture and the rules: of every photo, or of a shortlist where there are too many."""
    rows, known = table.find(reading.scan.ids)
    if known is not None:  # others were published since the table was read
        reading = replace(reading, scan=reading.scan.only(known))
    prepared, scan = reading.prepared, reading.scan
    marks = scan.marks(rules.marks)
    kept = None
    answers = rules.answers(marks)
    if (forbidden := rules.forbidden(answers, marks)).any():
        kept = np.flatnonzero(~forbidden)
    complete = (len(scan.ids) if kept is None else len(kept)) <= depth
    listings = fusion.recipe.listings if query.heard else 0.0

    rough = np.asarray(sum(_shares(reading, rules, answers, table, rows).values()))
    wanted = max(depth, READ) if listings else depth
    first = contenders(rough, wanted, _errors(reading, table, rows), kept)
    scan, rows, answers = scan.exactly(first), rows[first], answers[:, first]
    exact = _shares(replace(reading, scan=scan), rules, answers, table, rows)
    shares = {name: share.astype(np.float64) for name, share in exact.items()}
    total = np.asarray(sum(shares.values()))
    if listings:
        first = _best(scan.ids, total, READ)
        shares["listings"] = np.zeros(len(total), np.float64)
        shares["listings"][first] = listings * _written(query, scan.ids[first])
        total = total + shares["listings"]
    best = _best(scan.ids, total, depth)
    ids, parts = scan.ids[best].tolist(), [share[best].tolist() for share in shares.values()]
    hits = [
        Hit(number, score, dict(zip(shares, part, strict=True)))
        for number, score, *part in zip(ids, total[best].tolist(), *parts, strict=True)
    ]
    standing = dict(zip(ids, rules.standings(answers[:, best]), strict=True))
    scale = (0.0, prepared.ideal + rules.ideal + listings)
    return Ranking(hits, complete, query, fusion, store, standing, scale)


def _shares(
    reading: Reading, rules: Rules, answers: Answers, table: Table, rows: Rows
) -> dict[str, Scores]:
    """Named shares of the score of each photo of the scan; ``rows`` are theirs in the table."""
    prepared, scan = reading.prepared, reading.scan
    lengths = None if prepared.axes is None else table.lengths_of(rows)
    shares = prepared.shares(scan.scores, lengths, table.evidence(rows))
    if rules.rules:
        shares["attributes"] = rules.score(answers)
    return shares


def _errors(reading: Reading, table: Table, rows: Rows) -> npt.NDArray[np.float32] | None:
    """How far the sum of those shares may be off for each photo."""
    prepared, errors = reading.prepared, reading.scan.errors
    if errors is None:
        return None
    return prepared.errors(errors, None if prepared.axes is None else table.lengths_of(rows))


def _best(ids: IdArray, total: npt.NDArray[np.floating[Any]], count: int) -> Rows:
    """The ``count`` best, best first, ties by id."""
    # All that tie with the last one wanted stay, so that ids decide and pages are stable.
    best = contenders(total, count)
    return best[np.lexsort((ids[best], -total[best]))][:count]


def _written(query: EncodedQuery, ids: IdArray) -> Scores:
    """How well what shops write of these photos agrees with the query's free words, 0 to 1.

    It is never below 0, and always the same photos are looked at: whatever stands behind them
    stays behind, and pages are stable.
    """
    texts = listing_texts(ids.tolist())
    return agreement(query.heard, [texts.get(number, "") for number in ids.tolist()])


def _shortlisted(
    store: VectorStore,
    query: EncodedQuery,
    fusion: Mixture,
    where: Where | None,
    rules: Rules,
) -> Reading:
    """The union of what is near the photo, the words and both, and of what each rule asks for."""
    prepared = Prepared(query, fusion.recipe)
    asked = fusion.shortlist(query)
    clauses = [where]
    for rule in rules.rules:
        if rule.satisfied is not None and not rule.against:
            clauses.append(both_of(where, rule.satisfied))
    found = {
        hit.image_id
        for clause in clauses
        for hits in store.search(asked, FIRST_ASK, where=clause)
        for hit in hits
    }
    ids, vectors = fetch_known(store, np.array(sorted(found), np.int64))
    marks = partial(marks_of, store.payloads(ids))
    return Reading(prepared, Scan(ids, vectors @ prepared.queries.T, marks))


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


_samples: WeakKeyDictionary[VectorStore, tuple[int, Statistics]] = WeakKeyDictionary()
_lock = threading.Lock()


def statistics_of(store: VectorStore) -> Statistics:
    """Statistics over a fixed sample of what ``store`` has published, kept per generation.

    Raises ``IndexUnavailable`` when nothing is published.
    """
    generation = store.info().generation
    with _lock:
        kept = _samples.get(store)
        if kept is not None and kept[0] == generation:
            return kept[1]
    statistics = Statistics(fetch_known(store, sample_ids(store.ids()))[1])
    with _lock:
        _samples[store] = (generation, statistics)
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
