"""Photo and words as one question: how the two similarities become one ranking.

Notation: v the photo, t the words' target, x a catalog photo, all of unit length; sv = v·x,
st = t·x; w the visitor's slider. For every method w = 0 ranks by the photo alone, w = 1 by the
words alone, and w = 0.5 is the setting that measured best (docs/evaluation.md).

Two families. A *linear* method is one query vector, which the store ranks exactly: re-scoring its
hits by the same inner products would change nothing. A *blend* joins the two similarities in a way
that no single vector can, so it asks the store for several lists and scores their union.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from search.texts import unit
from search.types import Hit, Vector, Vectors

Scores = npt.NDArray[np.float64]
IdArray = npt.NDArray[np.int64]

SAMPLE_SIZE: Final = 4096
"""Catalog photos that statistics are taken over: the error of a mean is 1.6 % of a deviation."""


@dataclass(frozen=True)
class Statistics:
    """What is usual in the catalog, from a fixed sample of it; never from a shortlist."""

    sample: Vectors

    def moments(self, query: Vector) -> tuple[float, float]:
        """Mean and standard deviation of the similarities to ``query``."""
        if not len(self.sample):
            return 0.0, 1.0
        scores = self.sample @ query
        return float(scores.mean()), max(float(scores.std()), 1e-6)


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


@dataclass(frozen=True)
class Candidates:
    """What the store answered to a shortlist: one list of hits per vector, best first."""

    lists: Sequence[Sequence[Hit]]
    fetch: Callable[[IdArray], tuple[IdArray, Vectors]]
    """Vectors by id; an id that has just left the index is left out."""

    @cached_property
    def pool(self) -> tuple[IdArray, Vectors]:
        """Ids of the union, ascending, and their vectors; read from the store when first asked."""
        found = {hit.image_id for hits in self.lists for hit in hits}
        return self.fetch(np.array(sorted(found), np.int64))


class Fusion(Protocol):
    """A method of composing photo and words. Without state; one object serves every query."""

    @property
    def name(self) -> str: ...

    def shortlist(self, q: EncodedQuery) -> Vectors:
        """What to ask the store, shape (m, dim), unit rows."""

    def rerank(self, q: EncodedQuery, candidates: Candidates) -> list[Hit]:
        """All candidates in their final order, ties by id."""

    def score(self, q: EncodedQuery, vectors: Vectors) -> Scores:
        """The final score of each row of ``vectors``, shape (n,). Higher is better."""

    def ceiling(self, q: EncodedQuery, last: Sequence[float]) -> float:
        """No photo outside of the shortlist's lists can score more; ``last`` is where each ended.

        Ranks that reach it are exact (the threshold algorithm: Fagin, Lotem and Naor 2003).
        """

    def shares(self, q: EncodedQuery, vectors: Vectors) -> Mapping[str, Scores]:
        """Where the scores come from, by name. For linear methods and WeiCom they add up to the
        score; for the product they multiply to it."""


class Linear(ABC):
    """One query vector, the sum of named parts."""

    name: str

    @abstractmethod
    def parts(self, q: EncodedQuery) -> dict[str, Vector]:
        """Vectors that add up to the query vector, before it is scaled to length 1."""

    def shortlist(self, q: EncodedQuery) -> Vectors:
        return unit(_total(self.parts(q)))[None, :]

    def rerank(self, q: EncodedQuery, candidates: Candidates) -> list[Hit]:
        return list(candidates.lists[0])

    def score(self, q: EncodedQuery, vectors: Vectors) -> Scores:
        return np.asarray(vectors @ self.shortlist(q)[0], np.float64)

    def ceiling(self, q: EncodedQuery, last: Sequence[float]) -> float:
        return last[0]

    def shares(self, q: EncodedQuery, vectors: Vectors) -> Mapping[str, Scores]:
        parts = self.parts(q)
        length = max(float(np.linalg.norm(_total(parts))), 1e-12)
        return {name: (vectors @ part).astype(np.float64) / length for name, part in parts.items()}


class Image(Linear):
    """The photo alone: the baseline that says what the words add."""

    name = "image"

    def parts(self, q: EncodedQuery) -> dict[str, Vector]:
        return {"photo": _given(q.photo)}


class Text(Linear):
    """The words alone: the baseline that says what the photo adds."""

    name = "text"

    def parts(self, q: EncodedQuery) -> dict[str, Vector]:
        return {"words": _given(q.text)}


@dataclass(frozen=True)
class Sum(Linear):
    """(1-λ)·v + λ·t."""

    name = "sum"
    best: float = 0.55
    """λ at the middle of the slider."""

    def parts(self, q: EncodedQuery) -> dict[str, Vector]:
        share = tilt(q.weight, self.best)
        return {"photo": (1 - share) * _given(q.photo), "words": share * _given(q.text)}


@dataclass(frozen=True)
class Slerp(Linear):
    """Along the arc from v to t; straight where the two nearly coincide (dot over 0.9995)."""

    name = "slerp"
    best: float = 0.55
    """How far along the arc at the middle of the slider."""

    def parts(self, q: EncodedQuery) -> dict[str, Vector]:
        v, t, a = _given(q.photo), _given(q.text), tilt(q.weight, self.best)
        dot = float(np.clip(v @ t, -1.0, 1.0))
        if dot > 0.9995:
            return {"photo": (1 - a) * v, "words": a * t}
        angle = math.acos(dot)
        # sin θ is left out: it scales both alike, and the sum is scaled to length 1 anyway.
        return {
            "photo": np.float32(math.sin((1 - a) * angle)) * v,
            "words": np.float32(math.sin(a * angle)) * t,
        }


@dataclass(frozen=True)
class Direction(Linear):
    """v + α·(t − β·source): moves the photo from what it shows to what is wished, along the text.

    β = 1 is the text direction as published. The source is a guess about the photo, and t is needed
    whole to pull photos of the wish near; so a part of it (``contrast``) ranks better than all.
    Towards w = 1 the source fades with the photo, so that the words alone remain.
    """

    name: str = "direction"
    alpha: float = 0.8
    beta: float = 1.0

    def parts(self, q: EncodedQuery) -> dict[str, Vector]:
        v, t, w = _given(q.photo), _given(q.text), q.weight
        fading = self.beta * min(1.0, 2 * (1 - w))
        change = t if q.source is None else t - np.float32(fading) * q.source
        # At w = 1 only the words' direction counts, whatever α is.
        alpha = self.alpha if w < 1 else 1.0
        return {"photo": np.float32(1 - w) * v, "words": np.float32(w * alpha) * change}


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
        v, t = _given(q.photo), _given(q.text)
        return np.stack([v, t, unit(v + t)])

    def rerank(self, q: EncodedQuery, candidates: Candidates) -> list[Hit]:
        ids, vectors = candidates.pool
        scores = self.score(q, vectors)
        order = np.lexsort((ids, -scores))
        return [
            Hit(image_id=number, score=score)
            for number, score in zip(ids[order].tolist(), scores[order].tolist(), strict=True)
        ]

    def score(self, q: EncodedQuery, vectors: Vectors) -> Scores:
        return self.join(self.shares(q, vectors))

    def shares(self, q: EncodedQuery, vectors: Vectors) -> Mapping[str, Scores]:
        sv = (vectors @ _given(q.photo)).astype(np.float64)
        st = (vectors @ _given(q.text)).astype(np.float64)
        return self.combine(q, sv, st)

    def ceiling(self, q: EncodedQuery, last: Sequence[float]) -> float:
        """The best of all (sv, st) with sv ≤ a, st ≤ b and sv + st ≤ c: it lies on the border,
        which is walked in cells taking the upper corner of each, so that it is never too low."""
        a, b = last[0], last[1]
        c = last[2] * float(np.linalg.norm(_given(q.photo) + _given(q.text)))
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
            "photo": (1 - share) * _gaussian(sv, *q.catalog.moments(_given(q.photo))),
            "words": share * _gaussian(st, *q.catalog.moments(_given(q.text))),
        }

    def join(self, shares: Mapping[str, Scores]) -> Scores:
        return shares["photo"] + shares["words"]


IMAGE, TEXT = Image(), Text()
DIRECTION, CONTRAST = Direction(), Direction("contrast", alpha=1.0, beta=0.25)

FUSIONS: Final[Mapping[str, Fusion]] = {
    fusion.name: fusion
    for fusion in (IMAGE, TEXT, Sum(), Slerp(), Product(), WeiCom(), DIRECTION, CONTRAST)
}
"""What ``SHOEFINDER_FUSION`` and ``manage.py evaluate edit --method`` can name."""


@cache
def fusion_named(name: str) -> Fusion:
    """A method by its name, or with another parameter than its own: ``direction:0.7``.

    Raises ``ValueError``, saying what there is, for a name or a parameter that is not.
    """
    base, _, text = name.partition(":")
    if base not in FUSIONS:
        raise ValueError(f"There is no fusion {base!r}; there are: {', '.join(FUSIONS)}.")
    fusion = FUSIONS[base]
    if not text:
        return fusion
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if isinstance(fusion, Direction) and 0 < value <= 10:
        return replace(fusion, alpha=value)
    if isinstance(fusion, Sum | Slerp | WeiCom) and 0 < value < 1:
        return replace(fusion, best=value)
    raise ValueError(f"The fusion {base} does not take the parameter {text!r}.")


def fusion_for(q: EncodedQuery, name: str) -> Fusion:
    """The method called ``name``; photo or words alone where only one of them is given.

    Raises ``ValueError`` as ``fusion_named`` does.
    """
    if q.text is None or (q.photo is not None and q.weight == 0):
        return IMAGE
    if q.photo is None or q.weight == 1:
        return TEXT
    return fusion_named(name)


def tilt(weight: float, best: float) -> float:
    """The slider's w as a share λ: 0 → 0, 0.5 → ``best``, 1 → 1, rising (odds are multiplied)."""
    words, photo = weight * best, (1 - weight) * (1 - best)
    return words / (words + photo) if words + photo > 0 else weight


def _total(parts: Mapping[str, Vector]) -> Vector:
    total: Any = sum(parts.values())
    return np.asarray(total, np.float32)


def _given(vector: Vector | None) -> Vector:
    if vector is None:
        raise ValueError("This method needs a photo and words; see fusion_for().")
    return vector


_erf = np.frompyfunc(math.erf, 1, 1)


def _gaussian(scores: Scores, mean: float, deviation: float) -> Scores:
    z = (scores - mean) / (deviation * math.sqrt(2.0))
    return 0.5 * (1.0 + np.asarray(_erf(z), np.float64))
