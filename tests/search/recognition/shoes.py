"""Models as clouds of vectors, and an encoder whose words point at them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL.Image import Image

from search.recognition import Facts, Gallery
from search.texts import TextSpace
from search.types import EncoderId, Vectors

DIM = 24
BRANDS = ("Acme", "Bolt")
COLOURS = ("red", "blue", "black")
HEIGHTS = ("low", "high")


def facts(count: int) -> list[Facts]:
    return [
        Facts(f"{BRANDS[i % 2]} Model {i}", BRANDS[i % 2], HEIGHTS[i % 3 % 2], (COLOURS[i % 3],))
        for i in range(count)
    ]


class Words:
    """Names a model in a sentence: its direction. Other sentences point anywhere, always alike."""

    dim = DIM
    id = EncoderId("words@1")

    def __init__(self, count: int) -> None:
        self.centres = _unit(np.random.default_rng(1).normal(size=(count, DIM)) + 0.5)
        self.names = [model.name for model in facts(count)]

    def encode_images(self, images: Sequence[Image]) -> Vectors:
        raise NotImplementedError

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        return np.stack([self._one(text) for text in texts])

    def _one(self, text: str) -> Vectors:
        found = [i for i, name in enumerate(self.names) if name in text]
        noise = np.random.default_rng(list(text.encode())).normal(size=DIM)
        towards = self.centres[found[-1]] if found else np.zeros(DIM)
        return _unit(3.0 * towards + 0.6 * noise / np.sqrt(DIM))


def shoes(
    count: int = 6, photos: int = 8, *, spread: float = 0.12, seed: int = 0
) -> tuple[Gallery, TextSpace]:
    """``photos`` of each model, around its centre; pairs of them are near-duplicates."""
    words = Words(count)
    random = np.random.default_rng(seed)
    labels = np.repeat(np.arange(count), photos)
    vectors = _unit(words.centres[labels] + spread * random.normal(size=(len(labels), DIM)))
    gallery = Gallery.of(vectors, labels, facts(count), np.arange(len(labels)) // 2)
    return gallery, TextSpace(words)


def _unit(vectors: np.ndarray) -> Vectors:  # type: ignore[type-arg]
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True), np.float32)
