"""The calibrated mixture: vectors, colours counted in pixels, and outlines, on one scale.

photo = z( z(v'·x') + s·z(outlines) ), words = b·log p(wished colour | x) + c·z(t·x); the score is
2(1-w)·photo + 2w·words. v' and x' are without the directions in which the encoder tells colours
apart, when a colour is wished for: else a red shoe is far from the black photo for being red. z is
over the catalog's sample. p comes from ``Evidence``; it mixes what the encoder reads off the whole
photo with what a histogram counts on the shoe.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from search.fusion.base import (
    Candidates,
    EncodedQuery,
    Evidence,
    Floats,
    Scores,
    given,
    in_order,
    moments,
)
from search.texts import unit
from search.types import Hit, Vector, Vectors


@dataclass(frozen=True)
class Recipe:
    """How much each kind of evidence counts: chosen on validation by ``manage.py tune_edit``."""

    axes: int
    """Colour directions that are taken out of the vectors when a colour is wished for."""
    outlines: float
    """s"""
    colour: float
    """b"""
    unwanted: float
    """How a colour that is not wished for counts against a photo, relative to b."""
    text: float
    """c"""
    temperature: float
    """Of the encoder's colour probabilities, in deviations of its similarities to colours."""
    floor: float
    """Added to a probability, so that one sure mistake does not outweigh everything."""
    pixels: float
    """Share of the histogram in the mixed log-probability; the encoder has the rest."""
    listings: float
    """What it adds when shops write every free word that was said (`search.evidence.listings`)."""

    def save(self, file: Path, **about: str | float) -> None:
        """Write it, with what a reader wants to know of its choice."""
        text = json.dumps({"recipe": asdict(self), "about": about}, indent=1)
        file.write_text(text + "\n", encoding="utf-8")


UNLIKE: Final = 0.5
"""How much one deviation of likeness to an unwanted photo counts against a photo."""
UNLIKE_FROM: Final = 2.0
"""Deviations from which on a photo counts as like another; one in forty reaches them."""
_ROUNDING: Final = 1e-4
"""Of sums of float32 shares, which are of the order of 10."""
FILE: Final = Path(__file__).with_name("recipe.json")


@cache
def recipe() -> Recipe:
    """The one that is shipped."""
    return Recipe(**json.loads(FILE.read_text(encoding="utf-8"))["recipe"])


def recipe_about() -> dict[str, str | float]:
    """What the shipped one says of its choice."""
    about: dict[str, str | float] = json.loads(FILE.read_text(encoding="utf-8"))["about"]
    return about


@dataclass(frozen=True)
class Mixture:
    """See the module. Works without a photo or without words, and without outlines."""

    name: str = "mixture"
    recipe: Recipe = field(default_factory=recipe)

    def shortlist(self, q: EncodedQuery) -> Vectors:
        """Near the photo, near the words, near both; one alone where only one is given."""
        asked = [vector for vector in (q.photo, q.text) if vector is not None]
        if q.photo is not None and q.text is not None:
            asked.append(unit(q.photo + q.text))
        if not asked:
            given(None)
        return np.stack(asked)

    def rerank(self, q: EncodedQuery, candidates: Candidates) -> list[Hit]:
        ids, vectors = candidates.pool
        return in_order(ids, self.score(q, vectors, candidates.evidence))

    def score(self, q: EncodedQuery, vectors: Vectors, evidence: Evidence | None = None) -> Scores:
        shares = self.shares(q, vectors, evidence)
        return np.asarray(sum(shares.values()), np.float64)

    def shares(
        self, q: EncodedQuery, vectors: Vectors, evidence: Evidence | None = None
    ) -> Mapping[str, Scores]:
        """``photo`` and ``words``, each 0 for the typical photo of the catalog; ``unlike``."""
        prepared = Prepared(q, self.recipe)
        sims = vectors @ prepared.queries.T
        return prepared.shares(sims, prepared.lengths(vectors), evidence)

    def ceiling(self, q: EncodedQuery, last: Sequence[float]) -> float:
        """A photo in no list may have the very colour and outlines: nothing bounds it."""
        return float("inf")


class Prepared:
    """A query with its statistics: what is left to do is one product with all vectors."""

    def __init__(self, q: EncodedQuery, recipe: Recipe) -> None:
        self.q, self.recipe = q, recipe
        # Without evidence of colours, the words' vector has to say them.
        tinted = (
            q.language is not None
            and q.catalog.evidence is not None
            and bool(q.colours or q.unwanted)
        )
        self.axes: Vectors | None = None
        if tinted and q.language is not None and recipe.axes:
            self.axes = q.language.axes[: recipe.axes]
        rows: list[Vector] = []
        if q.photo is not None:
            rows.append(unit(_without(q.photo, self.axes)))
        self.tinted = tinted
        self.text = q.more if tinted else q.text
        if self.text is not None:
            rows.append(self.text)
        unlike = [] if q.unlike is None else list(q.unlike)
        self._unlike_at = range(len(rows), len(rows) + len(unlike))
        rows += unlike
        # Colours and attributes alone need no vector at all.
        dim = q.catalog.sample.shape[1] if q.catalog.sample.ndim == 2 else 0
        self.queries: Vectors = np.stack(rows) if rows else np.empty((0, dim), np.float32)
        """(m, dim): what every vector is multiplied with."""
        sample = q.catalog.sample
        self._usual = _Usual(unlike=[(0.0, 1.0)] * len(unlike))
        if len(sample):
            self._learn(sample @ self.queries.T, self._usual_lengths(), q.catalog.evidence)

    def lengths(self, vectors: Vectors) -> Floats | None:
        """Of the vectors without their colours, (n,); None where colours stay in."""
        if self.axes is None or self.q.photo is None:
            return None
        seen = vectors @ self.axes.T
        left = np.maximum(1.0 - (seen**2).sum(axis=1), 1e-6)
        return np.asarray(np.sqrt(left), np.float32)

    def _usual_lengths(self) -> Floats | None:
        catalog = self.q.catalog
        if catalog.lengths is None or self.axes is None or self.q.photo is None:
            return self.lengths(catalog.sample)
        return catalog.lengths

    def shares(
        self, sims: npt.NDArray[np.float32], lengths: Floats | None, evidence: Evidence | None
    ) -> dict[str, Scores]:
        """From products with ``queries``, (n, m), to named shares of the score, (n,) each."""
        shares = {}
        photo, words = self._photo(sims, lengths, evidence), self._words(sims, evidence)
        of_photo, of_words = self._weights(both=photo is not None and words is not None)
        if photo is not None:
            shares["photo"] = of_photo * photo
        if words is not None:
            shares["words"] = of_words * (words - self._usual.words)
        if self._unlike_at:
            shares["unlike"] = self._unlike(sims)
        return shares

    def errors(self, errors: Floats, lengths: Floats | None) -> Floats:
        """How far the sum of the shares may be off, (n,), where products are by ``errors``, (n,).

        Shares are straight in the products, but for ``unlike``, which is nowhere steeper.
        """
        usual = self._usual
        of_photo, of_words = self._weights(both=self.q.photo is not None and self._worded)
        steep = sum(UNLIKE / deviation for _, deviation in usual.unlike)
        if self.text is not None:
            steep += of_words * self.recipe.text / usual.text[1]
        found = errors * np.float32(steep)
        if self.q.photo is not None:
            found += _divided(errors, lengths) * np.float32(of_photo / usual.identity[1])
        return found + np.float32(_ROUNDING)

    def _weights(self, *, both: bool) -> tuple[float, float]:
        """What a deviation of the photo's share, and one of the words', counts."""
        w = self.q.weight
        return (2 * (1 - w) if both else 1.0) / self._usual.photo, 2 * w if both else 1.0

    @property
    def _worded(self) -> bool:
        return self.text is not None or self.tinted

    @property
    def _text_at(self) -> int:
        return self._unlike_at.start - 1

    def _unlike(self, sims: npt.NDArray[np.float32]) -> Scores:
        """Negatives of composed retrieval: -w·max(n·x - τ, 0) for each n."""
        against = np.zeros(len(sims), sims.dtype)
        for column, (mean, deviation) in zip(self._unlike_at, self._usual.unlike, strict=True):
            z = (sims[:, column] - mean) / deviation
            against -= UNLIKE * np.maximum(z - UNLIKE_FROM, 0.0)
        return against

    @property
    def ideal(self) -> float:
        """The score of the photo itself, in the very colours that are wished for."""
        q, usual, best = self.q, self._usual, 0.0
        of_photo, of_words = self._weights(both=q.photo is not None and self._worded)
        if q.photo is not None:
            z = (1.0 - usual.identity[0]) / usual.identity[1]
            if q.shape is not None:
                z += self.recipe.outlines * (1.0 - usual.outlines[0]) / usual.outlines[1]
            best += of_photo * z
        if self._worded:
            # No photo is as near to words as to itself; three deviations are as good as it gets.
            words = 3.0 * self.recipe.text if self.text is not None else 0.0
            best += of_words * (words - usual.words)
        return best

    def _learn(
        self,
        sims: npt.NDArray[np.float32],
        lengths: Floats | None,
        evidence: Evidence | None,
    ) -> None:
        usual = self._usual
        if self.q.photo is not None:
            usual.identity = moments(_divided(sims[:, 0], lengths))
            if evidence is not None and self.q.shape is not None:
                alike = evidence.shape @ self.q.shape
                usual.outlines = moments(alike[evidence.outlined > 0])
        if self.text is not None:
            usual.text = moments(sims[:, self._text_at])
        usual.unlike = [moments(sims[:, column]) for column in self._unlike_at]
        photo, words = self._photo(sims, lengths, evidence), self._words(sims, evidence)
        if photo is not None:
            usual.photo = moments(photo)[1]
        if words is not None:
            usual.words = float(words.mean())

    def _photo(
        self, sims: npt.NDArray[np.float32], lengths: Floats | None, evidence: Evidence | None
    ) -> Scores | None:
        q, usual = self.q, self._usual
        if q.photo is None:
            return None
        mean, deviation = usual.identity
        z = _divided(sims[:, 0], lengths) - mean
        z /= deviation
        if evidence is not None and q.shape is not None and self.recipe.outlines:
            mean, deviation = usual.outlines
            alike = evidence.products(q.shape)
            # Outlines of nobody knows whom are as typical ones.
            alike -= np.float32(mean) * evidence.outlined
            alike *= self.recipe.outlines / deviation
            z += alike
        return z

    def _words(self, sims: npt.NDArray[np.float32], evidence: Evidence | None) -> Scores | None:
        recipe = self.recipe
        words: Scores | None = None
        if self.text is not None:
            mean, deviation = self._usual.text
            words = (sims[:, self._text_at] - mean) * (recipe.text / deviation)
        if self.tinted and evidence is not None:
            tinted = recipe.colour * self._tinted(evidence.colours)
            words = tinted if words is None else words + tinted
        return words

    def _tinted(self, colours: Floats) -> Scores:
        """How well the colours answer, in log-probability; unwanted ones count against."""
        q, found = self.q, np.zeros(len(colours), colours.dtype)
        if q.colours and q.alternatives:
            places = [place for place, _ in q.colours]
            strength = max(weight for _, weight in q.colours)
            found += strength * np.log(sum(np.exp(colours[:, place]) for place in places))
        else:
            for rank, (place, weight) in enumerate(q.colours):
                # Probabilities are of the main colour; a second one shows in them only faintly.
                found += weight * (1.0 if rank == 0 else 0.3) * colours[:, place]
        for place, weight in q.unwanted:
            rest = np.float32(1.02) - np.exp(np.minimum(colours[:, place], np.float32(0.0)))
            found += self.recipe.unwanted * weight * np.log(rest)
        return found


@dataclass
class _Usual:
    """Of the catalog's sample, for one query."""

    identity: tuple[float, float] = (0.0, 1.0)
    outlines: tuple[float, float] = (0.0, 1.0)
    text: tuple[float, float] = (0.0, 1.0)
    photo: float = 1.0
    words: float = 0.0
    unlike: list[tuple[float, float]] = field(default_factory=list)


def _without(vector: Vector, axes: Vectors | None) -> Vector:
    return vector if axes is None else np.asarray(vector - (vector @ axes.T) @ axes, np.float32)


def _divided(scores: npt.NDArray[np.float32], lengths: Floats | None) -> npt.NDArray[np.float32]:
    return scores if lengths is None else scores / lengths
