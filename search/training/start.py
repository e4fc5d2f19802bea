"""Weights that a run goes on from, as an earlier run wrote them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from search.encoders.lite import LiteEncoder
from search.exceptions import EncoderError


@dataclass(frozen=True, slots=True)
class Start:
    """The weights that a run goes on from."""

    encoder_id: str
    tensors: dict[str, npt.NDArray[np.float32]]
    training: dict[str, Any]
    """How they were made, as their folder tells it."""


def start_read(folder: Path, vector: dict[str, Any]) -> Start:
    """A folder of weights whose vectors are made as this run's will be."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        halves = load_file(folder / "heads.safetensors")
    except (OSError, ValueError, SafetensorError) as error:
        raise EncoderError(
            f"{folder} is no folder of `lite` weights to start from: {error}. Give one that "
            "`manage.py train_encoder` wrote."
        ) from error
    theirs = config.get("vector", {})
    differing = [
        key
        for key in ("package", "sha256", "softness", "bands")
        if theirs.get("image", {}).get(key) != vector["image"][key]
    ]
    if differing or theirs.get("dim") != vector["dim"]:
        raise EncoderError(
            f"The weights in {folder} differ in {', '.join(differing) or 'dim'} from what this "
            "version trains: start afresh, without --start."
        )
    return Start(
        encoder_id=str(LiteEncoder(model=folder).id),
        tensors={name: tensor.astype(np.float32) for name, tensor in halves.items()},
        training=config.get("training", {}),
    )
