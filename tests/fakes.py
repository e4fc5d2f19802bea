"""Stand-ins that behave like the real thing, without its weight."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

from search.encoders.pixels import as_rgb
from search.types import EncoderId, Vectors

COLOURS: dict[str, tuple[int, int, int]] = {
    "black": (25, 25, 28),
    "white": (250, 250, 250),
    "grey": (128, 128, 128),
    "red": (200, 30, 35),
    "orange": (240, 130, 30),
    "yellow": (245, 215, 50),
    "green": (40, 140, 60),
    "olive": (110, 110, 50),
    "blue": (40, 90, 200),
    "navy": (25, 35, 90),
    "turquoise": (60, 190, 190),
    "purple": (120, 50, 150),
    "pink": (240, 150, 180),
    "brown": (110, 65, 35),
    "beige": (220, 200, 165),
    "maroon": (115, 20, 40),
}
SYNONYMS = {
    "gray": "grey",
    "tan": "beige",
    "cream": "beige",
    "burgundy": "maroon",
    "teal": "turquoise",
}
GRID = (8, 6)


class FakeEncoder:
    """Deterministic, fast, honest enough to rank by: 16 colour shares, an 8 × 6 light-dark grid.

    Photos that look alike are near; "red" is near what is mostly red; other words point somewhere,
    always to the same place. Meets the encoder contract without torch.
    """

    dim = len(COLOURS) + GRID[0] * GRID[1]

    def __init__(self, name: str = "fake", revision: str = "1") -> None:
        self.id = EncoderId(f"{name}@{revision}+grid")

    def encode_images(self, images: Sequence[Image.Image]) -> Vectors:
        return _stack([_image_row(image) for image in images], self.dim)

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        return _stack([_text_row(text) for text in texts], self.dim)


def _stack(rows: list[npt.NDArray[np.float64]], dim: int) -> Vectors:
    matrix = np.array(rows, dtype=np.float64).reshape(-1, dim)
    return (matrix / np.linalg.norm(matrix, axis=1, keepdims=True)).astype(np.float32)


def _image_row(image: Image.Image) -> npt.NDArray[np.float64]:
    small = np.asarray(as_rgb(image).resize((32, 24), Image.Resampling.BOX), dtype=np.float64)
    palette = np.array(list(COLOURS.values()), dtype=np.float64)
    pixels = small.reshape(-1, 3)
    ink = pixels[np.any(pixels < 235, axis=1)]
    if not len(ink):  # a blank photo is a white one
        ink = pixels
    distance = ((ink[:, None, :] - palette[None]) ** 2).sum(axis=2)
    weight = np.exp(-(distance - distance.min(axis=1, keepdims=True)) / 1500.0)
    shares = (weight / weight.sum(axis=1, keepdims=True)).mean(axis=0)
    grey = (
        small.mean(axis=2).reshape(GRID[1], 24 // GRID[1], GRID[0], 32 // GRID[0]).mean(axis=(1, 3))
    )
    layout = (grey - grey.mean()).ravel()
    layout /= max(float(np.linalg.norm(layout)), 1.0)
    return np.concatenate([shares / np.linalg.norm(shares), 0.7 * layout])


def _text_row(text: str) -> npt.NDArray[np.float64]:
    row = np.zeros(FakeEncoder.dim)
    names = list(COLOURS)
    for word in re.findall(r"\w+", text.lower())[:64]:
        word = SYNONYMS.get(word, word)
        if word in COLOURS:
            row[names.index(word)] += 1.0
        else:
            digest = hashlib.sha256(word.encode("utf-8", "replace")).digest()
            row[len(COLOURS) + digest[0] % (GRID[0] * GRID[1])] += 0.2 if digest[1] % 2 else -0.2
    if not row.any():
        row[-1] = 1.0
    return row
