"""How well each photo rule tells unfit photos from good ones: by the head, and by prompts.

Good are the photos as they are; unfit ones are made of photos of the same share (crops, covered
with text, darkened, collages), or drawn (clothes, boxes, blanks …). ``blurred`` is measured in the
pixels and judged on photos blurred by 4 % of their side.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import ImageFilter

from catalog.photo_rules import measure
from search.evaluation.datasets import DatasetError
from search.evaluation.metrics import Bootstrap, Mask
from search.evaluation.protocol import Measured, Request, Row
from search.rules.scoring import head_load, prompt_scores
from search.training.photo_rules import GOOD, Labelled, labelled_vectors, threshold_for
from search.training.unfit import shoe_open

LIMIT: Final = 400
PRECISION: Final = 0.95
BLUR_LIMIT: Final = 0.12
"""As in SHOEFINDER_PHOTO_RULES."""


class PhotoRulesTask:
    """Precision counts a rejection as right if the photo breaks any rule; recall is over the photos
    made for the rule. Prompts get the threshold that reaches the goal on validation."""

    name = "photo-rules"
    summary = "precision and recall of each photo rule, by the trained head and by prompts"
    methods: tuple[str, ...] = ("head", "prompts", "pixels")
    baselines: tuple[str, ...] = ()

    def run(self, request: Request, methods: Sequence[str]) -> Measured:
        photos = request.source.labelled()
        others = _others(request)
        made = labelled_vectors(
            request.encoder, photos, others=others, sides=("validation", "test"),
            limit=request.limit or LIMIT,
            seed=request.seed + 1, tell=request.report,
        )  # fmt: skip
        side = request.side if request.side in ("validation", "test") else "test"
        test, validation = made.of(side), made.of("validation")
        if not len(test.labels):
            raise DatasetError(f"No photo falls into the share {side!r}.")
        rows: dict[str, Row] = {}
        head = head_load(str(request.encoder.id))
        if "head" in methods and head is not None:
            scores = head.score(test.vectors)
            for rule, limit in scores.thresholds.items():
                rows[f"{rule} head"] = _row(scores.rules[rule] >= limit, rule, test, request)
        if "prompts" in methods:
            rows |= _by_prompts(request, validation, test)
        if "pixels" in methods:
            own = [photo for photo in photos if photo.split == side][: request.limit or LIMIT]
            rows["blurred pixels"] = _blurred([photo.path for photo in own], request)
        return Measured(
            task=self.name,
            encoder=str(request.encoder.id),
            rows=rows,
            setting=(
                f"{int((test.labels == GOOD).sum())} good photos and "
                f"{int((test.labels != GOOD).sum())} made unfit, share {side}"
                + ("" if head else "; there is no head for this encoder")
            ),
        )


def _others(request: Request) -> list[Path]:
    """Photos of other things beside the labelled ones, if there is a folder ``others``."""
    folder = request.data / "others" if isinstance(request.data, Path) else None
    return sorted(folder.rglob("*.*")) if folder is not None and folder.is_dir() else []


def _by_prompts(request: Request, validation: Labelled, test: Labelled) -> dict[str, Row]:
    rows: dict[str, Row] = {}
    chosen = prompt_scores(request.encoder, validation.vectors)
    scores = prompt_scores(request.encoder, test.vectors)
    for rule, own in scores.rules.items():
        limit = threshold_for(chosen.rules[rule], validation.labels != GOOD, PRECISION)
        rejected = own >= limit if limit is not None else np.zeros(len(own), bool)
        rows[f"{rule} prompts"] = _row(rejected, rule, test, request)
    return rows


def _row(rejected: Mask, rule: str, test: Labelled, request: Request) -> Row:
    mine, unfit = test.labels == rule, test.labels != GOOD
    bootstrap = Bootstrap(len(rejected), seed=request.seed)
    return {
        "precision": bootstrap.of(share_of(rejected & unfit, rejected)),
        "recall": bootstrap.of(share_of(rejected & mine, mine)),
    }


def share_of(part: Mask, whole: Mask) -> _Figure:
    """The share of ``whole`` that is in ``part``, to be asked for chosen photos."""
    return _Figure(part, whole)


class _Figure:
    """part / whole over chosen photos; 0 of nothing is 0: doing nothing must not flatter."""

    def __init__(self, part: Mask, whole: Mask) -> None:
        self.part, self.whole = part, whole

    def __call__(self, places: npt.NDArray[np.intp]) -> float:
        return float(self.part[places].sum() / max(1, self.whole[places].sum()))


def _blurred(paths: Sequence[Path], request: Request) -> Row:
    sharp: list[float] = []
    blurred: list[float] = []
    for path in paths:
        photo = shoe_open(path)
        sharp.append(measure(photo).sharpness)
        radius = 0.04 * max(photo.size)
        blurred.append(measure(photo.filter(ImageFilter.GaussianBlur(radius))).sharpness)
    values = np.array(sharp + blurred)
    truth = np.array([False] * len(sharp) + [True] * len(blurred))
    rejected = values < BLUR_LIMIT
    bootstrap = Bootstrap(len(values), seed=request.seed)
    return {
        "precision": bootstrap.of(share_of(rejected & truth, rejected)),
        "recall": bootstrap.of(share_of(rejected & truth, truth)),
    }
