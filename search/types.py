"""Values that travel between the parts of search. No models; of libraries numpy alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NewType

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float32]
"""One embedding, shape (dim,), float32, unit length."""

Vectors = npt.NDArray[np.float32]
"""Embeddings, shape (n, dim), float32, each row of unit length."""

Patches = npt.NDArray[np.float32]
"""Feature maps, shape (n, rows, columns, width), float32."""

Degrees = npt.NDArray[np.int64]
"""Angles, shape (n,), counter-clockwise: 0, 90, 180 or 270."""

EncoderId = NewType("EncoderId", str)
"""``name@revision+preprocessing``; two encoders share an id only if they give the same vectors."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A catalog photo that answers a query."""

    image_id: int
    score: float
    """Higher is better. From a store: the inner product with the query vector, in [-1, 1]."""
    why: Mapping[str, float] = field(default_factory=dict)
    """Named shares of the score; empty when a store gave it."""
