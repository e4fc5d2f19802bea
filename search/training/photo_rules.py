"""Fit the head of the photo rules to an encoder: a logistic regression for each rule.

The labelled set is made of the photos of a folder laid out like SHOEFINDER_DATA: as they are they
are good, distorted (search.training.unfit) they break a rule. Splits go by the photos' groups.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image
from sklearn.linear_model import LogisticRegression

from catalog.photo_rules import BY_ENCODER, Rule
from search.encoders import Encoder
from search.evaluation.datasets import DatasetError, ShoePhoto
from search.evaluation.splits import Split, split_of
from search.rules.scoring import Head, head_load, head_path
from search.training import unfit
from search.training.record import tensors_write
from search.types import Vectors

GOOD: Final = "good"
GOOD_LOST: Final = 0.01
"""Share of good photos that one rule may reject on validation. In a crawl most photos are good, so
that precision on a set which is mostly unfit would flatter."""
PRECISION: Final = 0.97
"""That a threshold must reach on validation: above the goal of 0.95, since the test is another
draw."""
PHOTOS: Final = 900
"""Good photos of each data set at most."""
Tell = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Labelled:
    """Vectors of photos and what they are."""

    vectors: Vectors
    labels: npt.NDArray[np.str_]
    """`GOOD` or a rule."""
    sides: npt.NDArray[np.str_]
    """train, validation or test."""

    def of(self, side: str) -> Labelled:
        chosen = self.sides == side
        return Labelled(self.vectors[chosen], self.labels[chosen], self.sides[chosen])


def labelled_vectors(
    encoder: Encoder,
    photos: Sequence[ShoePhoto],
    *,
    others: Sequence[Path] = (),
    sides: Sequence[Split] = ("train", "validation", "test"),
    seed: int = 0,
    limit: int = PHOTOS,
    tell: Tell | None = None,
) -> Labelled:
    """Make the labelled photos and encode them.

    Args:
        photos: good ones, of any number of data sets.
        others: photos of anything but shoes, used beside what is drawn.
        sides: which shares to make.
        limit: good photos of a data set at most, half as many of validation and of test.
    """
    if not photos:
        raise DatasetError("There is no photo to make unfit ones of.")
    draw = Random(seed)  # noqa: S311 - the same set each time
    chosen: list[ShoePhoto] = []
    for name in sorted({photo.dataset for photo in photos}):
        for side in sides:
            own = [photo for photo in photos if photo.dataset == name and photo.split == side]
            most = limit if side == "train" else max(1, limit // 2)
            chosen += draw.sample(own, min(most, len(own)))
    # Mixed, so that a collage is of several kinds.
    draw.shuffle(chosen)
    strangers = {side: _strangers(others, side) for side in sides}
    made = _made(chosen, strangers, draw)
    vectors: list[Vectors] = []
    labels: list[str] = []
    where: list[str] = []
    batch: list[Image.Image] = []
    total = int(len(chosen) * 3.2)
    for image, label, share in made:
        batch.append(image)
        labels.append(label)
        where.append(share)
        if len(batch) == 64:
            vectors.append(encoder.encode_images(batch))
            batch = []
            if tell:
                tell("Making and encoding photos", len(labels), max(total, len(labels)))
    if batch:
        vectors.append(encoder.encode_images(batch))
    return Labelled(np.concatenate(vectors), np.array(labels), np.array(where))


def _made(
    photos: Sequence[ShoePhoto], strangers: dict[Split, list[Image.Image]], draw: Random
) -> Iterator[tuple[Image.Image, str, str]]:
    recent: dict[str, list[Image.Image]] = {}
    for photo in photos:
        side = photo.split
        image = unfit.shoe_open(photo.path)
        near = recent.setdefault(side, [])
        near.append(image)
        del near[:-24]
        yield image, GOOD, side
        for rule, make in unfit.BY_PHOTO.items():
            if draw.random() < 1 / 3:
                yield make(image, draw), rule.value, side
        if draw.random() < 1 / 3 and len(near) > 3:
            yield unfit.collage(near, draw), Rule.COLLAGE.value, side
        if draw.random() < 1 / 4:
            yield unfit.box(draw), Rule.BOX.value, side
        if draw.random() < 2 / 3:
            yield unfit.not_a_shoe(draw, strangers[side]), Rule.NOT_A_SHOE.value, side


def _strangers(paths: Sequence[Path], side: Split) -> list[Image.Image]:
    own = [path for path in sorted(paths) if split_of(path.name) == side]
    return [unfit.shoe_open(path) for path in own]


def head_fit(encoder: Encoder, labelled: Labelled, *, folder: Path) -> dict[str, float]:
    """Fit each rule on the train share, choose thresholds on validation, and write the head.

    A rule's threshold is the lowest score from which `PRECISION` of what is rejected on validation
    deserves it, whatever rule it breaks, and at most `GOOD_LOST` of the good photos go with it; a
    rule that never gets there has none and rejects nothing. The views that the encoder's head told
    before are kept.

    Returns:
        The thresholds.
    """
    train, validation = labelled.of("train"), labelled.of("validation")
    rules = [rule for rule in BY_ENCODER if (train.labels == rule.value).any()]
    weight, bias, thresholds = [], [], {}
    for rule in rules:
        truth = train.labels == rule.value
        model = LogisticRegression(C=30.0, class_weight="balanced", max_iter=2000)
        model.fit(train.vectors, truth)
        weight.append(model.coef_[0])
        bias.append(float(model.intercept_[0]))
        scores = 1 / (1 + np.exp(-(validation.vectors @ weight[-1] + bias[-1])))
        limit = threshold_for(scores, validation.labels != GOOD, PRECISION)
        if limit is not None:
            thresholds[rule.value] = limit
    dim = labelled.vectors.shape[1]
    known = head_load(str(encoder.id)) or head_empty(encoder)
    head = Head(
        encoder_id=str(encoder.id),
        rules=tuple(rule.value for rule in rules),
        weight=np.array(weight, np.float32).reshape(-1, dim),
        bias=np.array(bias, np.float32),
        thresholds=thresholds,
        views=known.views,
        view_weight=known.view_weight,
        view_bias=known.view_bias,
        photos=len(train.labels),
    )
    head_write(head, folder=folder)
    return thresholds


def head_empty(encoder: Encoder) -> Head:
    """A head that knows no rule and no view."""
    none = np.zeros((0, encoder.dim), np.float32), np.zeros(0, np.float32)
    return Head(str(encoder.id), (), *none, {}, (), *none)


def head_write(head: Head, *, folder: Path) -> None:
    """Under the name of its encoder, where `head_load` looks for it."""
    folder.mkdir(parents=True, exist_ok=True)
    told = {
        "encoder_id": head.encoder_id,
        "rules": list(head.rules),
        "thresholds": dict(head.thresholds),
        "views": list(head.views),
        "photos": head.photos,
    }
    tensors_write(
        head_path(folder, head.encoder_id),
        {
            "weight": head.weight,
            "bias": head.bias,
            "view_weight": head.view_weight,
            "view_bias": head.view_bias,
        },
        metadata={"head": json.dumps(told, sort_keys=True)},
    )


def threshold_for(
    scores: npt.NDArray[np.floating], deserved: npt.NDArray[np.bool_], precision: float
) -> float | None:
    """The lowest score from which at least ``precision`` of the rejected deserve it; at least 20
    must be rejected, or the share says nothing. None where no score reaches it."""
    order = np.argsort(-scores, kind="stable")
    right = np.cumsum(deserved[order])
    share = right / np.arange(1, len(order) + 1)
    lost = np.cumsum(~deserved[order]) / max(1, int((~deserved).sum()))
    enough = np.arange(1, len(order) + 1) >= 20
    good = np.flatnonzero((share >= precision) & (lost <= GOOD_LOST) & enough)
    return round(float(scores[order[good[-1]]]), 4) if len(good) else None
