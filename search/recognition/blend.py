"""The default: what photos say and what words say, weighed by how well each did on held-out photos.

P(model | photo) = softmax(Σ_j w_j·f_j), with f the cosine to the model's mean, to its nearest photo
and to its name, and the logit of `discriminant`. The weights are a conditional logit (McFadden
1974) on photos of the catalog itself, each predicted without its near-duplicates: where the words
of an encoder are worthless for a catalog, their weight becomes 0.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from search.recognition.base import NEVER, Arrays, Fitted, Floats, Linear, Mask, Report, silent
from search.recognition.discriminant import Discriminant
from search.recognition.gallery import Gallery, Labels
from search.recognition.neighbours import Prototype, Prototypes, nearest_by_model, similarities
from search.recognition.prompts import name_vectors
from search.texts import TextSpace
from search.types import Vectors

FOLDS: Final = 5
KEPT: Final = 32
"""Photos of a model that the nearest one is looked for among: bounds memory and time."""
ENOUGH: Final = 20
"""Held-out photos from which weights are learned; below, `USUAL` hold."""
USUAL: Final = (0.3, 0.4, 0.1, 1.7)
"""Of mean, nearest photo, discriminant and name: set by hand after trials with the first lite."""
COSINE: Final = 10.0
LOGIT: Final = 0.1
"""Scales that bring the four to alike sizes, so that one penalty fits all weights."""


@dataclass(frozen=True, slots=True)
class Mixture:
    """The four opinions and their weights."""

    means: Prototypes
    near: Vectors
    """Photos kept, (k, dim)."""
    labels: Labels
    rows: Labels
    """(k,): which photo of the gallery each was."""
    discriminant: Linear
    names: Vectors
    """(c, dim), or (0, dim) where the encoder reads no words."""
    weights: Floats

    def scores(self, queries: Vectors, *, leaving_out: Mask | None = None) -> Floats:
        """The discriminant part cannot unlearn ``leaving_out``."""
        logits = self.opinions(queries, leaving_out) @ self.weights
        return np.where(self.means.bias > NEVER / 2, logits, NEVER)

    def opinions(self, queries: Vectors, leaving_out: Mask | None = None) -> Floats:
        """f, shape (n, c, 4); 0 for models without photos."""
        out = None if leaving_out is None else leaving_out[:, self.rows]
        near = similarities(queries, self.near, out)
        logits = self.discriminant.scores(queries)
        there = self.means.bias > NEVER / 2
        middle = logits[:, there].mean(axis=1, keepdims=True) if there.any() else 0.0
        names = queries @ self.names.T if len(self.names) else np.zeros_like(logits)
        parts = (
            COSINE * self.means.scores(queries, leaving_out=leaving_out),
            COSINE * np.maximum(nearest_by_model(near, self.labels, len(there)), -1.0),
            LOGIT * (logits - middle),
            COSINE * names,
        )
        return np.where(there[None, :, None], np.stack(parts, axis=-1), 0.0)

    def arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        return {
            "sums": self.means.sums,
            "bias": self.means.bias,
            "near": self.near,
            "labels": self.labels,
            "rows": self.rows,
            "weights": self.discriminant.weights,
            "offsets": self.discriminant.bias,
            "names": self.names,
            "shares": self.weights,
        }


@dataclass(frozen=True)
class Blend:
    """Learns the weights, unless they are given."""

    weights: tuple[float, ...] | None = None
    name: str = "blend"
    title: str = "Photos and words, weighed"
    leaves_out: bool = False
    light: bool = True

    def fit(self, gallery: Gallery, space: TextSpace | None, *, report: Report = silent) -> Mixture:
        names = (
            np.empty((0, gallery.vectors.shape[1]), np.float32)
            if space is None
            else name_vectors(gallery.models, space)
        )
        mixture = self._parts(gallery, names)
        if self.weights is not None:
            return replace(mixture, weights=np.array(self.weights))
        opinions, truth = [], []
        fold = gallery.folds(FOLDS)
        for number in range(FOLDS):
            report("Weighing photos and words", number, FOLDS)
            seen, asked = gallery.only(fold != number), gallery.only(fold == number)
            asked = asked.only(seen.counts[asked.labels] > 0)
            if len(seen) and len(asked):
                part = self._parts(seen, names)
                opinions.append(part.opinions(asked.vectors))
                # A model without photos is no alternative.
                opinions[-1][:, seen.counts == 0] = NEVER
                truth.append(asked.labels)
        if sum(len(labels) for labels in truth) < ENOUGH:
            return mixture
        return replace(
            mixture, weights=conditional_logit(np.concatenate(opinions), np.concatenate(truth))
        )

    def settled(self, fitted: Fitted) -> Blend:
        if not isinstance(fitted, Mixture):
            return self
        return replace(self, weights=tuple(fitted.weights.tolist()))

    def restore(self, arrays: Arrays) -> Mixture:
        floats = {
            name: np.asarray(arrays[name], np.float32)
            for name in ("sums", "near", "weights", "names")
        }
        return Mixture(
            means=Prototypes(floats["sums"], np.asarray(arrays["bias"], np.float64)),
            near=floats["near"],
            labels=np.asarray(arrays["labels"], np.intp),
            rows=np.asarray(arrays["rows"], np.intp),
            discriminant=Linear(floats["weights"], np.asarray(arrays["offsets"], np.float64)),
            names=floats["names"],
            weights=np.asarray(arrays["shares"], np.float64),
        )

    @staticmethod
    def _parts(gallery: Gallery, names: Vectors) -> Mixture:
        rows = gallery.draw(KEPT)
        # Sorted once, and not with every query.
        rows = rows[np.argsort(gallery.labels[rows], kind="stable")]
        return Mixture(
            means=Prototype().fit(gallery, None),
            near=gallery.vectors[rows],
            labels=gallery.labels[rows],
            rows=rows,
            discriminant=Discriminant().fit(gallery, None),
            names=names,
            weights=np.array(USUAL),
        )


def conditional_logit(features: Floats, truth: Labels, *, penalty: float = 1e-3) -> Floats:
    """Weights w ≥ 0, shape (k,), that make ``truth`` likeliest under softmax(features·w).

    ``features`` is (n, c, k); alternatives whose features are ``NEVER`` do not exist. Convex.
    """
    from scipy.optimize import minimize

    there = features[..., 0] > NEVER / 2
    known = np.where(there[..., None], features, 0.0)
    rows = np.arange(len(truth))

    def loss(w: Floats) -> tuple[float, Floats]:
        logits = np.where(there, known @ w, NEVER)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        p = powers / powers.sum(axis=1, keepdims=True)
        likely = -float(np.log(np.maximum(p[rows, truth], 1e-300)).mean())
        slope = ((p[..., None] * known).sum(axis=1) - known[rows, truth]).mean(axis=0)
        return likely + penalty * float(w @ w), slope + 2 * penalty * w

    size = features.shape[2]
    found = minimize(loss, np.zeros(size), jac=True, method="L-BFGS-B", bounds=[(0.0, None)] * size)
    return np.asarray(found.x, np.float64)
