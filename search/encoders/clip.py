"""CLIP and its kin: any CLIP or SigLIP of sentence-transformers or transformers, or two towers.

A model is a hub id or a folder, in the layout of either library; preprocessing and tokenizer travel
with the weights. A text tower that was distilled for the image tower of another model (the
multilingual one) is paired with that model. Run by torch, or by onnxruntime in float32 or int8.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
from PIL import Image, ImageOps

from search.encoders.artifacts import DEFAULT_CACHE
from search.encoders.pixels import PIXELS_VERSION, as_rgb
from search.encoders.sources import Source
from search.exceptions import EncoderError
from search.types import EncoderId, Patches, Vectors

if TYPE_CHECKING:
    from search.encoders.prompting import PromptTower

MAX_CHARACTERS: Final = 2000
"""Cut before the tokenizer, which would read a megabyte to keep 77 tokens."""
MAX_ASPECT: Final = 6
"""CLIP scales the shorter side to 224: a 1 × 10,000 photo would become 224 × 2,240,000."""

TORCH, ONNX, INT8 = "torch", "onnx", "int8"
RUNTIMES: Final = (TORCH, ONNX, INT8)

PAIRS: Final = {"clip-ViT-B-32-multilingual-v1": "clip-ViT-B-32"}
"""Text towers by their name, and the model whose image tower they were trained for."""

DEFAULT_HIDDEN: Final = {"siglip": 768, "siglip2": 768}
"""Length of vectors where the config leaves it out, as it does what is the default."""


class Towers(Protocol):
    """What runs the weights: unit vectors, any number of inputs, in order, thread-safe."""

    def images(self, photos: Sequence[Image.Image]) -> Vectors: ...
    def texts(self, texts: Sequence[str]) -> Vectors: ...


class ClipEncoder:
    """See the module. Keeps the `Encoder` contract.

    ``model``: hub id or folder. ``revision``: commit, tag or branch of a hub id; pin a commit so
    that the vectors stay what they are. ``image_model`` and ``image_revision``: whose image tower
    is used, if another's. ``runtime``: ``torch``; ``onnx``, the same vectors without torch in the
    process; ``int8``, faster on CPUs, with other vectors and so another id. ``local_files_only``:
    never ask the hub. ``batch``: photos or sentences per forward pass. ``threads``: cores that one
    call may use, with torch for the whole process; None leaves torch's own choice. ``cache_dir``:
    where exported graphs are kept.
    """

    def __init__(
        self,
        *,
        model: str | Path,
        revision: str | None = None,
        image_model: str | Path | None = None,
        image_revision: str | None = None,
        runtime: str = TORCH,
        local_files_only: bool = False,
        batch: int = 32,
        threads: int | None = None,
        device: str = "cpu",
        cache_dir: str | Path = DEFAULT_CACHE,
    ) -> None:
        if batch < 1 or (threads is not None and threads < 1):
            raise ValueError("'batch' and 'threads' must be at least 1")
        if runtime not in RUNTIMES:
            raise ValueError(f"'runtime' must be one of {', '.join(RUNTIMES)}, not {runtime!r}")
        self._runtime, self._batch, self._threads = runtime, batch, threads
        self._device, self._cache_dir = device, Path(cache_dir)
        self._text = Source(model, revision=revision, local_files_only=local_files_only)
        image_model = image_model or partner(str(model))
        self._image = (
            Source(image_model, revision=image_revision, local_files_only=local_files_only)
            if image_model
            else self._text
        )

    @cached_property
    def id(self) -> EncoderId:
        """``name@commit`` of a hub model, ``name@hash of its files`` of a folder; of both towers
        where there are two; ``+pixels``, and ``-int8``. Torch and ONNX differ by rounding alone."""
        revisions = [self._text.exact_revision[:12]]
        if self._image is not self._text:
            revisions.append(self._image.exact_revision[:12])
        ending = f"-{INT8}" if self._runtime == INT8 else ""
        return EncoderId(f"{self._text.name}@{'-'.join(revisions)}+{PIXELS_VERSION}{ending}")

    @cached_property
    def dim(self) -> int:
        return self._stated_length() or self._towers.texts(["shoe"]).shape[1]

    def encode_images(self, images: Sequence[Image.Image]) -> Vectors:
        """(n, dim) unit vectors of decoded, upright photos; any Pillow mode, any size."""
        if not len(images):
            return np.empty((0, self.dim), dtype=np.float32)
        return self._towers.images([_tamed(as_rgb(image)) for image in images])

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """(n, dim) unit vectors of sentences; what exceeds the model's tokens is cut."""
        if not len(texts):
            return np.empty((0, self.dim), dtype=np.float32)
        # Tokenizers speak UTF-8, which has no lone surrogates.
        return self._towers.texts(
            [text[:MAX_CHARACTERS].encode("utf-8", "replace").decode("utf-8") for text in texts]
        )

    @property
    def gives_patches(self) -> bool:
        """With torch alone: the exported graphs end in one vector."""
        return self._runtime == TORCH

    def encode_patches(self, images: Sequence[Image.Image]) -> Patches:
        """See `search.encoders.base.PatchEncoder`."""
        from search.encoders.clip_torch import TorchTowers

        if not isinstance(self._towers, TorchTowers):
            raise EncoderError(f"The runtime {self._runtime} gives no patches: choose {TORCH}.")
        return self._towers.patches([_tamed(as_rgb(image)) for image in images])

    def prompt_tower(self) -> PromptTower:
        """The text tower in torch, whatever runtime encodes: for prompts that are learned."""
        from search.encoders.clip_torch import load_text
        from search.encoders.prompting import clip_tower

        return clip_tower(load_text(self._text, device=self._device))

    @cached_property
    def _towers(self) -> Towers:
        if self._runtime == TORCH:
            from search.encoders.clip_torch import TorchTowers

            return TorchTowers(
                self._text,
                self._image,
                batch=self._batch,
                threads=self._threads,
                device=self._device,
            )
        from search.encoders.clip_onnx import OnnxTowers

        return OnnxTowers(
            self._text,
            self._image,
            batch=self._batch,
            threads=self._threads or 2,
            cache_dir=self._cache_dir,
            int8=self._runtime == INT8,
        )

    def _stated_length(self) -> int | None:
        """As the files of the image tower say; None when the weights must tell."""
        for path in ("config.json", "0_CLIPModel/config.json", "0_Transformer/config.json"):
            # More modules than one (a Dense after the tower, say) may change the length.
            if (config := self._image.json(path)) and self._is_plain():
                text, kind = config.get("text_config") or {}, config.get("model_type")
                if kind in DEFAULT_HIDDEN:
                    size = text.get("projection_size") or text.get("hidden_size")
                    return int(size or DEFAULT_HIDDEN[kind])
                size = config.get("projection_dim") or text.get("projection_dim")
                return int(size) if size else None
        return None

    def _is_plain(self) -> bool:
        return len(self._image.json("modules.json") or [None]) == 1


def partner(model: str) -> str | None:
    """The model whose image tower belongs to this text tower: beside it, or on the hub."""
    path = Path(model).expanduser()
    other = PAIRS.get(path.name)
    if other is None:
        return None
    return str(path.parent / other) if path.is_dir() and (path.parent / other).is_dir() else other


def mismatch(text: Source, image: Source, lengths: tuple[int, int]) -> EncoderError:
    """For two towers that do not belong together."""
    return EncoderError(
        f"The text tower {text.model} gives {lengths[0]} dimensions and the image tower "
        f"{image.model} {lengths[1]}: they were not trained for each other."
    )


def _tamed(image: Image.Image) -> Image.Image:
    """Extreme panoramas padded with white to ``MAX_ASPECT``."""
    width, height = image.size
    if max(width, height) <= MAX_ASPECT * min(width, height):
        return image
    least = -(-max(width, height) // MAX_ASPECT)
    return ImageOps.pad(image, (max(width, least), max(height, least)), color="white")
