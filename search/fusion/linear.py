"""Methods that are one query vector."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from search.fusion.base import Candidates, EncodedQuery, Evidence, Scores, given, tilt, total
from search.texts import unit
from search.types import Hit, Vector, Vectors


class Linear(ABC):
    """One query vector, the sum of named parts."""

    name: str

    @abstractmethod
    def parts(self, q: EncodedQuery) -> dict[str, Vector]:
        """Vectors that add up to the query vector, before it is scaled to length 1."""

    def shortlist(self, q: EncodedQuery) -> Vectors:
        return unit(total(self.parts(q)))[None, :]

    def rerank(self, q: EncodedQuery, candidates: Candidates) -> list[Hit]:
        return list(candidates.lists[0])

    def score(self, q: EncodedQuery, vectors: Vectors, evidence: Evidence | None = None) -> Scores:
        return np.asarray(vectors @ self.shortlist(q)[0], np.float64)

    def ceiling(self, q: EncodedQuery, last: Sequence[float]) -> float:
        return last[0]

    def shares(
        self, q: EncodedQuery, vectors: Vectors, evidence: Evidence | None = None
    ) -> Mapping[str, Scores]:
        parts = self.parts(q)
        length = max(float(np.linalg.norm(total(parts))), 1e-12)
        return {name: (vectors @ part).astype(np.float64) / length for name, part in parts.items()}


class Image(Linear):
    """The photo alone: the baseline that says what the words add."""

    name = "image"

    def parts(self, q: EncodedQuery) -> dict[str, Vector]:
        return {"photo": given(q.photo)}


class Text(Linear):
    """The words alone: the baseline that says what the photo adds."""

    name = "text"

    def parts(self, q: EncodedQuery) -> dict[str, Vector]:
        return {"words": given(q.text)}


@dataclass(frozen=True)
class Sum(Linear):
    """(1-λ)·v + λ·t."""

    name = "sum"
    best: float = 0.55
    """λ at the middle of the slider."""

    def parts(self, q: EncodedQuery) -> dict[str, Vector]:
        share = tilt(q.weight, self.best)
        return {"photo": (1 - share) * given(q.photo), "words": share * given(q.text)}


@dataclass(frozen=True)
class Slerp(Linear):
    """Along the arc from v to t; straight where the two nearly coincide (dot over 0.9995)."""

    name = "slerp"
    best: float = 0.55
    """How far along the arc at the middle of the slider."""

    def parts(self, q: EncodedQuery) -> dict[str, Vector]:
        v, t, a = given(q.photo), given(q.text), tilt(q.weight, self.best)
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
        v, t, w = given(q.photo), given(q.text), q.weight
        fading = self.beta * min(1.0, 2 * (1 - w))
        change = t if q.source is None else t - np.float32(fading) * q.source
        # At w = 1 only the words' direction counts, whatever α is.
        alpha = self.alpha if w < 1 else 1.0
        return {"photo": np.float32(1 - w) * v, "words": np.float32(w * alpha) * change}


@dataclass(frozen=True)
class Freedom(Linear):
    """The photo put into words: q = Σ w·text("edit + word") (FREEDOM, Efthymiadis et al. 2024).

    The words are the ``words`` commonest among the nearest words of the nearest photos, the photo
    itself being one of them; their frequency is the weight w. Photo and words cannot be told apart
    in it, so the slider leans the result towards the plain photo or the plain words.
    """

    name: str = "freedom"
    photos: int = 20
    words: int = 7

    def parts(self, q: EncodedQuery) -> dict[str, Vector]:
        v, t, language = given(q.photo), given(q.text), q.language
        if language is None or language.say is None:
            raise ValueError("FREEDOM needs the encoder's words.")
        near = np.argsort(-(q.catalog.sample @ v), kind="stable")[: self.photos]
        shown = np.concatenate([v[None, :], q.catalog.sample[near]])
        named = language.vocabulary
        ranked = np.argsort(-(shown @ named.T), axis=1, kind="stable")[:, : self.words]
        common = Counter(ranked.ravel().tolist()).most_common(self.words)
        said = language.say([f"{q.words} {language.words[word]}".strip() for word, _ in common])
        counts = np.array([count for _, count in common], np.float32)
        composed = unit(counts @ said)
        w = q.weight
        return {
            "photo": np.float32(max(0.0, 1 - 2 * w)) * v,
            "words": np.float32(max(0.0, 2 * w - 1)) * t,
            "both": np.float32(1 - abs(2 * w - 1)) * composed,
        }
