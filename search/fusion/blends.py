"""Methods that no single vector can express."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from search.fusion.base import (
    Candidates,
    EncodedQuery,
    Evidence,
    Fusion,
    Language,
    Scores,
    gaussian,
    given,
    in_order,
    tilt,
)
from search.texts import unit
from search.types import Hit, Vectors


class Blend(ABC):
    """A score that grows with sv and with st, but not along any one vector."""

    name: str

    @abstractmethod
    def combine(self, q: EncodedQuery, sv: Scores, st: Scores) -> Mapping[str, Scores]:
        """The shares of the score by name; each grows with its own similarity only."""

    @abstractmethod
    def join(self, shares: Mapping[str, Scores]) -> Scores:
        """From shares to the score."""

    def shortlist(self, q: EncodedQuery) -> Vectors:
        v, t = given(q.photo), given(q.text)
        return np.stack([v, t, unit(v + t)])

    def rerank(self, q: EncodedQuery, candidates: Candidates) -> list[Hit]:
        ids, vectors = candidates.pool
        scores = self.score(q, vectors)
        order = np.lexsort((ids, -scores))
        return [
            Hit(image_id=number, score=score)
            for number, score in zip(ids[order].tolist(), scores[order].tolist(), strict=True)
        ]

    def score(self, q: EncodedQuery, vectors: Vectors, evidence: Evidence | None = None) -> Scores:
        return self.join(self.shares(q, vectors))

    def shares(
        self, q: EncodedQuery, vectors: Vectors, evidence: Evidence | None = None
    ) -> Mapping[str, Scores]:
        sv = (vectors @ given(q.photo)).astype(np.float64)
        st = (vectors @ given(q.text)).astype(np.float64)
        return self.combine(q, sv, st)

    def ceiling(self, q: EncodedQuery, last: Sequence[float]) -> float:
        """The best of all (sv, st) with sv ≤ a, st ≤ b and sv + st ≤ c: it lies on the border,
        which is walked in cells taking the upper corner of each, so that it is never too low."""
        a, b = last[0], last[1]
        c = last[2] * float(np.linalg.norm(given(q.photo) + given(q.text)))
        edges = np.linspace(min(c - b, a), a, 257)
        sv = np.minimum(edges[1:], a)
        st = np.minimum(b, c - edges[:-1])
        return float(self.join(self.combine(q, sv, st)).max())


class Product(Blend):
    """max(sv, 0)^2(1-w) · max(st, 0)^2w; the plain product in the middle of the slider."""

    name = "product"

    def combine(self, q: EncodedQuery, sv: Scores, st: Scores) -> Mapping[str, Scores]:
        return {
            "photo": np.maximum(sv, 0.0) ** (2 * (1 - q.weight)),
            "words": np.maximum(st, 0.0) ** (2 * q.weight),
        }

    def join(self, shares: Mapping[str, Scores]) -> Scores:
        return shares["photo"] * shares["words"]


@dataclass(frozen=True)
class WeiCom(Blend):
    """(1-λ)·F(z(sv)) + λ·F(z(st)); z over the catalog, F the Gaussian CDF (Psomas et al. 2024).

    Image–image and text–image similarities live on different scales; this puts both on one.
    """

    name = "weicom"
    best: float = 0.3
    """λ at the middle of the slider."""

    def combine(self, q: EncodedQuery, sv: Scores, st: Scores) -> Mapping[str, Scores]:
        share = tilt(q.weight, self.best)
        return {
            "photo": (1 - share) * gaussian(sv, *q.catalog.moments(given(q.photo))),
            "words": share * gaussian(st, *q.catalog.moments(given(q.text))),
        }

    def join(self, shares: Mapping[str, Scores]) -> Scores:
        return shares["photo"] + shares["words"]


@dataclass(frozen=True)
class Basic:
    """Centre both sides, look only where subjects differ and styles do not (BASIC, Psomas 2025).

    v and x are centred on the mean photo, t on the mean word; the photos are projected onto the
    leading ``kept`` eigenvectors of (1-a)·S₊ − a·S₋, S₊ of words that name subjects, S₋ of words
    that name styles. Both similarities are divided by how far below 0 they go, moved to start at
    0, and ranked by sv·st − λ·(sv + st)².
    """

    name: str = "basic"
    a: float = 0.2
    kept: int = 250
    harris: float = 0.1

    def shortlist(self, q: EncodedQuery) -> Vectors:
        v, t = given(q.photo), given(q.text)
        return np.stack([v, t, unit(v + t)])

    def rerank(self, q: EncodedQuery, candidates: Candidates) -> list[Hit]:
        ids, vectors = candidates.pool
        return in_order(ids, self.score(q, vectors))

    def score(self, q: EncodedQuery, vectors: Vectors, evidence: Evidence | None = None) -> Scores:
        shares = self.shares(q, vectors)
        return shares["photo"] + shares["words"]

    def shares(
        self, q: EncodedQuery, vectors: Vectors, evidence: Evidence | None = None
    ) -> Mapping[str, Scores]:
        sv, st = self.similarities(q, vectors)
        # At the middle of the slider both powers are 1.
        sv, st = sv ** (2 * (1 - q.weight)), st ** (2 * q.weight)
        both = (0.5 - self.harris) * sv * st
        return {"photo": both - self.harris * sv**2, "words": both - self.harris * st**2}

    def similarities(self, q: EncodedQuery, vectors: Vectors) -> tuple[Scores, Scores]:
        """Both, centred, projected and normalised by the catalog's minima; at least 0."""
        if q.language is None:
            raise ValueError("BASIC needs the encoder's words.")
        mean, basis = q.catalog.mean, _subject_basis(q.language, self.a, self.kept)
        photo = (given(q.photo) - mean) @ basis.T @ basis
        text = given(q.text) - q.language.mean
        found = []
        for query in (photo, text):
            scores = ((vectors - mean) @ query).astype(np.float64)
            lowest = float(((q.catalog.sample - mean) @ query).min())
            found.append(np.maximum(scores - lowest, 0.0) / max(abs(lowest), 1e-6))
        return found[0], found[1]

    def ceiling(self, q: EncodedQuery, last: Sequence[float]) -> float:
        """Centring and projection leave nothing to bound by: exact once all were asked for."""
        return math.inf


@dataclass(frozen=True)
class Negatives:
    """score − w·max(n·x − τ, 0) for every unwanted n, around another method.

    n is not subtracted from the query: that leaves the manifold of photos, and what is near then
    is near to nothing. τ is what a photo that has nothing of n reaches: the catalog's mean plus
    ``deviations``. Where the words name nothing unwanted, what the photo shows now is.
    """

    inner: Fusion
    name: str = "negatives"
    weight: float = 0.5
    deviations: float = 0.5

    def shortlist(self, q: EncodedQuery) -> Vectors:
        return self.inner.shortlist(q)

    def rerank(self, q: EncodedQuery, candidates: Candidates) -> list[Hit]:
        ids, vectors = candidates.pool
        return in_order(ids, self.score(q, vectors))

    def score(self, q: EncodedQuery, vectors: Vectors, evidence: Evidence | None = None) -> Scores:
        return self.inner.score(q, vectors) - self._penalty(q, vectors)

    def shares(
        self, q: EncodedQuery, vectors: Vectors, evidence: Evidence | None = None
    ) -> Mapping[str, Scores]:
        return {**self.inner.shares(q, vectors), "unwanted": -self._penalty(q, vectors)}

    def ceiling(self, q: EncodedQuery, last: Sequence[float]) -> float:
        return self.inner.ceiling(q, last)

    def _penalty(self, q: EncodedQuery, vectors: Vectors) -> Scores:
        penalty = np.zeros(len(vectors), np.float64)
        named = q.avoid if q.source is None or q.avoid is not None else q.source[None, :]
        for unwanted in () if named is None else named:
            mean, deviation = q.catalog.moments(unwanted)
            threshold = mean + self.deviations * deviation
            penalty += self.weight * np.maximum(vectors @ unwanted - threshold, 0.0)
        return penalty


@lru_cache(maxsize=4)
def _subject_basis(language: Language, a: float, kept: int) -> Vectors:
    """Orthonormal rows: the leading eigenvectors of (1-a)·S₊ − a·S₋ that are positive."""
    plus, minus = (
        np.cov(words - language.mean, rowvar=False, bias=True)
        for words in (language.subjects, language.styles)
    )
    values, directions = np.linalg.eigh((1 - a) * plus - a * minus)
    leading = np.argsort(-values)[:kept]
    return np.asarray(directions[:, leading[values[leading] > 1e-6]].T, np.float32)
