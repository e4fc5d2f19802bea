"""Photos drawn when asked for, kept in a folder for the next time."""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path

from tests.fakeshop.drawing import Look, Scene, photo_bytes

# Part of each name: a change of the drawing must not serve yesterday's photos.
DRAWING_VERSION = 1


class PhotoCache:
    """JPEGs by look, scene and size."""

    def __init__(self, folder: Path, *, size: int) -> None:
        self._folder = folder
        self._size = size
        self._locks: dict[Path, threading.Lock] = {}
        self._guard = threading.Lock()

    def get(self, look: Look, scene: Scene) -> bytes:
        path = self._path(look, scene)
        with self._guard:
            lock = self._locks.setdefault(path, threading.Lock())
        with lock:
            if path.exists():
                return path.read_bytes()
            body = photo_bytes(look, scene, size=self._size)
            self._folder.mkdir(parents=True, exist_ok=True)
            beside = path.with_suffix(f".{os.getpid()}.tmp")
            beside.write_bytes(body)
            beside.rename(path)
            return body

    def _path(self, look: Look, scene: Scene) -> Path:
        # Sorted: the order within a frozenset differs from process to process.
        words = f"{DRAWING_VERSION} {self._size} {look.silhouette} {look.colours} {look.mark} "
        words += f"{look.material} {sorted(look.panels)} {look.cut} {scene}"
        return self._folder / f"{hashlib.blake2b(words.encode(), digest_size=12).hexdigest()}.jpg"
