"""From a photo to bytes: a histogram of CIELAB colours and one of edges, both of the shoe alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL.Image import Image, Resampling

from search.encoders.colours import swatch_colours
from search.encoders.framing import GRID, Framed, frame
from search.evidence.weights import weights

VERSION: Final = 2
"""Raised when the bytes change their meaning; older rows are then made anew."""

BANDS: Final = ((0.0, 0.35), (0.35, 0.7), (0.7, 1.0))
"""Of the shoe's height: collar, upper and sole have colours of their own."""
SOFTNESS: Final = 8.0
"""ΔE within which a pixel counts for several palette colours."""
PALETTE: Final = 40
CELLS: Final = 8
"""Cells a side in which edges are counted, each by ``ANGLES`` directions."""
ANGLES: Final = 8
_COLOURS: Final = PALETTE * len(BANDS)
_EDGES: Final = CELLS * CELLS * ANGLES
BYTES: Final = _COLOURS + _EDGES

Floats = npt.NDArray[np.float32]


def describe(image: Image) -> bytes:
    """``BYTES`` bytes for a decoded, upright photo of any size."""
    framed = framed_coarsely(image)
    return bytes(_packed(np.concatenate([tally(framed), edge_counts(framed)])).tobytes())


def describe_edges(image: Image) -> Floats:
    """Edges alone, (1, 512), as `unpack` gives them: a query asks for nothing else, and counting
    its colours takes most of the time."""
    return _unpacked(_packed(edge_counts(framed_coarsely(image)))[None, :])


def framed_coarsely(image: Image) -> Framed:
    """Shrunk at once to the grid that is looked at: a third of the time of a picture in between."""
    return frame(image, GRID, resample=Resampling.BOX)


def unpack(rows: Sequence[bytes | memoryview]) -> tuple[Floats, Floats]:
    """Colours, (n, 120), and edges, (n, 512), in [0, 1]. ``ValueError`` for other lengths."""
    joined = b"".join(bytes(row) for row in rows)
    if len(joined) != len(rows) * BYTES:
        raise ValueError(f"A description has {BYTES} bytes.")
    both = _unpacked(np.frombuffer(joined, np.uint8).reshape(len(rows), BYTES))
    return both[:, :_COLOURS], both[:, _COLOURS:]


def _packed(parts: Floats) -> npt.NDArray[np.uint8]:
    return np.clip(np.rint(parts * 255), 0, 255).astype(np.uint8)


def _unpacked(rows: npt.NDArray[np.uint8]) -> Floats:
    return np.asarray(rows / np.float32(255), np.float32)


def tally(framed: Framed, palette: Floats | None = None) -> Floats:
    """Share of each palette colour in each band of the shoe, square-rooted (Hellinger), (120,)."""
    palette = weights().palette if palette is None else palette
    lab, share = swatch_colours(framed)
    side = GRID // 2
    pixels = lab.reshape(-1, 3)
    # |p - c|² without |p|², which is the same for all colours.
    apart = (palette**2).sum(axis=1) - 2 * pixels @ palette.T
    apart -= apart.min(axis=1, keepdims=True)
    near = np.exp(apart / np.float32(-2 * SOFTNESS**2))
    near *= share.reshape(-1, 1) / near.sum(axis=1, keepdims=True)
    rows, covered = near.reshape(side, side, -1).sum(axis=1), share.sum(axis=1)
    there = np.flatnonzero(share.max(axis=1) > 0.5)
    top, bottom = (int(there[0]), int(there[-1]) + 1) if len(there) else (0, side)
    parts = []
    for low, high in BANDS:
        start = top + round(low * (bottom - top))
        end = max(start + 1, top + round(high * (bottom - top)))
        band = rows[start:end].sum(axis=0) / max(float(covered[start:end].sum()), 1.0)
        parts.append(band)
    return np.sqrt(np.concatenate(parts, dtype=np.float32))


def edge_counts(framed: Framed) -> Floats:
    """Directions of edges, sign ignored, in each cell (Dalal and Triggs 2005), (512,)."""
    grey = framed.swatch.astype(np.float32) @ np.array([0.3, 0.59, 0.11], np.float32)
    across, down = np.zeros_like(grey), np.zeros_like(grey)
    down[1:-1] = grey[2:] - grey[:-2]
    across[:, 1:-1] = grey[:, 2:] - grey[:, :-2]
    # The root keeps the outline of a white shoe on white from vanishing beside a black logo.
    strength = np.sqrt(np.hypot(across, down))
    angle = (np.arctan2(down, across) % np.pi) / np.pi * ANGLES
    cell = GRID // CELLS
    apart = np.abs(angle[..., None] - np.arange(ANGLES, dtype=np.float32))
    share = np.maximum(0.0, 1.0 - np.minimum(apart, ANGLES - apart)) * strength[..., None]
    counts = share.reshape(CELLS, cell, CELLS, cell, ANGLES).sum(axis=(1, 3))
    counts /= np.linalg.norm(counts, axis=-1, keepdims=True) + ANGLES * cell * 0.5
    return np.asarray(counts.ravel(), np.float32)
