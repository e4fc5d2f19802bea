"""Linear methods that learn from photos alone: a closed form, and the recognizer's trained head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from search.recognition.base import (
    Arrays,
    Floats,
    Linear,
    Report,
    Untuned,
    absent,
    linear,
    silent,
    softmax,
)
from search.recognition.gallery import Gallery
from search.texts import TextSpace
from search.types import Vectors

SHRINKAGE: Final = 0.5
"""Weight of the round covariance: a middle that was not tuned."""


@dataclass(frozen=True)
class Discriminant(Untuned):
    """Gaussian classes with one shared covariance: w = Σ⁻¹μ, b = −½μᵗΣ⁻¹μ.

    Source: Wang et al. 2024, "A hard-to-beat baseline for training-free CLIP-based adaptation";
    the covariance is that within models, shrunk towards a multiple of the identity.
    """

    shrinkage: float = SHRINKAGE
    name: str = "discriminant"
    title: str = "Average of each model, directions weighed"
    leaves_out: bool = False
    light: bool = True

    def fit(self, gallery: Gallery, space: TextSpace | None, *, report: Report = silent) -> Linear:
        counts = gallery.counts
        means = gallery.membership().T.astype(np.float64) @ gallery.vectors
        means /= np.maximum(counts, 1)[:, None]
        within = gallery.vectors - means[gallery.labels]
        freedom = len(gallery) - int((counts > 0).sum())
        if freedom < 1:  # one photo of each: nothing is known of how photos of a model differ
            within = gallery.vectors - gallery.vectors.mean(axis=0)
            freedom = max(len(gallery) - 1, 1)
        covariance = within.T @ within / freedom
        dim = covariance.shape[0]
        round_ = max(float(np.trace(covariance)) / dim, 1e-9)
        covariance = (1 - self.shrinkage) * covariance + self.shrinkage * round_ * np.eye(dim)
        weights = np.linalg.solve(covariance, means.T).T
        bias = -0.5 * (weights * means).sum(axis=1)
        return Linear(weights.astype(np.float32), bias + absent(counts))

    def restore(self, arrays: Arrays) -> Linear:
        return linear(arrays)


@dataclass(frozen=True)
class Head(Untuned):
    """Softmax regression on the vectors, the recognizer's trained classifier head.

    Minimises cross-entropy + ½·decay·|W|² by L-BFGS; vectors are as photos gave them, without
    augmentation. Convex: the outcome depends on no seed.
    """

    decay: float = 1e-3
    steps: int = 200
    name: str = "head"
    title: str = "Trained classifier"
    leaves_out: bool = False
    light: bool = True

    def fit(self, gallery: Gallery, space: TextSpace | None, *, report: Report = silent) -> Linear:
        from scipy.optimize import minimize

        features = gallery.vectors.astype(np.float64)
        truth = gallery.membership().astype(np.float64)
        classes, dim = truth.shape[1], features.shape[1]
        empty = absent(gallery.counts)
        # Models with many photos must not win by number: each model weighs the same.
        weight = 1.0 / np.maximum(gallery.counts, 1)[gallery.labels]
        weight /= max(weight.sum(), 1e-12)
        done = 0

        def loss(flat: Floats) -> tuple[float, Floats]:
            w = flat[: classes * dim].reshape(classes, dim)
            p = softmax(features @ w.T + flat[classes * dim :] + empty)
            chosen = np.maximum((p * truth).sum(axis=1), 1e-300)
            off = (p - truth) * weight[:, None]
            gradient = np.concatenate([(off.T @ features + self.decay * w).ravel(), off.sum(0)])
            value = -float(weight @ np.log(chosen)) + 0.5 * self.decay * float((w**2).sum())
            return value, gradient

        def step(_: Floats) -> None:
            nonlocal done
            done += 1
            report("Training the head", done, self.steps)

        found = minimize(
            loss, np.zeros(classes * (dim + 1)), jac=True, method="L-BFGS-B",
            options={"maxiter": self.steps}, callback=step,
        )  # fmt: skip
        weights: Vectors = found.x[: classes * dim].reshape(classes, dim).astype(np.float32)
        return Linear(weights, found.x[classes * dim :] + empty)

    def restore(self, arrays: Arrays) -> Linear:
        return linear(arrays)
