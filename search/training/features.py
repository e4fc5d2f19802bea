"""What the heads learn from: features of photos and of their variants, computed once and kept."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from search.encoders.backbones import ImageTower, TextTower
from search.encoders.colours import Floats, swatch_colours
from search.encoders.framing import FRAMING, frame
from search.encoders.lite import features
from search.encoders.pixels import PIXELS_VERSION, as_rgb
from search.evaluation.datasets import DatasetError, ShoePhoto
from search.training.augment import AUGMENT_VERSION, augment

Halves = npt.NDArray[np.float16]
Advance = Callable[[int], None]

_CHUNK = 64


def open_photo(photo: ShoePhoto) -> Image.Image:
    """The photo upright in RGB; ``DatasetError`` names the file that cannot be read."""
    try:
        with Image.open(photo.path) as image:
            return as_rgb(ImageOps.exif_transpose(image))
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise DatasetError(f"{photo.path} cannot be read as a photo: {error}") from error


def learn_palette(photos: Sequence[ShoePhoto], *, colours: int, side: int, seed: int) -> Floats:
    """The (colours, 3) CIELAB centres of the pixels of at most 1,500 shoes, by k-means."""
    from sklearn.cluster import KMeans  # type: ignore[import-untyped]

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


def photo_features(
    photos: Sequence[ShoePhoto],
    *,
    copies: int,
    tower: ImageTower,
    palette: Floats,
    spec: dict[str, Any],
    seed: int,
    cache: Path,
    advance: Advance,
) -> list[Halves]:
    """One (n, d) float16 array per copy; copy 0 is the photo as it is, the others are augmented.

    Each finished copy is a file in ``cache``, named by all that it depends on, so that an
    interrupted run goes on and another one with the same photos starts at once.
    """
    key = _key(photos, palette=palette, spec=spec, seed=seed)
    cache.mkdir(parents=True, exist_ok=True)
    found = []
    for copy in range(copies):
        path = cache / f"photos-{key}-{copy}.npy"
        if path.is_file():
            advance(len(photos))
        else:
            rows = [
                part.astype(np.float16)
                for chunk in _chunks(photos, copy=copy, seed=seed)
                for part in _counted(
                    features(chunk, tower=tower, palette=palette, spec=spec, batch=16), advance
                )
            ]
            _save(path, np.concatenate(rows))
        found.append(np.load(path, mmap_mode="r"))
    return found


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


def _key(photos: Sequence[ShoePhoto], *, palette: Floats, spec: dict[str, Any], seed: int) -> str:
    key = hashlib.sha256(palette.tobytes())
    versions = [FRAMING, PIXELS_VERSION, AUGMENT_VERSION, seed]
    key.update(json.dumps([spec, versions], sort_keys=True).encode())
    for photo in photos:
        status = photo.path.stat()
        key.update(f"{photo.path.resolve()} {status.st_size} {status.st_mtime_ns}\n".encode())
    return key.hexdigest()[:16]


def _chunks(photos: Sequence[ShoePhoto], *, copy: int, seed: int) -> Iterator[list[Image.Image]]:
    for start in range(0, len(photos), _CHUNK):
        images = []
        for place, photo in enumerate(photos[start : start + _CHUNK], start):
            image = open_photo(photo)
            if copy:
                rng = random.Random((seed * 1_000_003 + place) * 1000 + copy)  # noqa: S311
                image = augment(image, rng)
            images.append(image)
        yield images


def _counted(parts: Iterator[Floats], advance: Advance) -> Iterator[Floats]:
    for part in parts:
        advance(len(part))
        yield part


def _save(path: Path, array: npt.NDArray[Any]) -> None:
    beside = path.with_suffix(".part")
    with beside.open("wb") as stream:
        np.save(stream, array)
    beside.replace(path)
