"""CLIP and its kin on torch, by sentence-transformers; the export takes its graphs from here."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL.Image import Image

from search.encoders.clip import mismatch
from search.encoders.sources import Source
from search.exceptions import EncoderError
from search.types import Patches, Vectors

FIXED_LENGTH = frozenset({"siglip", "siglip2"})
"""Trained on sentences padded to their full length; padded to less, their vectors are others."""


@dataclass(frozen=True)
class Loaded:
    """Both towers, as sentence-transformers models; the same one twice where there is one."""

    text: Any
    image: Any


def load(text: Source, image: Source, *, device: str = "cpu", **options: Any) -> Loaded:
    """Load both towers and see that they can be what they are taken for."""
    model = _model(text, device=device, **options)
    other = model if image is text else _model(image, device=device, **options)
    for source, loaded, wanted in ((text, model, "text"), (image, other, "image")):
        if wanted not in getattr(loaded, "modalities", ()):
            raise EncoderError(
                f"{source.model} does not encode both photos and words: choose a CLIP model "
                "as SHOEFINDER_ENCODER."
            )
    lengths = (model.get_embedding_dimension(), other.get_embedding_dimension())
    if None not in lengths and lengths[0] != lengths[1]:
        raise mismatch(text, image, lengths)
    return Loaded(model, other)


def load_text(text: Source, *, device: str = "cpu") -> Any:
    """The text tower alone, a model of its own: whoever gets it may change it."""
    return _model(text, device=device)


def vision_tower(model: Any) -> Any:
    """The part of a sentence-transformers model that sees. ``EncoderError`` where there is none."""
    for name, module in model.named_modules():
        if name.rpartition(".")[2] == "vision_model":
            return module
    raise EncoderError("The image tower gives no feature map.")


class TorchTowers:
    """See `search.encoders.clip.Towers`."""

    def __init__(
        self, text: Source, image: Source, *, batch: int, threads: int | None, device: str
    ) -> None:
        self._text, self._image = text, image
        self._batch, self._threads, self._device = batch, threads, device
        self._lock = threading.Lock()
        self._loaded: Loaded | None = None

    def images(self, photos: Sequence[Image]) -> Vectors:
        with self._lock:
            return self._encode(self._load().image, photos)

    def texts(self, texts: Sequence[str]) -> Vectors:
        # transformers' tokenizers change their own padding on each call ("Already borrowed" when
        # two threads do), and torch uses all its threads for one batch anyway.
        with self._lock:
            return self._encode(self._load().text, texts)

    def patches(self, photos: Sequence[Image]) -> Patches:
        """(n, rows, columns, width): the image tower's last states, without the token for all."""
        starts = range(0, max(len(photos), 1), self._batch)
        with self._lock:
            return np.concatenate([self._patches(photos[i : i + self._batch]) for i in starts])

    def _patches(self, photos: Sequence[Image]) -> Patches:
        import torch

        model = self._load().image
        if not len(photos):
            return np.empty((0, 0, 0, 0), np.float32)
        # Square, or the processor would cut the sides off.
        square = [photo.resize((min(photo.size),) * 2) for photo in photos]
        pixels = model.preprocess(square)["pixel_values"].to(self._device)
        with torch.inference_mode():
            states = vision_tower(model)(pixel_values=pixels).last_hidden_state
        side = math.isqrt(states.shape[1])
        maps = states[:, states.shape[1] - side * side :].unflatten(1, (side, side))
        return np.ascontiguousarray(maps.cpu().numpy(), dtype=np.float32)

    def _encode(self, model: Any, inputs: Sequence[Any]) -> Vectors:
        vectors = model.encode(
            list(inputs),
            batch_size=self._batch,
            show_progress_bar=False,
            convert_to_numpy=True,
            normalize_embeddings=True,
        )
        return np.ascontiguousarray(vectors, dtype=np.float32)

    def _load(self) -> Loaded:
        """Call it with the lock held."""
        if self._loaded is None:
            if self._threads is not None:
                import torch

                torch.set_num_threads(self._threads)
            self._loaded = load(self._text, self._image, device=self._device)
        return self._loaded


def _model(source: Source, **options: Any) -> Any:
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise EncoderError(f"{error.name} is missing: pip install -r requirements.txt") from error
    try:
        model: Any = SentenceTransformer(**source.loading, **options).eval()
    except Exception as error:  # whatever a foreign folder makes the libraries raise
        raise source.unreachable(error) from error
    first: Any = model[0]
    config: Any = getattr(first, "config", None)
    if getattr(config, "model_type", None) in FIXED_LENGTH:
        first.processing_kwargs = {
            **(first.processing_kwargs or {}),
            "text": {
                "padding": "max_length",
                "max_length": config.text_config.max_position_embeddings,
                "truncation": True,
            },
        }
    return model
