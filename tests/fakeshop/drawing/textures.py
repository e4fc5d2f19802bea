"""What an upper is made of, as a plane of brightness around 1."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.fakeshop.drawing.look import Material

Plane = NDArray[np.float32]

GLOSS: dict[Material, float] = {
    "leather": 0.22, "suede": 0.02, "canvas": 0.02, "knit": 0.03, "mesh": 0.06, "patent": 0.7,
}  # fmt: skip


def clouds(size: int, grain: float, seed: int) -> Plane:
    """Smooth noise in -1..1 whose blots are about ``grain`` pixels wide."""
    few = max(2, int(size / grain))
    noise = np.random.default_rng(seed).uniform(-1, 1, (few, few)).astype(np.float32)
    image = Image.fromarray(noise).resize((size, size), Image.Resampling.BICUBIC)
    return np.asarray(image, np.float32)


@lru_cache(maxsize=32)
def texture(material: Material, size: int) -> Plane:
    """The texture of ``material`` for a sheet of ``size`` pixels; do not write into it."""
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) * np.float32(512 / size)
    if material == "knit":
        rows = np.sin(y * 1.15 + np.sin(x * 1.3) * 0.9)
        plane = 1 + 0.085 * rows + 0.03 * clouds(size, 20, 1)
    elif material == "mesh":
        holes = np.sin(x * 0.95 + y * 0.5) * np.sin(y * 0.95 - x * 0.5)
        plane = 1 - 0.22 * np.clip(holes - 0.25, 0, 1) + 0.02 * clouds(size, 25, 2)
    elif material == "canvas":
        weave = np.sin(x * 1.9) * 0.5 + np.sin(y * 1.9) * 0.5
        plane = 1 + 0.05 * weave + 0.04 * clouds(size, 3, 3)
    elif material == "suede":
        plane = 1 + 0.07 * clouds(size, 2, 4) + 0.045 * clouds(size, 14, 5)
    elif material == "leather":
        plane = 1 + 0.018 * clouds(size, 3, 6) + 0.03 * clouds(size, 40, 7)
    else:
        plane = 1 + 0.02 * clouds(size, 60, 8)
    kept: Plane = plane.astype(np.float32)
    kept.flags.writeable = False
    return kept
