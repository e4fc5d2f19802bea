"""What every encoder does to a photo before its own preprocessing."""

from __future__ import annotations

from typing import Final

import numpy as np
from PIL import Image
from PIL.Image import Transpose

PIXELS_VERSION = "rgb1"
"""Part of every encoder id: raise it when `as_rgb` changes what an encoder sees."""

TURNS: Final = {90: Transpose.ROTATE_90, 180: Transpose.ROTATE_180, 270: Transpose.ROTATE_270}
"""Degrees counter-clockwise."""


def as_rgb(image: Image.Image) -> Image.Image:
    """Any Pillow mode as RGB; what is transparent becomes white, as shops show their photos.

    16-bit and float greys are scaled to 8 bits, where Pillow's own conversion would clip them.
    """
    if image.mode == "RGB":
        return image
    if image.mode.startswith("I;16") or image.mode in {"I", "F"}:
        return _grey_as_rgb(image)
    if image.mode in {"RGBA", "LA", "PA", "La", "RGBa"} or "transparency" in image.info:
        layer = image.convert("RGBA")
        ground = Image.new("RGBA", layer.size, (255, 255, 255, 255))
        return Image.alpha_composite(ground, layer).convert("RGB")
    return image.convert("RGB")


def _grey_as_rgb(image: Image.Image) -> Image.Image:
    values = np.nan_to_num(np.asarray(image, dtype=np.float64))
    # "I" is what Pillow makes of 16-bit PNGs, and of some 8-bit ones: the values tell.
    top = float(values.max(initial=0.0))
    scale = 255.0 if top <= 1.0 and image.mode == "F" else 1.0 if top <= 255.0 else 255.0 / 65535.0
    grey = np.clip(values * scale, 0, 255).astype(np.uint8)
    return Image.fromarray(grey).convert("RGB")
