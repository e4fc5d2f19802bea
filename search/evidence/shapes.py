"""Outlines of a shoe as a short vector: what stays the same when its colour changes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from search.evidence.weights import Weights

Floats = npt.NDArray[np.float32]


def outlines(edges: Floats, learned: Weights) -> Floats:
    """(n, d) unit rows from counted edges, (n, 512); a photo without any edge gives zeros."""
    length = np.maximum(np.linalg.norm(edges, axis=1, keepdims=True), 1e-6)
    short = (edges / length - learned.edges_mean) @ learned.edges
    short[~edges.any(axis=1)] = 0.0
    return np.asarray(
        short / np.maximum(np.linalg.norm(short, axis=1, keepdims=True), 1e-6), np.float32
    )
