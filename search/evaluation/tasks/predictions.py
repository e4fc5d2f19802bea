"""What is predicted where no shop states it: from which confidence on is it right, and how much is
then told at all (``SHOEFINDER_PREDICTION_CONFIDENCE``).

The predictors are those of ``search.services.predicting``: the main colour by words and counted
pixels, everything else by the vote of the nearest photos of other shoes that state it. One photo
each; the catalog takes the mean of up to four.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from search.evaluation.datasets import ShoePhoto
from search.evaluation.metrics import Bootstrap
from search.evaluation.protocol import EvaluationError, Measured, Request, Row
from search.evaluation.tasks.attributes import (
    ATTRIBUTES,
    Attribute,
    Sides,
    colours_believed,
    labelled,
    stated,
)
from search.recognition.voting import NEIGHBOURS, attribute_vote
from search.texts import COLOUR_SLUGS

THRESHOLDS: Final = (0.0, 0.6, 0.7, 0.8, 0.9)
Told = tuple[list[str], npt.NDArray[np.float64]]
"""Values and their confidence, one of each for every photo."""


class PredictionsTask:
    """Every attribute is a method, from every confidence on: ``brand@0.8``."""

    name = "predictions"
    summary = "attributes that nobody states: how often they are right from a confidence on"
    baselines: tuple[str, ...] = ()

    @property
    def methods(self) -> tuple[str, ...]:
        return tuple(ATTRIBUTES)

    def run(self, request: Request, methods: Sequence[str]) -> Measured:
        rows: dict[str, Row] = {}
        said = []
        for name, asked, others in labelled(request, methods, _sides):
            attribute = ATTRIBUTES[name]
            predict = _colours if name == "colour" else _votes
            values, confidence = predict(request, attribute, asked, others)
            right = np.array(values) == np.array([attribute.value(photo) for photo in asked])
            rows |= _rows(name, right, confidence, seed=request.seed)
            said.append(f"{name} of {len(asked)} {asked[0].dataset} photos beside {len(others)}")
        return Measured(
            task=self.name, encoder=str(request.encoder.id), rows=rows, setting="; ".join(said)
        )


def _rows(
    name: str,
    right: npt.NDArray[np.bool_],
    confidence: npt.NDArray[np.float64],
    *,
    seed: int,
) -> dict[str, Row]:
    rows: dict[str, Row] = {}
    for least in THRESHOLDS:
        sure = confidence >= least
        figures = {"told": Bootstrap(len(sure), seed=seed).mean(sure)}
        if sure.any():
            figures["right"] = Bootstrap(int(sure.sum()), seed=seed).mean(right[sure])
        rows[f"{name}@{least:g}"] = figures
    return rows


def _sides(request: Request, attribute: Attribute) -> Sides:
    """Photos to predict for, and those that state the attribute; of no shoe on both sides."""
    if request.side == "train":
        raise EvaluationError("The training share states what it would be asked for.")
    if request.sides:
        gallery, queries = request.sides
        return request.sample(stated(queries, attribute)), stated(gallery, attribute)
    photos = stated(request.source, attribute)
    asked = request.judged(photos)
    if len(asked) == len(photos):
        return request.sample(asked), photos  # each beside all others
    shown = {"train"} if request.side == "validation" else {"train", "validation"}
    return request.sample(asked), [photo for photo in photos if photo.split in shown]


def _votes(
    request: Request, attribute: Attribute, asked: Sequence[ShoePhoto], others: Sequence[ShoePhoto]
) -> Told:
    vectors, known = request.embed(asked, "photos"), request.embed(others, "the gallery")
    groups = np.array([photo.group for photo in others])
    labels = [attribute.value(photo) for photo in others]
    found = []
    for photo, vector in zip(asked, vectors, strict=True):
        scores = known @ vector
        scores[groups == photo.group] = -np.inf
        near = np.argsort(-scores, kind="stable")[:NEIGHBOURS]
        near = near[np.isfinite(scores[near])]
        found.append(attribute_vote(scores[near], [labels[i] for i in near]))
    return [value for value, _ in found], np.array([share for _, share in found])


def _colours(
    request: Request, attribute: Attribute, asked: Sequence[ShoePhoto], others: Sequence[ShoePhoto]
) -> Told:
    logs = colours_believed(request, asked, request.embed(asked, "photos"))
    shares = np.exp(logs - logs.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    return [COLOUR_SLUGS[i] for i in shares.argmax(axis=1)], shares.max(axis=1).astype(np.float64)
