"""What may have happened to a query photo before it reached us; each the same for the same photo.

Named so that a row of figures says what was done. ``VERSION`` is part of the name under which
vectors are kept.
"""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from search.encoders.framing import cut_out
from search.evaluation.embeddings import Variant

VERSION: Final = 1

Distortion = Callable[[Image.Image, random.Random], Image.Image]

PLAIN: Final = "rotate-0"
"""Nothing done: what the others are compared with."""


def _rotate(image: Image.Image, rng: random.Random, *, degrees: int) -> Image.Image:
    """About the middle, nothing cut off; the new corners take the colour of the old ones."""
    if degrees == 0:
        return image
    corners = np.array([image.getpixel((x, y)) for x in (0, image.width - 1)
                        for y in (0, image.height - 1)])  # fmt: skip
    fill = tuple(int(channel) for channel in np.median(corners, axis=0))
    return image.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=fill)


def _mirror(image: Image.Image, rng: random.Random) -> Image.Image:
    return ImageOps.mirror(image)


def _blur(image: Image.Image, rng: random.Random) -> Image.Image:
    """Out of focus: a radius of 1 % of the longer side."""
    return image.filter(ImageFilter.GaussianBlur(max(image.size) / 100))


def _dark(image: Image.Image, rng: random.Random) -> Image.Image:
    """Four tenths of the light."""
    return ImageEnhance.Brightness(image).enhance(0.4)


def _recompress(image: Image.Image, rng: random.Random) -> Image.Image:
    """A JPEG of quality 15."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=15)
    return Image.open(buffer).convert("RGB")


def _shrink(image: Image.Image, rng: random.Random) -> Image.Image:
    """The longer side 64 px."""
    small = image.copy()
    small.thumbnail((64, 64), Image.Resampling.LANCZOS)
    return small


def _crop(image: Image.Image, rng: random.Random) -> Image.Image:
    """70 % of width and of height, anywhere."""
    width, height = (max(1, round(0.7 * side)) for side in image.size)
    left, top = rng.randint(0, image.width - width), rng.randint(0, image.height - height)
    return image.crop((left, top, left + width, top + height))


def _clutter(image: Image.Image, rng: random.Random) -> Image.Image:
    """On a drawn mess: cut out where the ground is plain, else as a smaller picture upon it."""
    mask = cut_out(image)
    if mask is None:
        width, height = (max(1, round(0.7 * side)) for side in image.size)
        shown = image.resize((width, height))
        mess = _mess(image.size, rng)
        mess.paste(shown, (rng.randint(0, image.width - shown.width),
                           rng.randint(0, image.height - shown.height)))  # fmt: skip
        return mess
    return Image.composite(image, _mess(image.size, rng), mask)


def _scene(image: Image.Image, rng: random.Random) -> Image.Image:
    """Small, at 40 to 60 % of the width, somewhere in a drawn mess: cut out where it can be."""
    mask, size = cut_out(image), (640, 480)
    scale = rng.uniform(0.4, 0.6) * min(size[0] / image.width, size[1] / image.height)
    small = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    place = rng.randint(0, size[0] - small[0]), rng.randint(0, size[1] - small[1])
    mess = _mess(size, rng)
    mess.paste(image.resize(small), place, None if mask is None else mask.resize(small))
    return mess


def _mess(size: tuple[int, int], rng: random.Random) -> Image.Image:
    """Forty overlapping shapes in any colour over a wash of noise."""
    noise = np.random.default_rng(rng.getrandbits(32)).integers(0, 256, (6, 8, 3), np.uint8)
    image = Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(image)
    width, height = size
    for _ in range(40):
        x, y = rng.randrange(width), rng.randrange(height)
        w, h = rng.uniform(0.05, 0.3) * width, rng.uniform(0.05, 0.3) * height
        colour = (rng.randrange(256), rng.randrange(256), rng.randrange(256))
        shape = rng.choice((draw.rectangle, draw.ellipse))
        shape((x - w / 2, y - h / 2, x + w / 2, y + h / 2), fill=colour)
    return image


DISTORTIONS: Final[Mapping[str, Distortion]] = {
    **{f"rotate-{turn}": partial(_rotate, degrees=turn) for turn in (0, 15, 45, 90, 180)},
    "mirror": _mirror,
    "blur": _blur,
    "dark": _dark,
    "jpeg-15": _recompress,
    "small-64": _shrink,
    "crop-70": _crop,
    "clutter": _clutter,
    "scene": _scene,
}


def variant_of(name: str) -> Variant | None:
    """The change to make before encoding; None where nothing is changed."""
    if name == PLAIN:
        return None
    return Variant(f"{name}@{VERSION}", DISTORTIONS[name])
