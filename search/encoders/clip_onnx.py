"""CLIP and its kin on onnxruntime: for CPUs, and without torch in the process that serves."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL.Image import Image

from search.encoders.artifacts import exported, remove
from search.encoders.clip_pixels import Pixels, Recipe, prepare
from search.encoders.sessions import Session
from search.encoders.sources import Source
from search.types import Vectors

EXPORTER: Final = "search.encoders.clip_export"
FORMAT: Final = 1
"""Raise it when the export writes other files from the same weights."""


class OnnxTowers:
    """See `search.encoders.clip.Towers`. The first use on a machine exports the graphs, which
    takes a minute for a ViT-B/32 and is done by a process of its own."""

    def __init__(
        self,
        text: Source,
        image: Source,
        *,
        batch: int,
        threads: int,
        cache_dir: Path,
        int8: bool,
    ) -> None:
        self._text, self._image = text, image
        self._batch, self._cache_dir, self._int8 = batch, cache_dir, int8
        self._lock = threading.Lock()

        def graph(name: str) -> Session:
            return Session(
                lambda: self._folder / name,
                threads=threads,
                remove=lambda path: remove(path.parent),
            )

        self._images, self._texts = graph("image.onnx"), graph("text.onnx")

    def images(self, photos: Sequence[Image]) -> Vectors:
        return np.concatenate(
            [
                self._images.run({"pixel_values": self._pixels(photos[at : at + self._batch])})
                for at in range(0, len(photos), self._batch)
            ]
        )

    def texts(self, texts: Sequence[str]) -> Vectors:
        # Alike lengths together: a batch is as long as its longest sentence.
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        parts = [order[at : at + self._batch] for at in range(0, len(order), self._batch)]
        found = [self._texts.run(self._tokens([texts[i] for i in part])) for part in parts]
        vectors = np.concatenate(found)
        return vectors[np.argsort(order)]

    @property
    def _folder(self) -> Path:
        """Exported if it is not there, or not any more."""
        spec = {
            "text": self._text.spec,
            "image": None if self._image is self._text else self._image.spec,
            "files": [self._text.exact_revision, self._image.exact_revision],
            "runtime": "int8" if self._int8 else "onnx",
            "format": FORMAT,
        }
        return exported("clip", spec, self._cache_dir, module=EXPORTER, suffix="")

    @cached_property
    def _serving(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads((self._folder / "serving.json").read_text())
        return told

    def _pixels(self, photos: Sequence[Image]) -> Pixels:
        if (recipe := self._serving["pixels"]) is not None:
            return prepare(photos, Recipe.from_json(recipe))
        with self._lock:
            pixels = self._processor(images=list(photos), return_tensors="np")["pixel_values"]
        return np.asarray(pixels, np.float32)

    def _tokens(self, texts: list[str]) -> dict[str, Any]:
        told = self._serving["text"]
        if told["fast"]:
            rows = self._fast_tokenizer.encode_batch(texts)
            columns = {
                "input_ids": [row.ids for row in rows],
                "attention_mask": [row.attention_mask for row in rows],
            }
        else:
            with self._lock:
                columns = self._slow_tokenizer(
                    texts,
                    padding="max_length" if told["pad_to_max"] else True,
                    max_length=told["max_tokens"],
                    truncation=True,
                )
        return {name: np.array(columns[name], np.int64) for name in told["inputs"]}

    @cached_property
    def _fast_tokenizer(self) -> Any:
        from tokenizers import Tokenizer

        told = self._serving["text"]
        tokenizer = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
        # Set once: changing them later, as transformers does, is not thread-safe.
        tokenizer.enable_truncation(told["max_tokens"])
        tokenizer.enable_padding(
            pad_id=told["pad_id"],
            pad_token=told["pad_token"],
            length=told["max_tokens"] if told["pad_to_max"] else None,
        )
        return tokenizer

    @cached_property
    def _slow_tokenizer(self) -> Any:
        """SigLIP's sentencepiece has no other reader; it brings transformers, and torch with it."""
        from transformers import AutoTokenizer

        return AutoTokenizer.from_pretrained(self._folder)

    @cached_property
    def _processor(self) -> Any:
        import transformers

        processors: Any = transformers.AutoImageProcessor
        return processors.from_pretrained(self._folder)
