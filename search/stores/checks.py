"""What every store refuses, in the same words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from search.stores.base import Ids, Payload
from search.stores.columns import Columns
from search.types import Vectors

NORM_TOLERANCE = 1e-3
"""Vectors kept as float16 in the database lose up to 5e-4 of their length."""


def checked_ids(ids: Ids) -> npt.NDArray[np.int64]:
    """``ids`` as int64, shape (n,). Raises ValueError if they are not whole numbers of 64 bits."""
    array = np.asarray(ids)
    if array.size == 0:
        return np.empty(0, np.int64)
    if array.ndim != 1 or array.dtype.kind not in "iu" or array.max() > np.iinfo(np.int64).max:
        raise ValueError(
            f"ids must be a flat sequence of whole numbers, not {array.dtype} {array.shape}"
        )
    return array.astype(np.int64)


def checked_vectors(vectors: Vectors, dim: int) -> Vectors:
    """Contiguous, (n, dim). Raises ValueError if it is not finite float32 of that shape."""
    if not isinstance(vectors, np.ndarray) or vectors.dtype != np.float32:
        kind = getattr(vectors, "dtype", type(vectors).__name__)
        raise ValueError(f"vectors must be a numpy array of float32, not {kind}")
    if vectors.ndim != 2 or vectors.shape[1] != dim:
        raise ValueError(f"vectors must have shape (n, {dim}), not {vectors.shape}")
    if not np.isfinite(vectors).all():
        raise ValueError("vectors must be finite; there is a NaN or an infinity among them")
    return np.ascontiguousarray(vectors)


def checked_upsert(
    ids: Ids, vectors: Vectors, payload: Sequence[Payload], dim: int
) -> tuple[npt.NDArray[np.int64], Vectors]:
    """Ids and a copy of the vectors. Raises ValueError, also for rows not of unit length."""
    numbers, rows = checked_ids(ids), checked_vectors(vectors, dim)
    if not len(numbers) == len(rows) == len(payload):
        raise ValueError(
            f"{len(numbers)} ids, {len(rows)} vectors and {len(payload)} payloads; "
            "there must be as many of each"
        )
    Columns.of(payload)
    lengths = np.linalg.norm(rows, axis=1)
    wrong = np.flatnonzero(np.abs(lengths - 1) > NORM_TOLERANCE)
    if len(wrong):
        raise ValueError(
            f"vectors must be of unit length; that of id {numbers[wrong[0]]} has "
            f"{lengths[wrong[0]]:.4f}"
        )
    return numbers, rows.copy()


def checked_payload(ids: Ids, payload: Sequence[Payload]) -> npt.NDArray[np.int64]:
    """Ids. Raises ValueError if a payload cannot be kept or their counts differ."""
    numbers = checked_ids(ids)
    if len(numbers) != len(payload):
        raise ValueError(f"{len(numbers)} ids and {len(payload)} payloads; there must be as many")
    Columns.of(payload)
    return numbers


def checked_k(k: int) -> int:
    """Raises ValueError if ``k`` is negative."""
    if k < 0:
        raise ValueError(f"k must not be negative, not {k}")
    return int(k)
