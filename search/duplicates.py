"""Which photos are the same picture: groups of hashes that differ in few bits."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

NEAR: Final = 4
"""Hamming distance of 64-bit dhashes up to which two photos count as the same picture: catches
re-encodes and resizes, not crops and mirrors."""


def near_duplicate_groups(
    hashes: npt.NDArray[np.uint64], *, near: int = NEAR
) -> npt.NDArray[np.intp]:
    """For each of n hashes the index of its group's first member, shape (n,).

    Groups are the connected components of "at most ``near`` bits apart", so that no pair of near
    duplicates ever has a photo in two groups; a chain of look-alikes is one group.
    """
    groups = Groups(len(hashes))
    for start in range(0, len(hashes), 1024):
        block = hashes[start : start + 1024]
        apart = np.bitwise_count(block[:, None] ^ hashes[None, :])
        rows, columns = np.nonzero(apart <= near)
        for row, column in zip(rows + start, columns, strict=True):
            if column > row:
                groups.join(int(row), int(column))
    return np.array([groups.first(i) for i in range(len(hashes))], dtype=np.intp)


class Groups:
    """Union-find over 0..n-1; a group is named by its smallest member."""

    def __init__(self, n: int) -> None:
        self._parent = list(range(n))

    def first(self, i: int) -> int:
        while self._parent[i] != i:
            self._parent[i] = self._parent[self._parent[i]]
            i = self._parent[i]
        return i

    def join(self, i: int, j: int) -> None:
        a, b = self.first(i), self.first(j)
        self._parent[max(a, b)] = min(a, b)
