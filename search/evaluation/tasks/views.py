"""From where is a photo taken: by the head, by prompts, and by always saying "lateral".

A view counts as told where its confidence reaches SHOEFINDER_VIEW_SURE, as in the catalog; below
it, and for what is none of the views (three-quarter, details), no answer is right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from django.conf import settings

from catalog.models import View
from search.evaluation.metrics import Bootstrap, Estimate, Mask
from search.evaluation.protocol import EvaluationError, Measured, Request, Row
from search.evaluation.tasks.photo_rules import share_of
from search.rules.scoring import head_load, prompt_views
from search.training.views import viewed_photos
from search.types import Vectors


class ViewsTask:
    """Precision and recall of each view; the last row of a method is over all views."""

    name = "views"
    summary = "from where a photo is taken: precision and recall of each view"
    methods: tuple[str, ...] = ("head", "prompts", "lateral")
    baselines: tuple[str, ...] = ("lateral",)

    def run(self, request: Request, methods: Sequence[str]) -> Measured:
        if not isinstance(request.data, Path):
            raise EvaluationError("The task views is measured on a folder of photos: --data.")
        side = request.side or "test"
        told = [one for one in viewed_photos(request.data) if side in ("all", one.photo.split)]
        told = request.sample(told)
        if not told:
            raise EvaluationError(f"No photo falls into the share {side!r}.")
        vectors = request.embed([one.photo for one in told], "photos")
        truth = np.array([one.view for one in told])
        rows: dict[str, Row] = {}
        for method in methods:
            if (guesses := _guesses(method, request, vectors)) is not None:
                rows |= _rows(method, np.array(guesses), truth, request)
        counted = Counter(truth.tolist())
        return Measured(
            task=self.name,
            encoder=str(request.encoder.id),
            rows=rows,
            setting=f"{len(told)} photos, share {side}: "
            + ", ".join(f"{count} {view}" for view, count in counted.most_common())
            + f"; told from a confidence of {settings.SHOEFINDER_VIEW_SURE:g}",
        )


def _guesses(method: str, request: Request, vectors: Vectors) -> list[str] | None:
    if method == "lateral":
        return [View.LATERAL.value] * len(vectors)
    if method == "prompts":
        found = prompt_views(request.encoder, vectors)
    else:
        head = head_load(str(request.encoder.id))
        if head is None or not head.views:
            return None
        found = head.tell_views(vectors)
    return [view if sure >= settings.SHOEFINDER_VIEW_SURE else "" for view, sure in found]


def _rows(method: str, guesses: Mask, truth: Mask, request: Request) -> dict[str, Row]:
    bootstrap = Bootstrap(len(truth), seed=request.seed)

    def row(said: Mask, true: Mask, right: Mask) -> dict[str, Estimate]:
        return {
            "precision": bootstrap.of(share_of(right, said)),
            "recall": bootstrap.of(share_of(right, true)),
        }

    rows: dict[str, Row] = {}
    for view in View.values:
        said, true = guesses == view, truth == view
        if true.any() or said.any():
            rows[f"{view} {method}"] = row(said, true, said & true)
    any_view = np.isin(truth, View.values)
    rows[f"all {method}"] = row(guesses != "", any_view, (guesses == truth) & any_view)
    return rows
