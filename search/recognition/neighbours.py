"""The baselines: the vote of the nearest photos, and the nearest mean of a model's photos."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from search.recognition.base import (
    NEVER,
    Arrays,
    Floats,
    Mask,
    Report,
    Untuned,
    absent,
    silent,
    unit_rows,
)
from search.recognition.gallery import Gallery, Labels, one_hot
from search.recognition.voting import NEIGHBOURS, TEMPERATURE
from search.texts import TextSpace
from search.types import Vectors

TAIL = 1e-3
"""Vote of a model's nearest photo beyond the k nearest: it orders models that no voter shows, and
keeps the logarithm of no vote at all from drowning every calibration."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Photos kept as they are; models are compared by their nearest photos."""

    vectors: Vectors
    labels: Labels
    classes: int
    k: int
    temperature: float

    def scores(self, queries: Vectors, *, leaving_out: Mask | None = None) -> Floats:
        """log of the share of the vote; see `search.recognition.voting.knn_vote`."""
        near = similarities(queries, self.vectors, leaving_out)
        if not near.shape[1]:
            return np.full((len(queries), self.classes), NEVER)
        k = min(self.k, near.shape[1])
        last = np.partition(near, -k, axis=1)[:, -k]
        top = near.max(axis=1, keepdims=True)
        weights = np.exp((near - top) / self.temperature)
        voters = np.where(near >= last[:, None], weights, 0.0)
        shares = voters @ one_hot(self.labels, self.classes)
        best = nearest_by_model(near, self.labels, self.classes)
        tail = np.exp((best - top) / self.temperature)
        shares = shares / shares.sum(axis=1, keepdims=True) + TAIL * tail
        return np.where(best > NEVER / 2, np.log(np.maximum(shares, 1e-300)), NEVER)

    def arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        return {
            "vectors": self.vectors,
            "labels": self.labels,
            "shape": np.array([self.classes, self.k]),
            "temperature": np.array(self.temperature),
        }


@dataclass(frozen=True)
class Knn(Untuned):
    """Distance-weighted vote of the k nearest photos."""

    k: int = NEIGHBOURS
    temperature: float = TEMPERATURE
    name: str = "knn"
    title: str = "Nearest photos"
    leaves_out: bool = True
    light: bool = True

    def fit(self, gallery: Gallery, space: TextSpace | None, *, report: Report = silent) -> Memory:
        return Memory(
            gallery.vectors, gallery.labels, len(gallery.models), self.k, self.temperature
        )

    def restore(self, arrays: Arrays) -> Memory:
        classes, k = np.asarray(arrays["shape"], np.intp).tolist()
        return Memory(
            np.asarray(arrays["vectors"], np.float32),
            np.asarray(arrays["labels"], np.intp),
            classes,
            k,
            float(np.asarray(arrays["temperature"], np.float64)),
        )


@dataclass(frozen=True, slots=True)
class Prototypes:
    """Cosine to each model's renormalised mean vector."""

    sums: Vectors
    """(c, dim): sums of the photos' vectors, so that a photo can be taken out again."""
    bias: Floats
    members: tuple[Vectors, Labels] | None = None
    """The photos; only needed to leave some out."""

    def scores(self, queries: Vectors, *, leaving_out: Mask | None = None) -> Floats:
        logits = np.asarray(queries @ unit_rows(self.sums).T, np.float64) + self.bias
        if leaving_out is None or self.members is None:
            return logits
        vectors, labels = self.members
        for row in np.flatnonzero(leaving_out.any(axis=1)):
            out = leaving_out[row]
            for label in np.unique(labels[out]):
                gone = out & (labels == label)
                rest = self.sums[label] - vectors[gone].sum(axis=0)
                lonely = bool(gone.sum() == (labels == label).sum())
                logits[row, label] = NEVER if lonely else queries[row] @ unit_rows(rest)
        return logits

    def arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        return {"sums": self.sums, "bias": self.bias}


@dataclass(frozen=True)
class Prototype(Untuned):
    """The nearest class mean."""

    name: str = "prototype"
    title: str = "Average of each model"
    leaves_out: bool = True
    light: bool = True

    def fit(
        self, gallery: Gallery, space: TextSpace | None, *, report: Report = silent
    ) -> Prototypes:
        sums = gallery.membership().T @ gallery.vectors
        return Prototypes(sums, absent(gallery.counts), (gallery.vectors, gallery.labels))

    def restore(self, arrays: Arrays) -> Prototypes:
        return Prototypes(
            np.asarray(arrays["sums"], np.float32), np.asarray(arrays["bias"], np.float64)
        )


def similarities(queries: Vectors, vectors: Vectors, leaving_out: Mask | None = None) -> Floats:
    """Cosines, shape (n, gallery); ``NEVER`` where a photo is left out."""
    near = np.asarray(queries @ vectors.T, np.float64)
    return near if leaving_out is None else np.where(leaving_out, NEVER, near)


def nearest_by_model(near: Floats, labels: Labels, classes: int) -> Floats:
    """The highest similarity among each model's photos, shape (n, c); ``NEVER`` for none."""
    best = np.full((len(near), classes), NEVER)
    if not len(labels):
        return best
    if (labels[1:] < labels[:-1]).any():
        order = np.argsort(labels, kind="stable")
        labels, near = labels[order], near[:, order]
    starts = np.flatnonzero(np.append(True, labels[1:] != labels[:-1]))
    best[:, labels[starts]] = np.maximum.reduceat(near, starts, axis=1)
    return best
