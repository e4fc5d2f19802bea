"""Photos on demand: drawn when first asked for, kept in a folder that the caller gives."""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path

from tests.fakeshop import drawing
from tests.fakeshop.drawing import Look, Scene
from tests.fakeshop.drawing.studio import PHOTO_SIZE


@cache
def edition() -> str:
    """A short hash of the drawing code, so that a changed pen never serves old pictures."""
    folder = Path(drawing.__file__).parent
    sources = [*sorted(folder.glob("*.py")), folder.parent / "colours.py"]
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]


class Darkroom:
    """JPEGs of looks in scenes, ``size`` pixels square, cached under ``folder``."""

    def __init__(self, folder: Path | str, *, size: int = PHOTO_SIZE) -> None:
        self.folder = Path(folder)
        self.size = size

    def path(self, look: Look, scene: Scene) -> Path:
        # a set has no order of its own, so its repr may differ between processes
        parts = (replace(look, panels=frozenset()), sorted(look.panels), scene)
        key = f"{edition()} {self.size} {parts}"
        name = hashlib.sha256(key.encode()).hexdigest()[:32]
        return self.folder / name[:2] / f"{name}.jpg"

    def jpeg(self, look: Look, scene: Scene) -> bytes:
        path = self.path(look, scene)
        try:
            return path.read_bytes()
        except FileNotFoundError:
            data = drawing.photo_bytes(look, scene, size=self.size)
        path.parent.mkdir(parents=True, exist_ok=True)
        # beside, then renamed: another thread or process never reads half a photo
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as part:
            part.write(data)
        os.replace(part.name, path)
        return data
