"""What training is stopped by and told with: recognition, words, and edits on unseen photos.

`manage.py evaluate` measures any encoder at length; this measures two heads each epoch in a second.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from search.training.captions import spoken
from search.types import Vectors

PROMPTS: Final = (
    "a {} shoe",
    "{} shoe",
    "a photo of a {} shoe",
    "{} sneakers",
    "a photo of {} sneakers",
    "{}",
)
NEIGHBOURS: Final = 20
VOTE_TEMPERATURE: Final = 0.05
DIRECTION: Final = 0.75
SCORED: Final = ("model_top1", "brand_top1", "colour_top1", "edit_sum_r1", "edit_sum_map")
"""What early stopping looks at: the mean of those that the data can measure."""

PerQuery = dict[str, npt.NDArray[np.float64]]
Texts = Callable[[Sequence[str]], Vectors]


@dataclass(frozen=True, slots=True)
class Labelled:
    """Vectors and labels of some photos; empty strings are unknown."""

    vectors: Vectors
    model: Sequence[str]
    brand: Sequence[str]
    colour: Sequence[str]

    def rows(self, mask: npt.NDArray[np.bool_]) -> Labelled:
        chosen = [int(i) for i in np.flatnonzero(mask)]
        return Labelled(
            vectors=self.vectors[chosen],
            model=[self.model[i] for i in chosen],
            brand=[self.brand[i] for i in chosen],
            colour=[self.colour[i] for i in chosen],
        )


def measure(queries: Labelled, gallery: Labelled, texts: Texts) -> PerQuery:
    """All that the labels allow, each figure as one value per query; its mean is the metric.

    ``gallery`` is what was seen (recognition looks among it); words and edits look among the
    queries alone, none of which was seen.
    """
    return {
        **recognise(queries, gallery),
        **name_values("brand", queries.vectors, queries.brand, texts),
        **name_values("colour", queries.vectors, queries.colour, texts),
        **edit_colours(queries, texts),
    }


def means(per_query: Mapping[str, npt.NDArray[np.float64]]) -> dict[str, float]:
    return {name: float(values.mean()) for name, values in per_query.items()}


def score(figures: Mapping[str, float]) -> float:
    """One number to stop by; 0 when the data can measure none of ``SCORED``."""
    return float(np.mean([figures[name] for name in SCORED if name in figures] or [0.0]))


def interval(values: npt.NDArray[np.float64], *, seed: int = 0) -> tuple[float, float]:
    """95 % bootstrap interval of the mean, over queries (2,000 resamples)."""
    rng = np.random.default_rng(seed)
    resampled = [values[rng.integers(0, len(values), len(values))].mean() for _ in range(2000)]
    low, high = np.percentile(resampled, [2.5, 97.5])
    return float(low), float(high)


def recognise(queries: Labelled, gallery: Labelled) -> PerQuery:
    """Model of a photo by weighted vote of its 20 nearest, where the gallery has the model."""
    names = sorted(set(gallery.model) - {""})
    number = {name: i for i, name in enumerate(names)}
    asked = [i for i, name in enumerate(queries.model) if name in number]
    known = [i for i, name in enumerate(gallery.model) if name]
    if len(names) < 2 or not asked:
        return {}
    labels = np.array([number[gallery.model[i]] for i in known])
    truth = np.array([number[queries.model[i]] for i in asked])
    similar = queries.vectors[asked] @ gallery.vectors[known].T
    nearest = np.argsort(-similar, axis=1)[:, :NEIGHBOURS]
    weight = np.exp(np.take_along_axis(similar, nearest, axis=1) / VOTE_TEMPERATURE)
    votes = np.zeros((len(asked), len(names)))
    np.add.at(votes, (np.arange(len(asked))[:, None], labels[nearest]), weight)
    return _top("model", np.argsort(-votes, axis=1, kind="stable"), truth)


def name_values(name: str, vectors: Vectors, values: Sequence[str], texts: Texts) -> PerQuery:
    """Zero-shot: which of the values that occur do the prompts say?"""
    asked = [i for i, value in enumerate(values) if value]
    classes = sorted({values[i] for i in asked})
    if len(classes) < 2:
        return {}
    scores = vectors[asked] @ prompt_vectors(classes, texts).T
    truth = np.array([classes.index(values[i]) for i in asked])
    return _top(name, np.argsort(-scores, axis=1), truth)


def prompt_vectors(values: Sequence[str], texts: Texts) -> Vectors:
    """One unit vector per value: the renormalised mean over the prompts."""
    vectors = texts([prompt.format(spoken(value)) for value in values for prompt in PROMPTS])
    mean = vectors.reshape(len(values), len(PROMPTS), -1).mean(axis=1)
    return _unit(mean)


def edit_colours(photos: Labelled, texts: Texts) -> PerQuery:
    """Asks for "this shoe in colour X": every photo, every other colour that its model comes in.

    Looks among all photos with a colour but the query itself; right are those of the same model in
    colour X. The source colour of the direction is predicted, never looked up.
    """
    asked = [i for i, (c, m) in enumerate(zip(photos.colour, photos.model, strict=True)) if c and m]
    if not asked:
        return {}
    vectors = photos.vectors[asked]
    model = np.unique([photos.model[i] for i in asked], return_inverse=True)[1]
    classes, colour = np.unique([photos.colour[i] for i in asked], return_inverse=True)
    other = (model[:, None] == model[None]) & (colour[:, None] != colour[None])
    pairs = sorted({(int(i), int(colour[j])) for i, j in zip(*np.nonzero(other), strict=True)})
    if not pairs:
        return {}
    source, target = np.array(pairs).T
    words = prompt_vectors([str(c) for c in classes], texts)
    predicted = (vectors @ words.T).argmax(axis=1)
    seen, said = vectors[source] @ vectors.T, words[target] @ vectors.T
    moved = _unit(vectors[source] + DIRECTION * (words[target] - words[predicted[source]]))
    right = (model[None] == model[source][:, None]) & (colour[None] == target[:, None])
    methods = {
        "image": seen,
        "text": said,
        "sum": seen + said,
        "product": np.maximum(seen, 0) * np.maximum(said, 0),
        "direction": moved @ vectors.T,
    }
    found: PerQuery = {}
    for method, scores in methods.items():
        ranked = scores.copy()
        ranked[np.arange(len(source)), source] = -np.inf
        hits = np.take_along_axis(right, np.argsort(-ranked, axis=1), axis=1)
        precision = np.cumsum(hits, axis=1) / np.arange(1, hits.shape[1] + 1)
        first, ten = hits[:, 0], hits[:, :10].any(axis=1)
        found[f"edit_{method}_r1"] = np.array(first, dtype=np.float64)
        found[f"edit_{method}_r10"] = np.array(ten, dtype=np.float64)
        average = (precision * hits).sum(axis=1) / hits.sum(axis=1)
        found[f"edit_{method}_map"] = np.array(average, dtype=np.float64)
    return found


def _top(name: str, ranked: npt.NDArray[np.intp], truth: npt.NDArray[np.intp]) -> PerQuery:
    hits = ranked == truth[:, None]
    return {
        f"{name}_top1": hits[:, 0].astype(np.float64),
        f"{name}_top5": hits[:, :5].any(axis=1).astype(np.float64),
    }


def _unit(vectors: npt.NDArray[np.float32]) -> Vectors:
    unit: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True).clip(1e-12)
    return unit
