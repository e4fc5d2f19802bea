"""Figures with intervals: ranking metrics per query, and 95 % bootstrap intervals over queries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

RESAMPLES: Final = 1000
LEVEL: Final = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure over ``n`` queries, and the interval that 95 % of the resamples fall into."""

    value: float
    low: float
    high: float
    n: int

    def as_json(self) -> dict[str, float | int]:
        return {"value": self.value, "low": self.low, "high": self.high, "n": self.n}


class Bootstrap:
    """The same resamples of n queries for every figure of a task, so that differences are fair.

    Percentile method (Efron 1979): queries are drawn with replacement ``RESAMPLES`` times.
    """

    def __init__(self, n: int, *, seed: int = 0) -> None:
        if n < 1:
            raise ValueError("Nothing can be estimated from no query.")
        self.n = n
        self._counts = np.random.default_rng(seed).multinomial(
            n, np.full(n, 1.0 / n), size=RESAMPLES
        )

    def mean(self, values: npt.NDArray[np.floating] | Mask) -> Estimate:
        """Of one number per query, shape (n,)."""
        numbers = np.asarray(values, np.float64)
        return self._estimate(float(numbers.mean()), self._counts @ numbers / self.n)

    def of(self, figure: Callable[[npt.NDArray[np.intp]], float]) -> Estimate:
        """Of any figure of chosen queries, given by their places; slower than ``mean``."""
        everything = np.arange(self.n)
        drawn = [figure(np.repeat(everything, counts)) for counts in self._counts]
        return self._estimate(figure(everything), np.array(drawn))

    def macro(
        self, truth: npt.NDArray[np.intp], predicted: npt.NDArray[np.intp]
    ) -> tuple[Estimate, Estimate]:
        """Macro precision and recall of class numbers, each of shape (n,).

        Averaged over the classes that have a query. A class that is never predicted has precision
        0: where it is undefined it must not flatter.
        """
        classes = np.unique(truth)
        is_true = truth[:, None] == classes
        is_named = predicted[:, None] == classes
        right = (is_true & is_named).astype(np.float64)

        def figures(counts: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
            hits, named, there = counts @ right, counts @ is_named, counts @ is_true
            present = there > 0
            precision = np.divide(hits, named, out=np.zeros_like(hits), where=named > 0)
            recall = np.divide(hits, there, out=np.zeros_like(hits), where=present)
            classes_there = present.sum(axis=1)
            return (
                np.where(present, precision, 0).sum(axis=1) / classes_there,
                recall.sum(axis=1) / classes_there,
            )

        whole = figures(np.ones((1, self.n), np.int64))
        drawn = figures(self._counts)
        precision, recall = (
            self._estimate(float(value[0]), resampled)
            for value, resampled in zip(whole, drawn, strict=True)
        )
        return precision, recall

    def _estimate(self, value: float, resampled: Floats) -> Estimate:
        edge = (1 - LEVEL) / 2
        low, high = np.quantile(resampled, [edge, 1 - edge])
        # A figure at the very end of its range may lie outside of its own percentiles.
        return Estimate(value, min(float(low), value), max(float(high), value), self.n)


def recall_at(relevant: Mask, k: int) -> float:
    """1 if a right answer is among the first k; ``relevant`` is in ranked order."""
    return float(relevant[:k].any())


def average_precision(relevant: Mask) -> float:
    """(1/R) · Σ P@k · rel_k over the whole ranking; 0 where nothing is right."""
    places = np.flatnonzero(relevant)
    if not len(places):
        return 0.0
    return float((np.arange(1, len(places) + 1) / (places + 1)).mean())


def share_at(relevant: Mask, k: int) -> float:
    """How many of the first k are right, of as many as could be: of min(k, R)."""
    possible = min(k, int(relevant.sum()))
    return float(relevant[:k].sum()) / possible if possible else 0.0


def reciprocal_rank(relevant: Mask) -> float:
    """1 / place of the first right answer; 0 where there is none."""
    places = np.flatnonzero(relevant)
    return 1.0 / (int(places[0]) + 1) if len(places) else 0.0
