"""How fast encoders are, side by side in one run, and how near their vectors are."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageDraw

from search.encoders.base import Encoder
from search.encoders.clip import RUNTIMES, ClipEncoder
from search.encoders.shapes import SHAPES, VOCABULARY, build_random_clip
from search.types import Vectors

SENTENCES: Final = ("a red running shoe", "white leather sneaker with a gum sole", "black boot")
SIDE: Final = 448
"""Pixels of the photos: what a photo is decoded to before it is encoded."""
SINGLES: Final = 4
"""Single photos and sentences timed in each round."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One encoder's."""

    name: str
    encoder_id: str
    dim: int
    photos_per_second: float
    """In batches."""
    photo_ms: float
    """One photo alone, as a search gives it."""
    text_ms: float
    cosine: float | None
    """The lowest to the reference's vectors of the same photos and sentences."""


def measure(
    encoders: Mapping[str, Encoder],
    *,
    batch: int = 32,
    rounds: int = 5,
    reference: str | None = None,
    progress: Callable[[], None] | None = None,
) -> list[Figures]:
    """Time every encoder by turns, so that what else the machine does falls on all alike.

    Medians over ``rounds``. The first call of each, which loads weights, is not counted.
    ``reference`` names the encoder with whose vectors the others' are compared, if as long.
    """
    photos = [draw(number) for number in range(batch)]
    vectors = {name: _vectors(encoder, photos) for name, encoder in encoders.items()}
    times: dict[str, list[tuple[float, float, float]]] = {name: [] for name in encoders}
    for _ in range(rounds):
        for name, encoder in encoders.items():
            times[name].append(_round(encoder, photos))
            if progress:
                progress()
    found = []
    for name, encoder in encoders.items():
        many, one, text = (statistics.median(part) for part in zip(*times[name], strict=True))
        found.append(
            Figures(
                name=name,
                encoder_id=str(encoder.id),
                dim=encoder.dim,
                photos_per_second=batch / many,
                photo_ms=1000 * one,
                text_ms=1000 * text,
                cosine=None if name == reference else _nearness(vectors, name, reference),
            )
        )
    return found


def random_clips(
    folder: Path, *, shape: str, threads: int, batch: int = 32
) -> dict[str, ClipEncoder]:
    """A CLIP with random weights, in every runtime; ``folder`` holds all that it needs."""
    model = build_random_clip(folder / shape, SHAPES[shape], vocabulary=VOCABULARY)
    return {
        f"{shape}:{runtime}": ClipEncoder(
            model=model, runtime=runtime, threads=threads, batch=batch, cache_dir=folder / "cache"
        )
        for runtime in RUNTIMES
    }


def draw(number: int, side: int = SIDE) -> Image.Image:
    """A photo that no other number gives: shapes and texture on white."""
    rng = np.random.default_rng(number)
    image = Image.new("RGB", (side, side), "white")
    pen = ImageDraw.Draw(image)
    for _ in range(12):
        x, y, w, h = (int(v) for v in rng.integers(0, side // 2, 4))
        colour = tuple(int(v) for v in rng.integers(0, 256, 3))
        pen.rounded_rectangle((x, y, x + w + 8, y + h + 8), 6, fill=colour)
    grain = rng.integers(-12, 13, (side, side, 3))
    pixels = np.clip(np.asarray(image, np.int16) + grain, 0, 255)
    return Image.fromarray(pixels.astype(np.uint8))


def _round(encoder: Encoder, photos: Sequence[Image.Image]) -> tuple[float, float, float]:
    """Seconds for all photos at once, for one alone, for one sentence."""

    def sentence(turn: int) -> None:
        encoder.encode_texts([SENTENCES[turn % len(SENTENCES)]])

    return (
        _seconds(lambda: encoder.encode_images(photos)),
        _of_several(lambda turn: encoder.encode_images([photos[turn % len(photos)]])),
        _of_several(sentence),
    )


def _of_several(call: Callable[[int], object]) -> float:
    return statistics.median(_seconds(partial(call, turn)) for turn in range(SINGLES))


def _seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def _vectors(encoder: Encoder, photos: Sequence[Image.Image]) -> Vectors:
    return np.concatenate([encoder.encode_images(photos), encoder.encode_texts(SENTENCES)])


def _nearness(vectors: Mapping[str, Vectors], name: str, reference: str | None) -> float | None:
    theirs = vectors.get(reference or "")
    ours = vectors[name].astype(np.float64)
    if theirs is None or theirs.shape != ours.shape:
        return None
    return float((ours * theirs).sum(axis=1).min())
