"""Scores of the photo rules, and the view, from vectors: by a head fitted to the encoder, else by
prompts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import structlog
from django.conf import settings
from safetensors import SafetensorError, safe_open

from catalog.models import View
from catalog.photo_rules import BY_ENCODER, Rule
from search.encoders import Encoder
from search.texts import text_space
from search.types import Vectors

log = structlog.get_logger(__name__)

SHIPPED: Final = Path(__file__).resolve().parent / "heads"
LEAST_THRESHOLD: Final = 0.97
"""Below this no head rejects, whatever its validation said: shoes of a kind that it never saw (the
drawn ones of the demo shop) score up to 0.96, and a good photo lost costs more than a bad one
kept."""
TEMPERATURE: Final = 25.0
"""Of prompts: a difference of 0.04 between two cosines makes odds of e."""

GOOD: Final = (
    "a photo of a shoe", "a shoe on a white background", "a pair of shoes",
    "a person wearing shoes", "a sneaker from the side", "a sandal", "a boot",
)  # fmt: skip
PROMPTS: Final[Mapping[Rule, tuple[str, ...]]] = {
    Rule.OVERLAY_TEXT: ("a photo with text over it", "a watermark over a photo",
                        "an advertisement"),
    Rule.NOT_A_SHOE: ("a photo of clothes", "a landscape", "a face", "a page of text", "an animal",
                      "a blank image"),
    Rule.PARTLY_VISIBLE: ("a close-up of a part of a shoe", "a cropped photo of a shoe",
                          "the laces of a shoe in detail"),
    Rule.HEEL_OR_SOLE: ("the heel of a shoe from behind", "the sole of a shoe",
                        "the outsole of a shoe in detail"),
    Rule.UNCLEAR: ("a dark photo", "a tiny blurred shoe", "a shoe in bad light"),
    Rule.BOX: ("a shoe box", "a closed cardboard box", "the label of a box"),
    Rule.COLLAGE: ("a collage of several photos", "a grid of photos"),
}  # fmt: skip
VIEWS: Final[Mapping[str, tuple[str, ...]]] = {
    View.LATERAL.value: ("a shoe from the outer side", "a side view of a shoe"),
    View.MEDIAL.value: ("a shoe from the inner side",),
    View.TOP.value: ("a shoe from above", "a top view of a shoe"),
    View.SOLE.value: ("the sole of a shoe", "a shoe from below"),
    View.PAIR.value: ("a pair of shoes", "two shoes beside each other"),
    View.WORN.value: ("a person wearing shoes", "shoes on feet"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scores:
    """Of n photos."""

    rules: Mapping[str, npt.NDArray[np.float32]]
    """Rule → (n,), 0 to 1."""
    thresholds: Mapping[str, float]
    """Rule → from which score it rejects, chosen on validation; a rule without one never does."""
    views: Sequence[tuple[str, float]]
    """(View value, its probability) for each photo; "" where views are not predicted."""
    by: str
    """``head`` or ``prompts``."""
    views_by: str = ""
    """`Head.views_id` of what told the views."""


@dataclass(frozen=True)
class Head:
    """Logistic regressions on unit vectors, for one encoder."""

    encoder_id: str
    rules: tuple[str, ...]
    weight: npt.NDArray[np.float32]
    """(rules, dim)"""
    bias: npt.NDArray[np.float32]
    thresholds: Mapping[str, float]
    views: tuple[str, ...]
    """Views, and what is none of them (``three-quarter``), for which "" is answered."""
    view_weight: npt.NDArray[np.float32]
    """(views, dim); softmax over views."""
    view_bias: npt.NDArray[np.float32]
    photos: int = 0
    """How many it was fitted to."""

    @cached_property
    def views_id(self) -> str:
        """Changes whenever a view that it tells would; "" where it tells none."""
        if not self.views:
            return ""
        told = "|".join((self.encoder_id, *self.views)).encode()
        weights = self.view_weight.tobytes() + self.view_bias.tobytes()
        return hashlib.sha256(told + weights).hexdigest()[:16]

    def tell_views(self, vectors: Vectors) -> list[tuple[str, float]]:
        """(View value, its probability) of each vector, (n, dim); "" where it is none of them."""
        if not self.views or not len(vectors):
            return [("", 0.0)] * len(vectors)
        return _best(vectors @ self.view_weight.T + self.view_bias, self.views)

    def score(self, vectors: Vectors) -> Scores:
        logits = vectors @ self.weight.T + self.bias
        odds = _sigmoid(logits)
        return Scores(
            {rule: odds[:, place] for place, rule in enumerate(self.rules)},
            {rule: max(limit, LEAST_THRESHOLD) for rule, limit in self.thresholds.items()},
            self.tell_views(vectors),
            "head",
            self.views_id,
        )


def head_path(folder: Path, encoder_id: str) -> Path:
    """Where a head for an encoder is kept: by the id, so that no other encoder ever reads it."""
    return folder / f"{hashlib.sha256(encoder_id.encode()).hexdigest()[:16]}.safetensors"


def head_load(encoder_id: str) -> Head | None:
    """The head fitted here (SHOEFINDER_VAR), else the shipped one; None for other encoders."""
    for folder in (Path(settings.VAR_DIR) / "photo_rules", SHIPPED):
        path = head_path(folder, encoder_id)
        if not path.is_file():
            continue
        try:
            return _read(path, encoder_id)
        except (SafetensorError, OSError, ValueError, KeyError) as error:
            log.error("photo_rules_head_unreadable", path=str(path), error=str(error))
    return None


def rule_scores(encoder: Encoder, vectors: Vectors) -> Scores:
    """Scores of photos by their vectors, (n, dim): by the encoder's head, else by prompts."""
    head = head_load(str(encoder.id))
    return head.score(vectors) if head is not None else prompt_scores(encoder, vectors)


def prompt_scores(encoder: Encoder, vectors: Vectors) -> Scores:
    """Without a head: how much nearer a photo is to a rule's sentences than to those of a shoe.

    No thresholds: what prompts reject was not measured for an unknown encoder, so that nothing is
    rejected by them unless the settings say from where.
    """
    space = text_space(encoder)
    good = vectors @ space.means([(sentence,) for sentence in GOOD]).T
    rules = {}
    for rule in BY_ENCODER:
        bad = vectors @ space.means([(sentence,) for sentence in PROMPTS[rule]]).T
        gap = bad.max(axis=1, initial=-1) - good.max(axis=1, initial=-1)
        rules[rule.value] = _sigmoid(TEMPERATURE * gap)
    return Scores(rules, {}, [("", 0.0)] * len(vectors), "prompts")


def prompt_views(encoder: Encoder, vectors: Vectors) -> list[tuple[str, float]]:
    """Views by prompts, to be compared with a head: too often wrong to be stored."""
    space = text_space(encoder)
    near = np.stack([vectors @ space.means([words])[0] for words in VIEWS.values()], axis=1)
    return _best((TEMPERATURE * near).astype(np.float32), tuple(VIEWS))


def _read(path: Path, encoder_id: str) -> Head:
    with safe_open(path, framework="numpy") as file:
        told = json.loads(file.metadata()["head"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    if told["encoder_id"] != encoder_id:
        raise ValueError(f"fitted to {told['encoder_id']}")
    return Head(
        encoder_id=encoder_id,
        rules=tuple(told["rules"]),
        weight=tensors["weight"],
        bias=tensors["bias"],
        thresholds=told["thresholds"],
        views=tuple(told["views"]),
        view_weight=tensors["view_weight"],
        view_bias=tensors["view_bias"],
        photos=told.get("photos", 0),
    )


def _sigmoid(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    odds: npt.NDArray[np.float32] = (1 / (1 + np.exp(-np.clip(logits, -40, 40)))).astype(np.float32)
    return odds


def _best(logits: npt.NDArray[np.float32], names: Sequence[str]) -> list[tuple[str, float]]:
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares = shifted / shifted.sum(axis=1, keepdims=True)
    known = set(View.values)
    best = [(names[int(row.argmax())], round(float(row.max()), 4)) for row in shares]
    return [(name if name in known else "", share) for name, share in best]
