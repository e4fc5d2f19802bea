"""Counting a shoe's colours: what pretrained features throw away, and people edit most."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from search.encoders.framing import GRID, Framed, Mask, Pixels

Floats = npt.NDArray[np.float32]

_TO_XYZ: Final = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ],
    dtype=np.float32,
)
_D65: Final = np.array([0.95047, 1.0, 1.08883], dtype=np.float32)
TO_WHITE_XYZ: Final = _TO_XYZ.T / _D65
"""Linear sRGB rows times this are XYZ relative to white."""
_LINEAR: Final = np.array(
    [((c + 0.055) / 1.055) ** 2.4 if c > 0.04045 else c / 12.92 for c in np.arange(256) / 255],
    dtype=np.float32,
)


def cielab(rgb: Pixels) -> Floats:
    """sRGB (..., 3) as CIE L*a*b* under D65, where distance is near to how eyes see it."""
    xyz = _LINEAR[rgb] @ TO_WHITE_XYZ
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116).astype(np.float32)
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    lab: Floats = np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)
    return lab


def swatch_colours(framed: Framed) -> tuple[Floats, Floats]:
    """Half-size swatch as CIELAB, (GRID/2, GRID/2, 3), and each cell's share of shoe."""
    half = GRID // 2
    cells = framed.swatch.reshape(half, 2, half, 2, 3).mean(axis=(1, 3)).round().astype(np.uint8)
    share = shoe_share(framed.shoe)
    return cielab(cells), share


def shoe_share(shoe: Mask) -> Floats:
    half = GRID // 2
    share: Floats = shoe.reshape(half, 2, half, 2).mean(axis=(1, 3), dtype=np.float32)
    return share


def histogram(
    framed: Framed,
    palette: Floats,
    *,
    softness: float,
    bands: Sequence[tuple[float, float]] = ((0.0, 1.0),),
) -> Floats:
    """Share of each of k palette colours among the shoe's pixels, square-rooted (Hellinger).

    ``palette`` is (k, 3) in CIELAB; a pixel belongs to its near colours by a Gaussian of
    ``softness`` ΔE. One histogram for each horizontal band of the frame (a shoe's upper and its
    sole differ), concatenated: shape (k · len(bands),).
    """
    lab, share = swatch_colours(framed)
    cells = np.flatnonzero(share)  # plain ground does not count
    pixels = lab.reshape(-1, 3)[cells]
    distance = (
        (pixels**2).sum(axis=1, keepdims=True) - 2 * pixels @ palette.T + (palette**2).sum(axis=1)
    )
    distance -= distance.min(axis=1, keepdims=True)
    weight = np.exp(distance / np.float32(-2 * softness**2))
    weight /= weight.sum(axis=1, keepdims=True)
    weight *= share.reshape(-1, 1)[cells]
    parts = []
    for low, high in bands:
        band = slice(round(low * GRID / 2), round(high * GRID / 2))
        first, end = np.searchsorted(cells, [band.start * GRID // 2, band.stop * GRID // 2])
        parts.append(weight[first:end].sum(axis=0) / max(float(share[band].sum()), 1.0))
    return np.sqrt(np.concatenate(parts, dtype=np.float32))
