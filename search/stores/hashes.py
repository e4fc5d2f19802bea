"""Perceptual hashes of all photos, asked for those that differ in a few bits.

64-bit hashes that differ in at most 4 bits agree in at least one of five parts of 12 bits (the
pigeonhole of multi-index hashing, Norouzi 2012), so that only a few hundred of a million are
compared: exact, and far below the millisecond that comparing all would take.
"""

from __future__ import annotations

from collections.abc import Sequence

import faiss
import numpy as np
import numpy.typing as npt

BITS = 64
PARTS = 5
PART_BITS = 12
MAX_DISTANCE = PARTS - 1

HashArray = npt.NDArray[np.uint64]


class HashIndex:
    """Hashes under whole-number ids, in memory: some 200 MB for a million. Only added to; whoever
    asks reads the rows that it names, and so sees what is gone."""

    def __init__(self) -> None:
        self._index = faiss.IndexBinaryMultiHash(BITS, PARTS, PART_BITS)
        self._ids = np.empty(0, np.int64)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, ids: Sequence[int], hashes: HashArray) -> None:
        """``hashes`` (n,) aligned with ``ids``; an id may be added again under another hash."""
        if len(ids) != len(hashes):
            raise ValueError(f"{len(ids)} ids for {len(hashes)} hashes")
        if not len(ids):
            return
        self._index.add(_bytes(hashes))
        if self._count + len(ids) > len(self._ids):
            grown = np.empty(max(1024, 2 * (self._count + len(ids))), np.int64)
            grown[: self._count] = self._ids[: self._count]
            self._ids = grown
        self._ids[self._count : self._count + len(ids)] = np.asarray(ids, np.int64)
        self._count += len(ids)

    def near(self, hashes: HashArray, distance: int) -> list[list[tuple[int, int]]]:
        """For each hash (id, bits apart) of those at most ``distance`` apart, nearest first.

        Raises:
            ValueError: ``distance`` is above `MAX_DISTANCE`, which would not be exact.
        """
        if not 0 <= distance <= MAX_DISTANCE:
            raise ValueError(f"at most {MAX_DISTANCE} bits are exact, not {distance}")
        if not self._count or not len(hashes):
            return [[] for _ in hashes]
        # faiss counts strictly below the radius.
        limits, apart, places = self._index.range_search(_bytes(hashes), distance + 1)
        found = []
        for row in range(len(hashes)):
            part = slice(int(limits[row]), int(limits[row + 1]))
            pairs = {
                (int(bits), int(self._ids[place]))
                for bits, place in zip(apart[part], places[part], strict=True)
            }
            found.append([(number, bits) for bits, number in sorted(pairs)])
        return found


def hashes_of(texts: Sequence[str]) -> HashArray:
    """Stored hashes, 16 hex digits each, as numbers, (n,)."""
    return np.array([int(text, 16) for text in texts], np.uint64)


def _bytes(hashes: HashArray) -> npt.NDArray[np.uint8]:
    # Big endian, so that the first part is the first digits of the text.
    return np.ascontiguousarray(hashes.astype(">u8")).view(np.uint8).reshape(-1, BITS // 8)
