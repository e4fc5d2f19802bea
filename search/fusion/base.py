"""What a method is given, and what it answers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from search.types import Hit, Vector, Vectors

_DOUBLE_UP_TO: Final = 20_000
"""Photos of which products are taken in double precision: more wait for memory."""

Scores = npt.NDArray[np.floating[Any]]
IdArray = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

SAMPLE_SIZE: Final = 4096
"""Catalog photos that statistics are taken over: the error of a mean is 1.6 % of a deviation."""


@dataclass(frozen=True)
class Evidence:
    """What is known of n photos besides their vectors; the rows are aligned with those."""

    colours: Floats
    """(n, c): log-probability that each colour of ``Language.colours`` is the main one."""
    shape: Floats
    """(n, d): the shoe's outlines, unit rows; zeros where they were not looked at yet."""

    @cached_property
    def outlined(self) -> Floats:
        """(n,): 1 where the outlines were looked at, else 0."""
        return np.asarray(self.shape.any(axis=1), np.float32)

    def products(self, outlines: Vector) -> Floats:
        """(n,): how alike the outlines are."""
        if len(self.shape) > _DOUBLE_UP_TO:
            return self.shape @ outlines
        # In double precision the product of a photo does not depend on who is asked for beside it,
        # so that equal photos are equal, and pages stable.
        return (self.shape.astype(np.float64) @ outlines.astype(np.float64)).astype(np.float32)

    def rows(self, places: Any) -> Evidence:
        """Those of some photos, by whatever numpy takes as an index."""
        return Evidence(self.colours[places], self.shape[places])


@dataclass(frozen=True)
class Statistics:
    """What is usual in the catalog, from a fixed sample of it; never from a shortlist."""

    sample: Vectors
    evidence: Evidence | None = None
    """Of the sample."""
    lengths: Floats | None = None
    """Of the sample's vectors without their colours, where they are known."""

    _spreads: dict[Language, Floats] = field(default_factory=dict, init=False, repr=False)

    def spread(self, language: Language, most: int) -> Floats:
        """By how much the similarities to each word of ``language.words`` differ, (s + n,), among
        ``most`` photos of the sample."""
        if language not in self._spreads:
            near = self.sample[:most] @ language.vocabulary.T
            self._spreads[language] = np.asarray(near.std(axis=0), np.float32)
        return self._spreads[language]

    def moments(self, query: Vector) -> tuple[float, float]:
        """Mean and standard deviation of the similarities to ``query``."""
        if not len(self.sample):
            return 0.0, 1.0
        return moments(self.sample @ query)

    @cached_property
    def mean(self) -> Vector:
        """The mean photo, shape (dim,); not of unit length."""
        return np.asarray(self.sample.mean(axis=0), np.float32)


def moments(scores: npt.NDArray[Any]) -> tuple[float, float]:
    """Mean, and standard deviation kept from 0."""
    return (float(scores.mean()), max(float(scores.std()), 1e-6)) if len(scores) else (0.0, 1.0)


@dataclass(frozen=True, eq=False)
class Language:
    """What an encoder's words know without a photo; the same object for every query."""

    colours: Vectors
    """(c, dim): one class vector per main colour."""
    subjects: Vectors
    """(s, dim): words that name what a shoe is."""
    styles: Vectors
    """(n, dim): words that name how it looks."""
    words: tuple[str, ...] = ()
    """The s + n words themselves."""
    say: Callable[[Sequence[str]], Vectors] | None = None
    """Encodes sentences."""

    @cached_property
    def axes(self) -> Vectors:
        """Orthonormal directions in which colours differ, most important first, (c - 1, dim)."""
        centred = self.colours - self.colours.mean(axis=0)
        _, _, directions = np.linalg.svd(centred, full_matrices=False)
        return np.asarray(directions[:-1], np.float32)

    @cached_property
    def mean(self) -> Vector:
        """The mean word, shape (dim,)."""
        return np.asarray(self.vocabulary.mean(axis=0), np.float32)

    @cached_property
    def vocabulary(self) -> Vectors:
        """(s + n, dim): of ``words``."""
        return np.concatenate([self.subjects, self.styles])


@dataclass(frozen=True)
class EncodedQuery:
    """A query after encoding. At least one of ``photo`` and ``text`` is given."""

    photo: Vector | None = None
    text: Vector | None = None
    """The mean vector of what is wished for."""
    source: Vector | None = None
    """The mean vector of what the photo shows now, in words; where a text direction starts."""
    weight: float = 0.5
    catalog: Statistics = field(default_factory=lambda: Statistics(np.empty((0, 0), np.float32)))
    language: Language | None = None
    words: str = ""
    """What was said, for methods that add words to it."""
    heard: tuple[str, ...] = ()
    """Free words that are looked for in what shops write."""
    colours: tuple[tuple[int, float], ...] = ()
    """Colours wished for, places in ``Language.colours``, each with its weight; main one first."""
    alternatives: bool = False
    """True: any one of ``colours`` will do."""
    unwanted: tuple[tuple[int, float], ...] = ()
    """Colours not wished for, with weights."""
    more: Vector | None = None
    """The mean vector of wishes that are not colours; None when the colours are all."""
    avoid: Vectors | None = None
    """(m, dim): sentences for what is not wished for."""
    unlike: Vectors | None = None
    """(m, dim): photos that the answer should not be like."""
    shape: Vector | None = None
    """The outlines of the shoe in the photo, as in ``Evidence``."""


@dataclass(frozen=True)
class Candidates:
    """What the store answered to a shortlist: one list of hits per vector, best first."""

    lists: Sequence[Sequence[Hit]]
    fetch: Callable[[IdArray], tuple[IdArray, Vectors]]
    """Vectors by id; an id that has just left the index is left out."""
    know: Callable[[IdArray, Vectors], Evidence] | None = None
    """Evidence by id and vector."""

    @cached_property
    def pool(self) -> tuple[IdArray, Vectors]:
        """Ids of the union, ascending, and their vectors; read from the store when first asked."""
        found = {hit.image_id for hits in self.lists for hit in hits}
        return self.fetch(np.array(sorted(found), np.int64))

    @cached_property
    def evidence(self) -> Evidence | None:
        """Of the pool; None where nobody knows anything."""
        return None if self.know is None else self.know(*self.pool)


class Fusion(Protocol):
    """A method of composing photo and words. Without state; one object serves every query."""

    @property
    def name(self) -> str: ...

    def shortlist(self, q: EncodedQuery) -> Vectors:
        """What to ask the store, shape (m, dim), unit rows."""

    def rerank(self, q: EncodedQuery, candidates: Candidates) -> list[Hit]:
        """All candidates in their final order, ties by id."""

    def score(self, q: EncodedQuery, vectors: Vectors, evidence: Evidence | None = None) -> Scores:
        """The final score of each row of ``vectors``, shape (n,). Higher is better."""

    def ceiling(self, q: EncodedQuery, last: Sequence[float]) -> float:
        """No photo outside of the shortlist's lists can score more; ``last`` is where each ended.

        Ranks that reach it are exact (the threshold algorithm: Fagin, Lotem and Naor 2003).
        """

    def shares(
        self, q: EncodedQuery, vectors: Vectors, evidence: Evidence | None = None
    ) -> Mapping[str, Scores]:
        """Where the scores come from, by name. They add up to the score; for the product they
        multiply to it."""


def in_order(ids: IdArray, scores: Scores) -> list[Hit]:
    """Hits, best first, ties by id."""
    order = np.lexsort((ids, -scores))
    return [
        Hit(image_id=number, score=score)
        for number, score in zip(ids[order].tolist(), scores[order].tolist(), strict=True)
    ]


def tilt(weight: float, best: float) -> float:
    """The slider's w as a share λ: 0 → 0, 0.5 → ``best``, 1 → 1, rising (odds are multiplied)."""
    words, photo = weight * best, (1 - weight) * (1 - best)
    return words / (words + photo) if words + photo > 0 else weight


def total(parts: Mapping[str, Vector]) -> Vector:
    """The sum of named vectors."""
    added: Any = sum(parts.values())
    return np.asarray(added, np.float32)


def given(vector: Vector | None) -> Vector:
    """Raises ``ValueError`` for a method that lacks one of its two sides."""
    if vector is None:
        raise ValueError("This method needs a photo and words; see fusion_for().")
    return vector


_erf = np.frompyfunc(math.erf, 1, 1)


def gaussian(scores: Scores, mean: float, deviation: float) -> Scores:
    """The share of a normal distribution that lies below each score."""
    z = (scores - mean) / (deviation * math.sqrt(2.0))
    return 0.5 * (1.0 + np.asarray(_erf(z), np.float64))
