"""Vectors of evaluation photos, kept on disk by encoder id and by the bytes of the photo.

A photo is encoded once per encoder, whatever task, folder or name it comes under; an evaluation
that was killed goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import io
import random
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final
from zipfile import BadZipFile

import numpy as np
from PIL import Image

from catalog.images import photo_load
from search.encoders import Encoder
from search.evaluation.datasets import DatasetError, ShoePhoto
from search.nonshoes import seeded
from search.types import Vectors

BATCH: Final = 32
KEEP_EVERY: Final = 16
"""Batches between two writes: what a kill can cost."""
LONGEST_SIDE: Final = 640
"""Pixels, in every cache of evaluations. The site decodes to a whole fraction of at least
`enough_pixels`: no photo below twice that is shrunk, as none of SHOEFINDER_DATA is."""

Progress = Callable[[int, int], None]
"""Called with (photos done, photos in all)."""


@dataclass(frozen=True)
class Variant:
    """A change made to photos before they are encoded."""

    name: str
    """Also of its version: another name whenever it makes other pictures."""
    change: Callable[[Image.Image, random.Random], Image.Image]

    def of(self, image: Image.Image, key: str) -> Image.Image:
        """The changed picture: always the same one for the same ``key``."""
        return self.change(image, seeded(f"{key}:{self.name}"))


class EmbeddingCache:
    """Vectors under ``folder``/<hash of the encoder id>/, in files that are only ever added."""

    def __init__(self, encoder: Encoder, folder: Path) -> None:
        self._encoder = encoder
        name = hashlib.sha256(str(encoder.id).encode()).hexdigest()[:16]
        self.folder = folder / name
        self._known: dict[str, np.ndarray[tuple[int], np.dtype[np.float32]]] | None = None

    def embed(
        self,
        photos: Sequence[ShoePhoto],
        progress: Progress | None = None,
        *,
        variant: Variant | None = None,
    ) -> Vectors:
        """One row per photo, in order, shape (n, dim). ``DatasetError`` for what is no photo.

        With a ``variant`` each photo is changed first, and its vector kept under both names.
        """
        with ThreadPoolExecutor(2) as pool:
            digests = list(pool.map(digest_of, photos))
        if variant is None:
            return self._embed(digests, lambda place: photo_open(photos[place].path), progress)
        changed = variant
        return self._embed(
            [f"{digest}:{changed.name}" for digest in digests],
            lambda place: changed.of(photo_open(photos[place].path), digests[place]),
            progress,
        )

    def embed_drawn(
        self, drawings: Mapping[str, Callable[[], Image.Image]], progress: Progress | None = None
    ) -> Vectors:
        """Pictures that exist only as code, by a name that changes when they do; (n, dim)."""
        names = list(drawings)
        return self._embed(
            [f"drawn:{name}" for name in names], lambda place: drawings[names[place]](), progress
        )

    def _embed(
        self, keys: Sequence[str], make: Callable[[int], Image.Image], progress: Progress | None
    ) -> Vectors:
        tell = progress or (lambda done, total: None)
        known = self._load()
        missing = {key: place for place, key in enumerate(keys) if key not in known}
        done = len(keys) - len(missing)
        tell(done, len(keys))
        fresh: list[str] = []
        with ThreadPoolExecutor(2) as pool:
            for number, batch in enumerate(_batches(missing, BATCH), start=1):
                images = list(pool.map(make, (place for _, place in batch)))
                vectors = self._encoder.encode_images(images)
                known.update(zip((key for key, _ in batch), vectors, strict=True))
                fresh += [key for key, _ in batch]
                done += len(batch)
                tell(done, len(keys))
                if number % KEEP_EVERY == 0:
                    self._keep(fresh)
                    fresh = []
        self._keep(fresh)
        tell(len(keys), len(keys))
        rows = [known[key] for key in keys]
        return np.stack(rows) if rows else np.empty((0, self._encoder.dim), np.float32)

    def _load(self) -> dict[str, np.ndarray[tuple[int], np.dtype[np.float32]]]:
        if self._known is None:
            self._known = {}
            for file in sorted(self.folder.glob("*.npz")):
                try:
                    with np.load(file, allow_pickle=False) as kept:
                        digests, vectors = kept["digests"].tolist(), kept["vectors"]
                except (OSError, ValueError, KeyError, EOFError, BadZipFile):
                    file.unlink(missing_ok=True)  # cut short; its photos are encoded again
                    continue
                if vectors.shape == (len(digests), self._encoder.dim):
                    self._known.update(zip(digests, vectors, strict=True))
        return self._known

    def _keep(self, digests: list[str]) -> None:
        if not digests or self._known is None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "encoder.txt").write_text(f"{self._encoder.id}\n", encoding="utf-8")
        buffer = io.BytesIO()
        np.savez(
            buffer,
            digests=np.array(digests),
            vectors=np.stack([self._known[digest] for digest in digests]),
        )
        file = self.folder / f"{uuid.uuid4().hex}.npz"
        beside = file.with_suffix(".part")
        beside.write_bytes(buffer.getvalue())
        beside.replace(file)


def digest_of(photo: ShoePhoto) -> str:
    """SHA-256 of a photo's bytes."""
    if photo.digest:
        return photo.digest
    try:
        return hashlib.sha256(photo.path.read_bytes()).hexdigest()
    except OSError as error:
        raise DatasetError(f"The photo {photo.path} cannot be read: {error}") from error


def photo_open(path: Path) -> Image.Image:
    try:
        with path.open("rb") as file:
            return photo_load(file, longest_side=LONGEST_SIDE)
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise DatasetError(f"The photo {path} cannot be read: {error}") from error


def _batches(items: dict[str, int], size: int) -> Iterator[list[tuple[str, int]]]:
    pairs = iter(items.items())
    while batch := list(islice(pairs, size)):
        yield batch
