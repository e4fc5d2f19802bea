"""Vectors of evaluation photos, kept on disk by encoder id and by the bytes of the photo.

A photo is encoded once per encoder, whatever task, folder or name it comes under; an evaluation
that was killed goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import io
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Final
from zipfile import BadZipFile

import numpy as np
from PIL import Image

from catalog.images import photo_load
from search.encoders import Encoder
from search.evaluation.datasets import DatasetError, ShoePhoto
from search.types import Vectors

BATCH: Final = 32
KEEP_EVERY: Final = 16
"""Batches between two writes: what a kill can cost."""
LONGEST_SIDE: Final = 640
"""As the engine decodes (search.engine.LONGEST_SIDE), so that both see the same pixels."""

Progress = Callable[[int, int], None]
"""Called with (photos done, photos in all)."""


class EmbeddingCache:
    """Vectors under ``folder``/<hash of the encoder id>/, in files that are only ever added."""

    def __init__(self, encoder: Encoder, folder: Path) -> None:
        self._encoder = encoder
        name = hashlib.sha256(str(encoder.id).encode()).hexdigest()[:16]
        self.folder = folder / name
        self._known: dict[str, np.ndarray[tuple[int], np.dtype[np.float32]]] | None = None

    def embed(self, photos: Sequence[ShoePhoto], progress: Progress | None = None) -> Vectors:
        """One row per photo, in order, shape (n, dim). ``DatasetError`` for what is no photo."""
        tell = progress or (lambda done, total: None)
        known = self._load()
        with ThreadPoolExecutor(2) as pool:
            digests = list(pool.map(digest_of, (photo.path for photo in photos)))
            missing = {
                digest: photo.path
                for digest, photo in zip(digests, photos, strict=True)
                if digest not in known
            }
            done = len(photos) - len(missing)
            tell(done, len(photos))
            fresh: list[str] = []
            for number, batch in enumerate(_batches(missing, BATCH), start=1):
                images = list(pool.map(_open, (path for _, path in batch)))
                vectors = self._encoder.encode_images(images)
                known.update(zip((digest for digest, _ in batch), vectors, strict=True))
                fresh += [digest for digest, _ in batch]
                done += len(batch)
                tell(done, len(photos))
                if number % KEEP_EVERY == 0:
                    self._keep(fresh)
                    fresh = []
            self._keep(fresh)
        tell(len(photos), len(photos))
        rows = [known[digest] for digest in digests]
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


def digest_of(path: Path) -> str:
    """SHA-256 of a photo's bytes."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise DatasetError(f"The photo {path} cannot be read: {error}") from error


def _open(path: Path) -> Image.Image:
    try:
        with path.open("rb") as file:
            return photo_load(file, longest_side=LONGEST_SIDE)
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise DatasetError(f"The photo {path} cannot be read: {error}") from error


def _batches(items: dict[str, Path], size: int) -> Iterator[list[tuple[str, Path]]]:
    pairs = iter(items.items())
    while batch := list(islice(pairs, size)):
        yield batch
