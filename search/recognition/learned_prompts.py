"""Prompts learned instead of written: CoOp and CoCoOp; the learning is `search.training`'s."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
from django.conf import settings

from search.encoders import Encoder, get_encoder
from search.exceptions import RecognitionError
from search.recognition.base import (
    Arrays,
    Fitted,
    Floats,
    Linear,
    Mask,
    Report,
    absent,
    linear,
    silent,
)
from search.recognition.gallery import Gallery
from search.texts import TextSpace
from search.types import Vectors

if TYPE_CHECKING:
    from search.encoders.prompting import PromptTower

FOLDER: Final = "recognition/checkpoints"
QUICKER: Final = 4
"""The fits of a calibration take so many times fewer steps: it needs ten of them."""


@dataclass(frozen=True)
class CoOp:
    """Learned context before each model's name; once learned, a class vector each."""

    steps: int = 60
    name: str = "coop"
    title: str = "Learned prompts (CoOp)"
    leaves_out: bool = False
    light: bool = True

    def fit(self, gallery: Gallery, space: TextSpace | None, *, report: Report = silent) -> Linear:
        from search.training.prompt_learning import SCALE, context_learn

        words = context_learn(
            tower_of(space, self.name),
            [model.name for model in gallery.models],
            gallery.vectors,
            gallery.labels,
            steps=self.steps,
            report=report,
            checkpoint=_checkpoint(self.name, self.steps, gallery, space),
        )
        return Linear(SCALE * words, absent(gallery.counts))

    def settled(self, fitted: Fitted) -> CoOp:
        return replace(self, steps=max(self.steps // QUICKER, 1))

    def restore(self, arrays: Arrays) -> Linear:
        return linear(arrays)


@dataclass(frozen=True)
class Conditioned:
    """CoCoOp, learned: every photo reads the names anew, in torch."""

    tower: PromptTower
    names: tuple[str, ...]
    parts: dict[str, Vectors]
    bias: Floats

    def scores(self, queries: Vectors, *, leaving_out: Mask | None = None) -> Floats:
        from search.training.prompt_learning import conditional_logits

        logits = conditional_logits(self.tower, self.names, self.parts, queries)
        return np.asarray(logits, np.float64) + self.bias

    def arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        parts: dict[str, npt.NDArray[np.generic]] = {
            f"part.{name}": value for name, value in self.parts.items()
        }
        return {"names": np.array(self.names), "bias": self.bias, **parts}


@dataclass(frozen=True)
class CoCoOp:
    """Learned context that each photo shifts. For evaluation: too slow for a web process."""

    steps: int = 100
    name: str = "cocoop"
    title: str = "Prompts learned for each photo (CoCoOp)"
    leaves_out: bool = False
    light: bool = False

    def fit(
        self, gallery: Gallery, space: TextSpace | None, *, report: Report = silent
    ) -> Conditioned:
        from search.training.prompt_learning import conditional_learn

        tower, names = tower_of(space, self.name), [model.name for model in gallery.models]
        parts = conditional_learn(
            tower, names, gallery.vectors, gallery.labels,
            steps=self.steps, report=report,
            checkpoint=_checkpoint(self.name, self.steps, gallery, space),
        )  # fmt: skip
        return Conditioned(tower, tuple(names), parts, absent(gallery.counts))

    def settled(self, fitted: Fitted) -> CoCoOp:
        return replace(self, steps=max(self.steps // QUICKER, 1))

    def restore(self, arrays: Arrays) -> Conditioned:
        parts = {
            name.removeprefix("part."): np.asarray(array, np.float32)
            for name, array in arrays.items()
            if name.startswith("part.")
        }
        names = tuple(str(name) for name in arrays["names"])
        tower = _tower(get_encoder(), self.name)
        return Conditioned(tower, names, parts, np.asarray(arrays["bias"], np.float64))


def tower_of(space: TextSpace | None, name: str) -> PromptTower:
    """The text tower of a space's encoder. ``RecognitionError`` where it has none to learn in."""
    if space is None:
        raise RecognitionError(f"The method {name} needs an encoder that reads words.")
    return _tower(space.encoder, name)


def _tower(encoder: Encoder, name: str) -> PromptTower:
    make: Any = getattr(encoder, "prompt_tower", None)
    if make is None:
        raise RecognitionError(
            f"The method {name} needs words that can be learned, and the encoder {encoder.id} "
            "has no prompt_tower(): choose lite, a CLIP, or another method."
        )
    tower: PromptTower = make()
    return tower


def _checkpoint(name: str, steps: int, gallery: Gallery, space: TextSpace | None) -> Path:
    """Where this very run, and no other, keeps what it has learned so far."""
    said = f"{name}:{steps}:{space.encoder.id if space else ''}:{gallery.models!r}"
    digest = hashlib.sha256(said.encode())
    digest.update(np.ascontiguousarray(gallery.vectors).tobytes())
    digest.update(np.ascontiguousarray(gallery.labels).tobytes())
    return Path(settings.VAR_DIR) / FOLDER / f"{digest.hexdigest()[:24]}.pt"
