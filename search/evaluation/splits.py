"""Which photo may be learned from, tuned on, and judged by. Splits are code, so that they hold.

A key (a near-duplicate group, or a shoe model) hashes to one of three shares; everything under a
key goes to the same side. The hash takes nothing but the key, so adding photos moves no old one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, Literal

import imagehash
import numpy as np
import numpy.typing as npt
from PIL import Image

from catalog import images  # noqa: F401 - teaches Pillow HEIC
from search.duplicates import NEAR, near_duplicate_groups

Split = Literal["train", "validation", "test"]

SHARES: Final[Mapping[Split, float]] = {"train": 0.75, "validation": 0.10, "test": 0.15}
"""What ``lite`` was trained under. Changing it leaks test photos into the shipped weights."""

_SALT = "shoefinder-split-1:"


def split_of(key: str, *, shares: Mapping[Split, float] = SHARES) -> Split:
    """The side of ``key``: a SHA-256 of it, read as a number in [0, 1), against ``shares``.

    ``shares`` must be positive for at least one side and sum to 1; ``ValueError`` otherwise.
    """
    if any(share < 0 for share in shares.values()) or abs(sum(shares.values()) - 1.0) > 1e-9:
        raise ValueError(f"Shares must be at least 0 and sum to 1, not {dict(shares)}.")
    digest = hashlib.sha256(f"{_SALT}{key}".encode("utf-8", "surrogatepass")).digest()
    place = int.from_bytes(digest[:8], "big") / 2**64
    for split, share in shares.items():
        if place < share:
            return split
        place -= share
    return max(shares, key=lambda split: shares[split])  # rounding at the very end of [0, 1)


def dhashes(paths: Sequence[Path], *, threads: int = 2) -> npt.NDArray[np.uint64]:
    """The 64-bit difference hash of each photo, shape (n,). Shrunk to 256 px first: 10 × as fast.

    Raises ``OSError`` (Pillow's ``UnidentifiedImageError``) for what is no photo.
    """
    with ThreadPoolExecutor(threads) as pool:
        return np.fromiter(pool.map(_dhash, paths), dtype=np.uint64, count=len(paths))


def photo_groups(paths: Sequence[Path], *, threads: int = 2) -> tuple[npt.NDArray[np.intp], int]:
    """`hash_groups` of photo files."""
    return hash_groups(dhashes(paths, threads=threads))


def hash_groups(hashes: npt.NDArray[np.uint64]) -> tuple[npt.NDArray[np.intp], int]:
    """Near-duplicate groups of hashes, and the distance they were made with.

    Starts at ``NEAR`` and goes nearer while one group holds more than 5 % of the photos (and more
    than 20): side views on white differ by so few bits that at 4 the whole catalog chains into one
    group, which would be no split at all.
    """
    for near in (NEAR, 2, 1, 0):
        groups = near_duplicate_groups(hashes, near=near)
        if not len(groups) or np.bincount(groups).max() <= max(20, 0.05 * len(groups)):
            break
    return groups, near


def _dhash(path: Path) -> int:
    with Image.open(path) as photo:
        photo.draft("L", (256, 256))
        grey = photo.convert("L")
    grey.thumbnail((256, 256))
    return int(str(imagehash.dhash(grey)), 16)
