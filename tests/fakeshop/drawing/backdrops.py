"""What the shoe stands before: paper white, a studio's gradient, or a busy place."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tests.fakeshop.drawing.look import Backdrop
from tests.fakeshop.drawing.textures import clouds

Picture = NDArray[np.float32]  # (h, w, 3), 0-1
Shades = NDArray[np.floating]


def _tint(
    plane: Shades, low: tuple[float, float, float], high: tuple[float, float, float]
) -> Picture:
    """Map 0-1 to colours between ``low`` and ``high``."""
    a, b = np.asarray(low, np.float32), np.asarray(high, np.float32)
    share = np.clip(plane, 0, 1).astype(np.float32)[..., None]
    return a + (b - a) * share


def _white(size: int, seed: int) -> Picture:
    return np.ones((size, size, 3), np.float32)


def _studio(size: int, seed: int) -> Picture:
    y = np.linspace(0, 1, size, dtype=np.float32)[:, None] * np.ones((1, size), np.float32)
    x = np.linspace(-1, 1, size, dtype=np.float32)[None, :]
    wall = 0.80 + 0.14 * y - 0.07 * x**2
    floor = 0.97 - 0.10 * (y - 0.62) - 0.05 * x**2
    blend = np.clip((y - 0.55) / 0.12, 0, 1)
    tone = wall * (1 - blend) + floor * blend
    warm = np.random.default_rng(seed).uniform(-0.025, 0.025)
    return np.stack([tone + warm, tone, tone - warm], axis=-1).astype(np.float32)


def _wood(size: int, seed: int) -> Picture:
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) / size
    planks = 6
    board = np.floor(y * planks).astype(int)
    shift, tone = rng.uniform(0, 9, planks + 1)[board], rng.uniform(-0.14, 0.14, planks + 1)[board]
    grain = np.sin((y * 160 + 5 * clouds(size, 130, seed) + shift * 7) + 3 * np.sin(x * 5 + shift))
    plane = 0.5 + 0.13 * grain + tone + 0.12 * clouds(size, 6, seed + 1)
    picture = _tint(plane.astype(np.float32), (0.36, 0.22, 0.12), (0.82, 0.62, 0.42))
    gap = np.minimum(y * planks % 1, 1 - y * planks % 1) < 0.018
    picture[gap] *= 0.35
    return picture


def _grass(size: int, seed: int) -> Picture:
    blades = np.zeros((size, size), np.float32)
    for i, grain in enumerate((2.5, 5, 40)):
        fine = clouds(size, grain, seed + i)
        # blades stand: smear each grain downwards
        blades += sum(np.roll(fine, k * (2 if i < 2 else 6), 0) for k in range(5)) / (
            5 if i < 2 else 9
        )
    return _tint(np.float32(0.5) + np.float32(0.42) * blades, (0.07, 0.2, 0.04), (0.6, 0.78, 0.28))


def _street(size: int, seed: int) -> Picture:
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) / size
    plane = 0.5 + 0.3 * clouds(size, 1.6, seed) + 0.14 * clouds(size, 60, seed + 1)
    picture = _tint(plane, (0.25, 0.25, 0.27), (0.62, 0.61, 0.6))
    rng = np.random.default_rng(seed)
    edge = 0.2 + rng.uniform(0, 0.12) + 0.06 * x
    kerb = (y < edge) & (y > edge - 0.07)
    picture[kerb] = picture[kerb] * 0.35 + 0.55
    wall = y <= edge - 0.07
    bricks = ((np.floor(y * 26) % 2) * 0.5 + x * 9) % 1
    mortar = (bricks < 0.05) | (y * 26 % 1 < 0.12)
    brick = _tint(plane * 0.7 + 0.15, (0.42, 0.2, 0.15), (0.72, 0.42, 0.34))
    picture[wall] = np.where(mortar[..., None], np.float32(0.66), brick)[wall]
    return picture


def _fabric(size: int, seed: int) -> Picture:
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) * np.float32(512 / size)
    weave = 0.06 * (np.sin(x * 1.6) + np.sin(y * 1.6))
    folds = 0.22 * np.sin((x * 0.6 + y) / 46 + 2.2 * clouds(size, 170, seed))
    hue = np.random.default_rng(seed).integers(4)
    low, high = (
        ((0.2, 0.26, 0.4), (0.62, 0.7, 0.85)), ((0.45, 0.3, 0.3), (0.92, 0.76, 0.72)),
        ((0.5, 0.46, 0.36), (0.96, 0.92, 0.82)), ((0.2, 0.34, 0.32), (0.6, 0.78, 0.72)),
    )[hue]  # fmt: skip
    return _tint((0.55 + weave + folds).astype(np.float32), low, high)


DRAW: dict[Backdrop, Callable[[int, int], Picture]] = {
    "white": _white, "studio": _studio, "wood": _wood,
    "grass": _grass, "street": _street, "fabric": _fabric,
}  # fmt: skip


def backdrop(name: Backdrop, size: int, seed: int) -> Picture:
    """The scene ``name`` as planes (3, h, w).

    Of each busy place there are four, kept, so that a shop draws quickly.
    """
    return _kept(name, size, seed % 4)


@lru_cache(maxsize=24)
def _kept(name: Backdrop, size: int, seed: int) -> Picture:
    picture = np.ascontiguousarray(DRAW[name](size, seed).transpose(2, 0, 1), np.float32)
    picture.flags.writeable = False
    return picture
