"""Any CLIP that sentence-transformers loads: by hub id (``clip-ViT-B-32``) or from a local folder.

A folder is either a sentence-transformers one or a plain transformers CLIP one; preprocessing and
tokenizer travel with the weights.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image, ImageOps

from search.encoders.artifacts import sha256_of
from search.encoders.pixels import PIXELS_VERSION, as_rgb
from search.exceptions import EncoderError
from search.types import EncoderId, Vectors

MAX_CHARACTERS: Final = 2000
"""Cut before the tokenizer, which would read a megabyte to keep 77 tokens."""
MAX_ASPECT: Final = 6
"""CLIP scales the shorter side to 224: a 1 × 10,000 photo would become 224 × 2,240,000."""
READ_SUFFIXES: Final = frozenset({".json", ".safetensors", ".bin", ".txt", ".model"})


class ClipEncoder:
    """A sentence-transformers CLIP on torch. Keeps the `Encoder` contract.

    ``model``: hub id or folder. ``revision``: commit, tag or branch of a hub id; pin a commit so
    that the vectors stay what they are. ``local_files_only``: never ask the hub. ``batch``: photos
    or sentences per forward pass. ``threads``: torch's, for the whole process; None leaves it.
    """

    def __init__(
        self,
        *,
        model: str | Path,
        revision: str | None = None,
        local_files_only: bool = False,
        batch: int = 32,
        threads: int | None = None,
        device: str = "cpu",
    ) -> None:
        if batch < 1 or (threads is not None and threads < 1):
            raise ValueError("'batch' and 'threads' must be at least 1")
        self._model = str(model)
        self._revision = revision
        self._local_files_only = local_files_only
        self._batch = batch
        self._threads = threads
        self._device = device
        self._lock = threading.Lock()
        self._loaded: Any = None
        self._absent: Exception | None = None

    @cached_property
    def id(self) -> EncoderId:
        """``name@commit`` of a hub model, ``name@hash of its files`` of a folder; ``+pixels``."""
        name = Path(self._model).name if self._folder else self._model
        return EncoderId(f"{name}@{self._exact_revision[:12]}+{PIXELS_VERSION}")

    @cached_property
    def dim(self) -> int:
        for path in ("config.json", "0_CLIPModel/config.json", "0_Transformer/config.json"):
            # More modules than one (a Dense after the tower, say) may change the length.
            if (config := self._json(path)) and len(self._json("modules.json") or [None]) == 1:
                size = config.get("projection_dim") or config.get("text_config", {}).get(
                    "projection_dim"
                )
                if size:
                    return int(size)
        with self._lock:
            model = self._load()
        return int(model.get_sentence_embedding_dimension() or len(model.encode("shoe")))

    def encode_images(self, images: Sequence[Image.Image]) -> Vectors:
        """(n, dim) unit vectors of decoded, upright photos; any Pillow mode, any size."""
        return self._encode([_tamed(as_rgb(image)) for image in images])

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """(n, dim) unit vectors of sentences; what exceeds the model's tokens is cut."""
        # Tokenizers speak UTF-8, which has no lone surrogates.
        return self._encode(
            [text[:MAX_CHARACTERS].encode("utf-8", "replace").decode("utf-8") for text in texts]
        )

    def _encode(self, inputs: list[Any]) -> Vectors:
        if not inputs:
            return np.empty((0, self.dim), dtype=np.float32)
        # transformers' tokenizers change their own padding on each call ("Already borrowed" when
        # two threads do), and torch uses all its threads for one batch anyway.
        with self._lock:
            vectors = self._load().encode(
                inputs,
                batch_size=self._batch,
                show_progress_bar=False,
                convert_to_numpy=True,
                normalize_embeddings=True,
            )
        return np.ascontiguousarray(vectors, dtype=np.float32)

    @cached_property
    def _folder(self) -> Path | None:
        path = Path(self._model).expanduser()
        if path.is_dir():
            return path
        if path.is_absolute() or self._model.startswith((".", "~")):
            raise EncoderError(
                f"The encoder's folder {path} does not exist: correct SHOEFINDER_ENCODER."
            )
        return None

    @property
    def _repository(self) -> str:
        return self._model if "/" in self._model else f"sentence-transformers/{self._model}"

    @cached_property
    def _exact_revision(self) -> str:
        if self._folder:
            return _content_hash(self._folder)
        # The snapshot folder in the hub's cache is named after the commit.
        path = self._from_hub("config.json") or self._from_hub("modules.json")
        if path is None:
            raise self._unreachable(self._absent) from self._absent
        after = path.parts[::-1].index("snapshots")
        return path.parts[len(path.parts) - after]

    def _json(self, file: str) -> Any:
        path = self._folder / file if self._folder else self._from_hub(file)
        if path is None or not path.is_file():
            return None
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise EncoderError(f"{path} is damaged ({error}): fetch the model again.") from error

    def _from_hub(self, file: str) -> Path | None:
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError

        try:
            return Path(
                hf_hub_download(
                    self._repository,
                    file,
                    revision=self._revision,
                    local_files_only=self._local_files_only,
                )
            )
        except EntryNotFoundError as error:  # not on the hub, or not in the cache and no hub
            self._absent = error
            return None
        except (HfHubHTTPError, OSError, ValueError) as error:
            raise self._unreachable(error) from error

    def _load(self) -> Any:
        """The model; call it with the lock held."""
        if self._loaded is None:
            try:
                import torch
                from sentence_transformers import SentenceTransformer
            except ImportError as error:
                raise EncoderError(
                    f"{error.name} is missing: pip install -r requirements.txt"
                ) from error
            if self._threads is not None:
                torch.set_num_threads(self._threads)
            try:
                model = SentenceTransformer(
                    str(self._folder or self._repository),
                    revision=None if self._folder else self._exact_revision,
                    local_files_only=self._local_files_only or self._folder is not None,
                    device=self._device,
                )
            except Exception as error:  # whatever a foreign folder makes the libraries raise
                raise self._unreachable(error) from error
            if not {"text", "image"} <= set(getattr(model, "modalities", ())):
                raise EncoderError(
                    f"{self._model} does not encode both photos and words: choose a CLIP model "
                    "as SHOEFINDER_ENCODER."
                )
            self._loaded = model.eval()
        return self._loaded

    def _unreachable(self, reason: object) -> EncoderError:
        if self._folder:
            return EncoderError(f"The CLIP folder {self._folder} cannot be loaded: {reason}")
        how = "is not in the local cache" if self._local_files_only else "cannot be fetched"
        return EncoderError(
            f"The encoder {self._model!r} {how}: {reason}. Use `lite`, which needs no download; or "
            "correct the name; or fetch the model on a machine that may, and set "
            "SHOEFINDER_ENCODER to its folder."
        )


def _tamed(image: Image.Image) -> Image.Image:
    """Extreme panoramas padded with white to ``MAX_ASPECT``."""
    width, height = image.size
    if max(width, height) <= MAX_ASPECT * min(width, height):
        return image
    least = -(-max(width, height) // MAX_ASPECT)
    return ImageOps.pad(image, (max(width, least), max(height, least)), color="white")


def _content_hash(folder: Path) -> str:
    """SHA-256 over the names and bytes of what a loader may read."""
    digest = hashlib.sha256()
    found = False
    for path in sorted(folder.rglob("*")):
        if path.suffix in READ_SUFFIXES and path.is_file() and ".cache" not in path.parts:
            digest.update(f"{path.relative_to(folder).as_posix()} {sha256_of(path)}\n".encode())
            found = True
    if not found:
        raise EncoderError(f"The folder {folder} holds no model.")
    return digest.hexdigest()
