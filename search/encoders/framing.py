"""How `lite` frames a photo: find the shoe on a plain ground, cut to it, make it square.

Shops show shoes small on white, people close by on anything: cutting plain margins brings both to
one scale. What is done here is part of the encoder id (``FRAMING``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

from search.encoders.pixels import as_rgb

FRAMING: Final = "trim1"
GRID: Final = 64
"""Side of the square on which ground and colours are looked at."""

Pixels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Framed:
    """One photo, ready for a tower and for counting colours."""

    pixels: Pixels
    """(side, side, 3), RGB."""
    swatch: Pixels
    """(GRID, GRID, 3), the same shrunk."""
    shoe: Mask
    """(GRID, GRID), true where ``swatch`` is not plain ground; never all false."""
    plain: bool
    """Whether there is plain ground; if not, ``shoe`` is all of the photo."""


def frame(
    image: Image.Image, side: int, *, resample: Image.Resampling = Image.Resampling.BICUBIC
) -> Framed:
    """Cut plain margins, pad to a square in the colour of the ground, shrink to ``side`` px."""
    rgb = as_rgb(image)
    rgb.load()
    thumb = np.asarray(rgb.resize((GRID, GRID), Image.Resampling.BOX, reducing_gap=2.0))
    ground = plain_ground(thumb)
    fill = (255, 255, 255) if ground is None else tuple(int(c) for c in ground)
    if ground is not None:
        rgb = rgb.crop(_box(shoe_mask(thumb, ground), rgb.size))
    square = _square(rgb, side, fill, resample)
    pixels = swatch = np.asarray(square)
    if side != GRID:
        swatch = np.asarray(square.resize((GRID, GRID), Image.Resampling.BOX))
    # Without plain ground everything counts but the padding.
    shoe = _unpadded(rgb.size) if ground is None else shoe_mask(swatch, ground)
    return Framed(pixels=pixels, swatch=swatch, shoe=shoe, plain=ground is not None)


def plain_ground(thumb: Pixels) -> Pixels | None:
    """The colour of the border if nine tenths of it are one colour, else None."""
    border = np.concatenate([thumb[0], thumb[-1], thumb[1:-1, 0], thumb[1:-1, -1]]).astype(np.int16)
    median = np.median(border, axis=0)
    near = np.abs(border - median).max(axis=1) <= 14
    return median.astype(np.uint8) if near.mean() >= 0.9 else None


def shoe_mask(thumb: Pixels, ground: Pixels) -> Mask:
    """What is enclosed, to all four sides, by pixels that differ from the ground.

    Not just what differs: the white upper of a shoe on white would be lost.
    """
    differs = np.abs(thumb.astype(np.int16) - ground.astype(np.int16)).max(axis=2) > 14
    enclosed = _between_ends(differs) & _between_ends(differs.T).T
    return enclosed if enclosed.any() else np.ones_like(enclosed)


def _between_ends(differs: Mask) -> Mask:
    """Of each row, all from the first true to the last."""
    width = differs.shape[1]
    first = differs.argmax(axis=1)[:, None]
    last = width - 1 - differs[:, ::-1].argmax(axis=1)[:, None]
    place = np.arange(width)
    found: Mask = (place >= first) & (place <= last) & differs.any(axis=1, keepdims=True)
    return found


def _box(mask: Mask, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The mask's bounding box in photo pixels, with a margin of 3 % of the photo."""
    width, height = size
    columns = np.flatnonzero(mask.any(axis=0))
    rows = np.flatnonzero(mask.any(axis=1))
    left = max(0, int((columns[0] / GRID - 0.03) * width))
    right = min(width, int(((columns[-1] + 1) / GRID + 0.03) * width) + 1)
    top = max(0, int((rows[0] / GRID - 0.03) * height))
    bottom = min(height, int(((rows[-1] + 1) / GRID + 0.03) * height) + 1)
    return left, top, right, bottom


def _square(
    image: Image.Image, side: int, fill: tuple[int, ...], resample: Image.Resampling
) -> Image.Image:
    width, height = image.size
    scale = side / max(width, height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    resized = image.resize(size, resample, reducing_gap=2.0)
    if size == (side, side):
        return resized
    canvas = Image.new("RGB", (side, side), fill)
    canvas.paste(resized, ((side - size[0]) // 2, (side - size[1]) // 2))
    return canvas


def _unpadded(size: tuple[int, int]) -> Mask:
    width, height = size
    longest = max(size)
    mask = np.zeros((GRID, GRID), dtype=np.bool_)
    across = max(1, round(GRID * width / longest))
    down = max(1, round(GRID * height / longest))
    left, top = (GRID - across) // 2, (GRID - down) // 2
    mask[top : top + down, left : left + across] = True
    return mask


def cut_out(image: Image.Image) -> Image.Image | None:
    """White on the shoe, black on a plain ground that reaches the edge; None without such."""
    ground = plain_ground(np.asarray(image.resize((64, 64), Image.Resampling.BOX)))
    if ground is None:
        return None
    differs = np.abs(np.asarray(image, np.int16) - ground.astype(np.int16)).max(axis=2) > 14
    # A margin of ground around it, from whose corner everything outside is filled.
    canvas = Image.fromarray(np.pad(np.where(differs, 255, 0).astype(np.uint8), 1))
    canvas = canvas.filter(ImageFilter.MaxFilter(3))
    ImageDraw.floodfill(canvas, (0, 0), 128)
    outside = np.asarray(canvas)[1:-1, 1:-1] == 128
    return Image.fromarray(np.where(outside, 0, 255).astype(np.uint8))
