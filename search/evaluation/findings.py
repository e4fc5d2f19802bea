"""What a task found beside its figures: what a report draws, and a person learns from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from search.evaluation.metrics import Floats, Mask

WORST: Final = 12
"""Examples that a report shows."""

BINS: Final = 10
"""Of confidence, of equal width."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Lines over one axis."""

    title: str
    across: str
    up: str
    lines: Mapping[str, Sequence[tuple[float, float]]]
    """By name: (x, y), x ascending."""
    logarithmic: bool = False
    """Of x."""


@dataclass(frozen=True, slots=True)
class Confusion:
    """What was taken for what."""

    title: str
    names: tuple[str, ...]
    counts: npt.NDArray[np.int64]
    """Shape (n, n): rows are what it is, columns what it was taken for."""

    def pairs(self, most: int = 15) -> list[tuple[str, str, int, int]]:
        """(is, taken for, how often, of how many), the most frequent mistakes first."""
        wrong = self.counts.copy()
        np.fill_diagonal(wrong, 0)
        order = np.argsort(-wrong, axis=None, kind="stable")[:most]
        asked = self.counts.sum(axis=1)
        return [
            (self.names[row], self.names[column], int(wrong[row, column]), int(asked[row]))
            for row, column in zip(*np.unravel_index(order, wrong.shape), strict=True)
            if wrong[row, column]
        ]


@dataclass(frozen=True, slots=True)
class Reliability:
    """Whether a confidence is what it says: one row per bin that holds a query."""

    title: str
    bins: tuple[tuple[float, float, int], ...]
    """(mean confidence, share that was right, queries)."""


@dataclass(frozen=True, slots=True)
class Answer:
    photo: Path | None
    label: str
    right: bool


@dataclass(frozen=True, slots=True)
class Example:
    """One query and what came of it."""

    photo: Path | None
    asked: str
    """What would have been right."""
    answers: tuple[Answer, ...]
    """Best first."""


@dataclass(frozen=True, slots=True)
class Examples:
    title: str
    shown: tuple[Example, ...]


Finding = Curve | Confusion | Reliability | Examples


def recall_curves(title: str, firsts: Mapping[str, Sequence[float]], *, depth: int = 50) -> Curve:
    """Share of queries with a right answer among the first k, for each k up to ``depth``.

    ``firsts`` holds by method the place of each query's first right answer (`first_of`).
    """
    lines = {
        method: [(k, float((np.asarray(places) < k).mean())) for k in range(1, depth + 1)]
        for method, places in firsts.items()
    }
    return Curve(title=title, across="k", up="recall@k", lines=lines)


def first_of(relevant: Mask) -> float:
    """The place of the first right answer in a ranking, from 0; infinite where there is none."""
    places = np.flatnonzero(relevant)
    return float(places[0]) if len(places) else np.inf


def confusion_of(
    title: str, truth: Sequence[str], named: Sequence[str], *, most: int = 40
) -> Confusion:
    """Over the ``most`` names that are mistaken most often; all there are, if fewer."""
    wrong = Counter[str]()
    for true, said in zip(truth, named, strict=True):
        if true != said:
            wrong.update((true, said))
    everything = sorted(set(truth) | set(named), key=lambda name: (-wrong[name], name))
    names = tuple(sorted(everything[:most]))
    place = {name: i for i, name in enumerate(names)}
    counts = np.zeros((len(names), len(names)), np.int64)
    for true, said in zip(truth, named, strict=True):
        if true in place and said in place:
            counts[place[true], place[said]] += 1
    return Confusion(title=title, names=names, counts=counts)


def reliability_of(title: str, confidence: Floats, right: Mask) -> Reliability:
    """In ``BINS`` bins of equal width."""
    bins = np.minimum((confidence * BINS).astype(np.intp), BINS - 1)
    rows = []
    for number in range(BINS):
        inside = bins == number
        if count := int(inside.sum()):
            rows.append((float(confidence[inside].mean()), float(right[inside].mean()), count))
    return Reliability(title=title, bins=tuple(rows))
