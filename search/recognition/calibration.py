"""How far a method can be believed: confidence that is a probability, and "we do not have it".

Everything is learned from photos that the method did not see: each group of near-duplicates held
out (known shoes), and whole models held out (shoes that the catalog lacks).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Final, Self

import numpy as np

from search.recognition.base import (
    NEVER,
    Fitted,
    Floats,
    Method,
    Report,
    silent,
    softmax,
    unit_rows,
)
from search.recognition.blend import conditional_logit
from search.recognition.gallery import Gallery, Labels
from search.recognition.neighbours import similarities
from search.texts import TextSpace

FOLDS: Final = 5
ENOUGH: Final = 30
"""Held-out photos, of known and of unknown shoes each, from which a calibration is learned."""
NAMED: Final = 0.9
"""Share of the shoes that would be named rightly that the reject threshold lets through."""
BINS: Final = 10
PENALTY: Final = 1e-3
"""On the weights of certainty (validation: AUROC .843 at it, .837 at ten times as much)."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Learned from held-out photos; the defaults say nothing beyond the method's own scores."""

    temperature: float = 1.0
    """Logits are divided by it before the softmax (Guo et al. 2017)."""
    weights: tuple[float, ...] = (8.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    bias: float = -4.8
    """Of the logistic model of certainty over `signals`; by default a confidence of .6 is even."""
    reject: float = 0.5
    """Certainty from which the shoe counts as known."""
    measured: bool = False
    """Whether there were photos enough to learn all this from."""
    figures: dict[str, float] = field(default_factory=dict)
    """On the held-out photos: ``known``, ``unknown`` (photos), ``top1``, ``ece``, ``auroc``,
    ``false_names``."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        return cls(**{**values, "weights": tuple(values["weights"])})

    def probabilities(self, logits: Floats) -> Floats:
        """Calibrated, over the last axis."""
        return softmax(np.where(logits > NEVER / 2, logits / self.temperature, NEVER))

    def certainty(self, signs: Floats) -> Floats:
        """That the photo shows a shoe of the catalog and is named rightly, in (0, 1); (n,)."""
        return np.asarray(1 / (1 + np.exp(-(signs @ np.array(self.weights) + self.bias))))


def signals(calibrated: Floats, nearest: Floats, likeness: Floats) -> Floats:
    """What certainty is made of, shape (n, 6).

    ``calibrated`` are logits divided by the temperature, (n, c); ``nearest`` the similarity of the
    nearest photo of all, (n,); ``likeness`` the cosine to the mean of the model named, (n,). Signs:
    confidence, logit, margin to the second (both squashed), negative entropy, nearest, likeness.
    """
    p = softmax(calibrated)
    order = np.sort(calibrated, axis=1)
    first = order[:, -1]
    second = order[:, -2] if order.shape[1] > 1 else np.full_like(first, NEVER)
    return np.stack(
        [
            p.max(axis=1),
            np.tanh(first / 20),
            np.tanh((first - second) / 4),
            (p * np.log(np.maximum(p, 1e-12))).sum(axis=1),
            nearest,
            likeness,
        ],
        axis=1,
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """Held-out photos and what a method that never saw them said."""

    logits: Floats
    nearest: Floats
    prototypes: Floats
    """Cosines to the means of the photos that the method saw, (n, c)."""
    truth: Labels
    """-1: the method saw no photo of the model."""


def calibrate(
    method: Method,
    fitted: Fitted,
    gallery: Gallery,
    space: TextSpace | None,
    *,
    held_out: Gallery | None = None,
    report: Report = silent,
) -> Calibration:
    """Learn to believe ``fitted``, which ``method`` made of ``gallery``.

    ``held_out`` are photos of the same models that the method, and the encoder, never saw; without
    them the gallery is asked about itself in folds.
    """
    settled = method.settled(fitted)
    whole = _known(settled, fitted, gallery, space, held_out, report)
    known, unknown = _without_models(settled, gallery, space, held_out, report)
    if min(len(whole.truth), len(unknown.truth)) < ENOUGH or len(known.truth) < ENOUGH // 2:
        return Calibration()
    temperature = _temperature(whole)
    _, rightly, confidence = _signs(whole, temperature)
    positive, right, _ = _signs(known, temperature)
    negative, _, _ = _signs(unknown, temperature)
    weights, bias = _logistic(positive[right], negative)
    made = Calibration(temperature=temperature, weights=weights, bias=bias)
    certain, doubtful = made.certainty(positive), made.certainty(negative)
    reject = float(np.quantile(certain[right], 1 - NAMED)) if right.any() else 0.5
    return Calibration(
        temperature=temperature,
        weights=weights,
        bias=bias,
        reject=reject,
        measured=True,
        figures={
            "known": float(len(right)),
            "unknown": float(len(doubtful)),
            "top1": float(rightly.mean()),
            "ece": calibration_error(confidence, rightly),
            "auroc": auroc(certain[right], doubtful),
            "false_names": float((doubtful >= reject).mean()),
        },
    )


def calibration_error(confidence: Floats, right: np.ndarray[Any, np.dtype[np.bool_]]) -> float:
    """Expected calibration error over ``BINS`` bins of equal width (Naeini et al. 2015)."""
    bins = np.minimum((confidence * BINS).astype(np.intp), BINS - 1)
    gaps = np.bincount(bins, weights=confidence - right, minlength=BINS)
    return float(np.abs(gaps).sum() / len(confidence))


def auroc(known: Floats, unknown: Floats) -> float:
    """The chance that a known query has more certainty than an unknown one; ties count half."""
    values = np.sort(unknown)
    below = np.searchsorted(values, known, side="left")
    upto = np.searchsorted(values, known, side="right")
    return float((below + upto).mean() / 2 / len(unknown)) if len(known) else 0.5


def _known(
    method: Method,
    fitted: Fitted,
    gallery: Gallery,
    space: TextSpace | None,
    held_out: Gallery | None,
    report: Report,
) -> Asked:
    """Photos held out, asked of all models: what confidence is learned from."""
    if held_out is not None:
        return _ask(fitted, gallery, held_out)
    fold = gallery.folds(FOLDS)
    parts = []
    for number in range(FOLDS):
        report("Holding out photos", number, FOLDS)
        seen, asked = gallery.only(fold != number), gallery.only(fold == number)
        asked = asked.only(seen.counts[asked.labels] > 0)
        if len(seen) and len(asked):
            parts.append(_ask(method.fit(seen, space), seen, asked))
    return _joined(parts, len(gallery.models))


def _without_models(
    method: Method,
    gallery: Gallery,
    space: TextSpace | None,
    held_out: Gallery | None,
    report: Report,
) -> tuple[Asked, Asked]:
    """Photos held out, of models that are there and of models that are not; each photo once in
    each way, and both ways of one and the same gallery: logits of one with fewer models differ,
    and would tell known from unknown where nothing else does."""
    models = np.random.default_rng(0).permutation(np.flatnonzero(gallery.counts))
    hand = np.full(len(gallery.models), -1, np.intp)
    hand[models] = np.arange(len(models)) % FOLDS
    fold = gallery.folds(FOLDS)
    known, unknown = [], []
    for number in range(FOLDS):
        report("Holding out models", number, FOLDS)
        beside = (number + 1) % FOLDS
        if held_out is None:
            away = fold == number
            seen = gallery.only((hand[gallery.labels] != number) & ~away)
            asked, there = gallery, away & (hand[gallery.labels] != number)
        else:
            seen = gallery.only(hand[gallery.labels] != number)
            asked, there = held_out, hand[held_out.labels] == beside
        there = there & (seen.counts[asked.labels] > 0)
        gone = hand[asked.labels] == number
        if len(seen) and there.any() and gone.any():
            fitted = method.fit(seen, space)
            known.append(_ask(fitted, seen, asked.only(there)))
            unknown.append(_ask(fitted, seen, asked.only(gone)))
    return _joined(known, len(gallery.models)), _joined(unknown, len(gallery.models))


def _ask(fitted: Fitted, seen: Gallery, asked: Gallery) -> Asked:
    near = similarities(asked.vectors, seen.vectors)
    means = unit_rows(seen.membership().T @ seen.vectors)
    return Asked(
        logits=fitted.scores(asked.vectors),
        nearest=near.max(axis=1),
        prototypes=np.asarray(asked.vectors @ means.T, np.float64),
        truth=np.where(seen.counts[asked.labels] > 0, asked.labels, -1),
    )


def _joined(parts: list[Asked], classes: int) -> Asked:
    if not parts:
        none = np.empty((0, classes))
        return Asked(none, np.empty(0), none, np.empty(0, np.intp))
    return Asked(
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("logits", "nearest", "prototypes", "truth")
        )
    )


def _temperature(known: Asked) -> float:
    """By maximum likelihood: a conditional logit with the logits as its one feature."""
    return 1.0 / max(float(conditional_logit(known.logits[..., None], known.truth)[0]), 1e-6)


def _signs(
    asked: Asked, temperature: float
) -> tuple[Floats, np.ndarray[Any, np.dtype[np.bool_]], Floats]:
    """Signals, whether the name is right, and the confidence in it."""
    calibrated = np.where(asked.logits > NEVER / 2, asked.logits / temperature, NEVER)
    named = calibrated.argmax(axis=1)
    likeness = asked.prototypes[np.arange(len(named)), named]
    signs = signals(calibrated, asked.nearest, likeness)
    return signs, named == asked.truth, signs[:, 0]


def _logistic(positive: Floats, negative: Floats) -> tuple[tuple[float, ...], float]:
    """Weights and bias of a logistic model; each class weighs the same.

    No weight is negative: further from every photo must never mean more certain, however the
    signals go together among the photos held out.
    """
    both = np.concatenate([positive, negative])
    mean, scale = both.mean(axis=0), both.std(axis=0) + 1e-9
    n = max(len(positive), len(negative))
    rows = np.concatenate(
        [
            np.resize(np.arange(len(positive)), n),
            len(positive) + np.resize(np.arange(len(negative)), n),
        ]
    )
    x = np.concatenate(
        [(both[rows] - mean) / scale, np.ones((2 * n, 1)), -np.ones((2 * n, 1))], axis=1
    )
    features = np.stack([np.zeros_like(x), x], axis=1)
    truth = np.repeat([1, 0], n)
    w = conditional_logit(features, truth, penalty=PENALTY)
    weights = w[:-2] / scale
    return tuple(weights.tolist()), float(w[-2] - w[-1] - mean @ weights)
