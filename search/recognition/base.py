"""The seam behind which every method of naming stands, and what several of them share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol, Self

import numpy as np
import numpy.typing as npt

from search.recognition.gallery import Gallery
from search.texts import TextSpace
from search.types import Vectors

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Arrays = Mapping[str, npt.NDArray[np.generic]]

NEVER: Final = -1e9
"""The score of a model without photos: finite, so that sums and differences stay numbers."""

Report = Callable[[str, int, int], None]
"""Called with what is being done, how much is done, and of how much."""


def silent(what: str, done: int, total: int) -> None:
    """A `Report` that tells nobody."""


class Fitted(Protocol):
    """A method that has learned a gallery. Immutable, numpy only, safe to share between threads."""

    def scores(self, queries: Vectors, *, leaving_out: Mask | None = None) -> Floats:
        """Logits, shape (n, c): higher is likelier; ``NEVER`` for models without photos.

        ``leaving_out``, shape (n, gallery), marks gallery photos that must have no say for a query
        (the query itself). Methods whose `Method.leaves_out` is false cannot unlearn and ignore it.
        """

    def arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """All it knows, to be kept in a file; ``Method.restore`` is the inverse."""


class Method(Protocol):
    """A way of naming the model in a photo."""

    @property
    def name(self) -> str: ...

    @property
    def title(self) -> str:
        """For people who choose: "Nearest photos"."""

    @property
    def leaves_out(self) -> bool:
        """Whether a fitted one can do without a photo that it has learned from."""

    @property
    def light(self) -> bool:
        """Whether a fitted one answers with numpy alone, as web processes must."""

    def fit(self, gallery: Gallery, space: TextSpace | None, *, report: Report = silent) -> Fitted:
        """Learn from ``gallery``; ``space`` gives vectors of words.

        Raises ``RecognitionError`` where the gallery or the encoder lacks what the method needs.
        """

    def settled(self, fitted: Fitted) -> Method:
        """The same method with what ``fitted`` chose on held-out photos fixed: for the many fits
        of a calibration, which must not choose anew each time."""

    def restore(self, arrays: Arrays) -> Fitted:
        """From what ``Fitted.arrays`` gave; ``KeyError`` where a part is missing."""


class Untuned:
    """A method that chooses nothing on held-out photos."""

    def settled(self, fitted: Fitted) -> Self:
        return self


@dataclass(frozen=True, slots=True)
class Linear:
    """One weight vector and one bias for each model: logits = q·Wᵗ + b."""

    weights: Vectors
    """(c, dim)"""
    bias: Floats
    """(c,); ``NEVER`` for models without photos."""

    def scores(self, queries: Vectors, *, leaving_out: Mask | None = None) -> Floats:
        return np.asarray(queries @ self.weights.T, np.float64) + self.bias

    def arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        return {"weights": self.weights, "bias": self.bias}


def linear(arrays: Arrays) -> Linear:
    """`Linear` from its arrays."""
    return Linear(np.asarray(arrays["weights"], np.float32), np.asarray(arrays["bias"], np.float64))


def absent(counts: npt.NDArray[np.integer]) -> Floats:
    """0 for models that have photos, ``NEVER`` for those that have none; shape (c,)."""
    return np.where(counts > 0, 0.0, NEVER)


def softmax(logits: Floats) -> Floats:
    """Probabilities over the last axis."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), np.float64)


def unit_rows(vectors: npt.NDArray[np.floating]) -> Vectors:
    """Each row scaled to length 1; rows of zeros stay zeros."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), np.float32)
