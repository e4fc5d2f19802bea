"""What is learnt from: photos as the encoder frames them and sentence vectors, read once, kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from search.encoders.backbones import TextTower
from search.encoders.colours import Floats, swatch_colours
from search.encoders.framing import FRAMING, GRID, frame
from search.encoders.pixels import PIXELS_VERSION, as_rgb
from search.evaluation.datasets import DatasetError, ShoePhoto

Advance = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Framing:
    """Photos as the encoder frames them; rows are photos."""

    pixels: npt.NDArray[np.uint8]
    """(n, side, side, 3), RGB."""
    shoes: npt.NDArray[np.bool_]
    """(n, GRID, GRID), true where the shoe is."""
    plain: npt.NDArray[np.bool_]
    """(n,) whether the ground is plain, so that ``shoes`` is more than the whole photo."""


def open_photo(photo: ShoePhoto) -> Image.Image:
    """The photo upright in RGB; ``DatasetError`` names the file that cannot be read."""
    try:
        with Image.open(photo.path) as image:
            return as_rgb(ImageOps.exif_transpose(image))
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise DatasetError(f"{photo.path} cannot be read as a photo: {error}") from error


def learn_palette(photos: Sequence[ShoePhoto], *, colours: int, side: int, seed: int) -> Floats:
    """The (colours, 3) CIELAB centres of the pixels of at most 1,500 shoes, by k-means."""
    from sklearn.cluster import KMeans

    rng = np.random.default_rng(seed)
    chosen = rng.choice(len(photos), min(1500, len(photos)), replace=False)
    pixels = []
    for i in chosen:
        lab, share = swatch_colours(frame(open_photo(photos[i]), side))
        shoe = lab[share > 0.6]
        if len(shoe):
            pixels.append(shoe[rng.integers(0, len(shoe), 24)])
    if not pixels:
        raise DatasetError("No photo shows anything but plain ground.")
    found = KMeans(colours, n_init=2, random_state=seed).fit(np.concatenate(pixels))
    # As it will be stored: the features must be those of the shipped palette.
    palette: Floats = found.cluster_centers_.astype(np.float16).astype(np.float32)
    return palette


def framed_photos(
    photos: Sequence[ShoePhoto], *, side: int, cache: Path, advance: Advance
) -> Framing:
    """Every photo as the encoder frames it, ``side`` px wide: the slow part of reading, kept.

    The arrays are files in ``cache``, mapped into memory, named by all that they depend on, so
    that an interrupted run goes on and another one with the same photos starts at once.
    """
    key = _key(photos, side=side)
    cache.mkdir(parents=True, exist_ok=True)
    paths = [cache / f"photos-{key}-{part}.npy" for part in ("pixels", "shoes", "plain")]
    if not all(path.is_file() for path in paths):
        n = len(photos)
        arrays = (
            np.empty((n, side, side, 3), np.uint8),
            np.empty((n, GRID, GRID), np.bool_),
            np.empty(n, np.bool_),
        )
        for i, photo in enumerate(photos):
            framed = frame(open_photo(photo), side)
            arrays[0][i], arrays[1][i], arrays[2][i] = framed.pixels, framed.shoe, framed.plain
            advance(1)
        for path, array in zip(paths, arrays, strict=True):
            _save(path, array)
    else:
        advance(len(photos))
    pixels, shoes, plain = (np.load(path, mmap_mode="r") for path in paths)
    return Framing(pixels, shoes, plain)


def text_features(
    texts: Sequence[str], *, tower: TextTower, package: str, cache: Path, advance: Advance
) -> Floats:
    """(n, d) sentence vectors, in order; kept in ``cache`` like those of photos."""
    key = hashlib.sha256("\n".join([package, *texts]).encode()).hexdigest()[:16]
    path = cache / f"texts-{key}.npy"
    if path.is_file():
        advance(len(texts))
    else:
        rows = []
        for start in range(0, len(texts), 256):
            rows.append(tower(texts[start : start + 256]))
            advance(len(rows[-1]))
        cache.mkdir(parents=True, exist_ok=True)
        _save(path, np.concatenate(rows))
    found: Floats = np.load(path)
    return found


def _key(photos: Sequence[ShoePhoto], *, side: int) -> str:
    key = hashlib.sha256(json.dumps([FRAMING, PIXELS_VERSION, side]).encode())
    for photo in photos:
        status = photo.path.stat()
        key.update(f"{photo.path.resolve()} {status.st_size} {status.st_mtime_ns}\n".encode())
    return key.hexdigest()[:16]


def _save(path: Path, array: npt.NDArray[Any]) -> None:
    beside = path.with_suffix(".part")
    with beside.open("wb") as stream:
        np.save(stream, array)
    beside.replace(path)
