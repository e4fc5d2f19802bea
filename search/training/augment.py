"""Photos as a customer might have taken them. Colours are left alone: they are labels."""

from __future__ import annotations

import io
import random

from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from search.encoders.pixels import as_rgb

AUGMENT_VERSION = 1
"""Raise it when `augment` makes other variants: they are cached."""


def augment(photo: Image.Image, rng: random.Random) -> Image.Image:
    """A random variant: mirror, crop, turn, shrink, blur, JPEG, light; of any size."""
    image = as_rgb(photo)
    if rng.random() < 0.5:
        image = ImageOps.mirror(image)
    if rng.random() < 0.5:
        image = _crop(image, rng)
    if rng.random() < 0.75:
        turn = rng.uniform(-180, 180) if rng.random() < 0.25 else rng.uniform(-18, 18)
        image = _rotate(image, turn)
    if rng.random() < 0.25:
        image.thumbnail((rng.randint(64, 110),) * 2)
    if rng.random() < 0.15:
        image = image.filter(
            ImageFilter.GaussianBlur(max(image.size) / 224 * rng.uniform(0.5, 1.5))
        )
    if rng.random() < 0.25:
        image = _recompress(image, rng.randint(25, 70))
    if rng.random() < 0.6:
        image = ImageEnhance.Brightness(image).enhance(rng.uniform(0.75, 1.15))
        image = ImageEnhance.Contrast(image).enhance(rng.uniform(0.8, 1.2))
    return image


def _crop(image: Image.Image, rng: random.Random) -> Image.Image:
    width, height = image.size
    w, h = (max(1, int(side * rng.uniform(0.75, 1.0))) for side in (width, height))
    left, top = rng.randint(0, width - w), rng.randint(0, height - h)
    return image.crop((left, top, left + w, top + h))


def _rotate(image: Image.Image, degrees: float) -> Image.Image:
    corners = [(0, 0), (image.width - 1, 0), (0, image.height - 1)]
    colours = sorted(image.getpixel(corner) for corner in corners)  # type: ignore[type-var]
    return image.rotate(
        degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=colours[len(colours) // 2]
    )


def _recompress(image: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer).convert("RGB")
