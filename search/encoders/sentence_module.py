"""`lite` as a sentence-transformers module, so that its folder is a model for those who use that.

``SentenceTransformer("search/encoders/lite_weights", trust_remote_code=True)`` reads
``modules.json`` there, which names `LiteModule`; the code to trust is this module, which must be
importable. Vectors are those of `LiteEncoder`.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Self

import torch
from PIL import Image
from sentence_transformers.base.modality_types import Modality
from sentence_transformers.base.modules.input_module import InputModule

from search.encoders.lite import LiteEncoder

MODULES: Final = [
    {"idx": 0, "name": "0", "path": "", "type": "search.encoders.sentence_module.LiteModule"}
]
"""The content of ``modules.json``."""


class LiteModule(InputModule):
    """Photos (Pillow images) and sentences, also mixed, to unit vectors on CPUs."""

    def __init__(self, folder: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._folder = Path(folder)
        self._encoder = LiteEncoder(model=folder)

    @property
    def modalities(self) -> list[Modality]:
        return ["text", "image"]

    @property
    def max_seq_length(self) -> None:
        return None

    def get_embedding_dimension(self) -> int:
        return self._encoder.dim

    def preprocess(
        self, inputs: Sequence[Any], prompt: str | None = None, **kwargs: Any
    ) -> dict[str, Any]:
        """Vectors already: the encoder frames and tokenizes for itself."""
        vectors = torch.empty(len(inputs), self._encoder.dim)
        photos = [i for i, given in enumerate(inputs) if isinstance(given, Image.Image)]
        texts = [i for i, given in enumerate(inputs) if not isinstance(given, Image.Image)]
        if photos:
            found = self._encoder.encode_images([inputs[i] for i in photos])
            vectors[photos] = torch.from_numpy(found)
        if texts:
            said = [f"{prompt or ''}{inputs[i]}" for i in texts]
            vectors[texts] = torch.from_numpy(self._encoder.encode_texts(said))
        return {"sentence_embedding": vectors}

    def forward(self, features: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        return features

    def save(self, output_path: str, *args: Any, **kwargs: Any) -> None:
        """Copies the folder's weights to ``output_path``."""
        for name in ("config.json", "heads.safetensors", "MODEL_CARD.md"):
            shutil.copyfile(self._folder / name, Path(output_path) / name)

    @classmethod
    def load(  # type: ignore[override]  # what only hubs need is in kwargs
        cls, model_name_or_path: str, subfolder: str = "", **kwargs: Any
    ) -> Self:
        return cls(str(Path(model_name_or_path) / subfolder))


def write_modules(folder: Path) -> None:
    """Make a folder of `lite` weights one that sentence-transformers loads."""
    (folder / "modules.json").write_text(json.dumps(MODULES, indent=1) + "\n", encoding="utf-8")
