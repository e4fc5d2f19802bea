"""Few-shot methods that start from the words: Tip-Adapter, Tip-Adapter-F and LP++."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from search.exceptions import RecognitionError
from search.recognition.base import (
    Arrays,
    Fitted,
    Floats,
    Linear,
    Mask,
    Report,
    Untuned,
    absent,
    linear,
    silent,
    softmax,
)
from search.recognition.gallery import Gallery, Labels, one_hot
from search.recognition.prompts import name_vectors
from search.texts import TextSpace
from search.types import Vectors

SCALE: Final = 100.0
"""Of cosines between photos and words, as CLIP was trained with."""
ALPHAS: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
BETAS: Final = (1.0, 2.0, 4.0, 8.0, 16.0)
KEPT: Final = 16
"""Photos of a model that the cache keeps: the largest few-shot setting of the paper."""


@dataclass(frozen=True, slots=True)
class Cache:
    """100·f·Wᵗ + α·exp(−β(1 − f·Kᵗ))·L, with L the one-hot labels of the keys K."""

    words: Vectors
    """(c, dim): the text classifier W."""
    keys: Vectors
    labels: Labels
    """(k,)"""
    rows: Labels
    """(k,): which photo of the gallery each key was made of."""
    alpha: float
    beta: float
    bias: Floats

    def scores(self, queries: Vectors, *, leaving_out: Mask | None = None) -> Floats:
        near = self.affinity(queries)
        if leaving_out is not None:
            near = np.where(leaving_out[:, self.rows], 0.0, near)
        words = SCALE * np.asarray(queries @ self.words.T, np.float64)
        return words + self.alpha * near @ one_hot(self.labels, len(self.words)) + self.bias

    def affinity(self, queries: Vectors) -> Floats:
        near = np.asarray(queries @ self.keys.T, np.float64)
        return np.asarray(np.exp(-self.beta * (1.0 - near)), np.float64)

    def arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        return {
            "words": self.words,
            "keys": self.keys,
            "labels": self.labels,
            "rows": self.rows,
            "bias": self.bias,
            "weights": np.array([self.alpha, self.beta]),
        }


@dataclass(frozen=True)
class TipAdapter:
    """Tip-Adapter (Zhang et al. 2022): a cache of photos beside the text classifier, no training.

    α and β by grid, on the gallery itself with each photo's group left out. ``tune`` > 0 trains
    the keys for so many passes (Tip-Adapter-F), each photo again without its own group, or its
    own key alone would answer it.
    """

    tune: int = 0
    rate: float = 1e-3
    alphas: tuple[float, ...] = ALPHAS
    betas: tuple[float, ...] = BETAS
    name: str = "tip-adapter"
    title: str = "Photos and words (Tip-Adapter)"
    leaves_out: bool = True
    light: bool = True

    def fit(self, gallery: Gallery, space: TextSpace | None, *, report: Report = silent) -> Cache:
        words = name_vectors(gallery.models, _needed(space, self.name))
        rows = gallery.draw(KEPT)
        kept = gallery.only(rows)
        cache = Cache(words, kept.vectors, kept.labels, rows, 1.0, 4.0, absent(gallery.counts))
        own = kept.related()
        cache = self._best(cache, kept, own)
        if self.tune:
            cache = self._trained(cache, kept, own, report)
            cache = self._best(cache, kept, own)
        return cache

    def _best(self, cache: Cache, kept: Gallery, own: Mask) -> Cache:
        """α and β by top-1 on the kept photos, each without its group; ties go to the likelier."""
        if not (kept.counts > 1).any():
            return replace(cache, alpha=self.alphas[0], beta=self.betas[0])
        near = np.asarray(kept.vectors @ cache.keys.T, np.float64)
        words = SCALE * np.asarray(kept.vectors @ cache.words.T, np.float64) + cache.bias
        member, rows = one_hot(cache.labels, len(cache.words)), np.arange(len(kept))
        best, found = (-1.0, -np.inf), (cache.alpha, cache.beta)
        for beta in self.betas:
            votes = np.where(own, 0.0, np.exp(-beta * (1.0 - near))) @ member
            for alpha in self.alphas:
                p = softmax(words + alpha * votes)
                right = float((p.argmax(axis=1) == kept.labels).mean())
                likely = float(np.log(np.maximum(p[rows, kept.labels], 1e-300)).mean())
                if (right, likely) > best:
                    best, found = (right, likely), (alpha, beta)
        return replace(cache, alpha=found[0], beta=found[1])

    def _trained(self, cache: Cache, kept: Gallery, own: Mask, report: Report) -> Cache:
        """Adam on the keys over full batches."""
        keys = cache.keys.astype(np.float64)
        first, second = np.zeros_like(keys), np.zeros_like(keys)
        truth, features = kept.membership(), kept.vectors.astype(np.float64)
        member = one_hot(cache.labels, len(cache.words))
        words = SCALE * (features @ cache.words.T) + cache.bias
        for step in range(1, self.tune + 1):
            near = np.where(own, 0.0, np.exp(-cache.beta * (1.0 - features @ keys.T)))
            off = softmax(words + cache.alpha * near @ member) - truth
            pull = near * off[:, kept.labels] * (cache.alpha * cache.beta / len(kept))
            slope = pull.T @ features
            first = 0.9 * first + 0.1 * slope
            second = 0.999 * second + 0.001 * slope**2
            move = (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
            keys -= self.rate * 0.5 * (1 + np.cos(np.pi * step / self.tune)) * move
            report("Training the cache", step, self.tune)
        return replace(cache, keys=keys.astype(np.float32))

    def settled(self, fitted: Fitted) -> TipAdapter:
        if not isinstance(fitted, Cache):
            return self
        return replace(self, alphas=(fitted.alpha,), betas=(fitted.beta,))

    def restore(self, arrays: Arrays) -> Cache:
        alpha, beta = np.asarray(arrays["weights"], np.float64).tolist()
        return Cache(
            np.asarray(arrays["words"], np.float32),
            np.asarray(arrays["keys"], np.float32),
            np.asarray(arrays["labels"], np.intp),
            np.asarray(arrays["rows"], np.intp),
            alpha,
            beta,
            np.asarray(arrays["bias"], np.float64),
        )


@dataclass(frozen=True)
class LinearProbe(Untuned):
    """LP++ (Huang et al. 2024): logit_k = f·(w_k + α_k·t_k), a linear probe blended with words.

    Full batch, momentum 0.9. w starts at the class means; step sizes come from the data
    (4N/λ_max(FᵗF) for w, the same bound for α), so there is nothing to tune. Stopped early it is
    close to the class means, which bounds what a large catalog costs.
    """

    steps: int = 300
    start: float = 10.0
    """α before the first step; not tuned."""
    name: str = "lp++"
    title: str = "Trained on photos and words (LP++)"
    leaves_out: bool = False
    light: bool = True

    def fit(self, gallery: Gallery, space: TextSpace | None, *, report: Report = silent) -> Linear:
        words = name_vectors(gallery.models, _needed(space, self.name))
        n, features = max(len(gallery), 1), gallery.vectors
        truth, empty = gallery.membership(), absent(gallery.counts)
        w = (truth.T @ features) / np.maximum(gallery.counts, 1)[:, None].astype(np.float32)
        alpha = np.full(len(words), self.start)
        cosines = np.asarray(features @ words.T, np.float64)
        rate_w = 4.0 * n / max(float(np.linalg.eigvalsh(features.T @ features)[-1]), 1e-9)
        rate_alpha = 4.0 * n / max(float((cosines**2).sum(axis=0).max()), 1e-9)
        move_w, move_alpha = np.zeros_like(w), np.zeros_like(alpha)
        for step in range(1, self.steps + 1):
            off = softmax(features @ w.T + cosines * alpha + empty) - truth
            move_w = 0.9 * move_w - rate_w / n * (off.T @ features).astype(np.float32)
            move_alpha = 0.9 * move_alpha - rate_alpha / n * (off * cosines).sum(axis=0)
            w, alpha = w + move_w, alpha + move_alpha
            if step % 10 == 0:
                report("Training LP++", step, self.steps)
        return Linear((w + alpha[:, None] * words).astype(np.float32), empty)

    def restore(self, arrays: Arrays) -> Linear:
        return linear(arrays)


def _needed(space: TextSpace | None, name: str) -> TextSpace:
    if space is None:
        raise RecognitionError(f"The method {name} needs an encoder that reads words.")
    return space
