"""Words to photos: does a title, or a plain description, find the shoes that it is about?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np

from search.edits import prompt_name
from search.evaluation.datasets import DatasetError, ShoePhoto
from search.evaluation.metrics import Bootstrap, average_precision, recall_at, reciprocal_rank
from search.evaluation.protocol import Measured, Request, Row
from search.evaluation.sources import preferred
from search.evaluation.tasks.edit import main_colour
from search.texts import text_space

K: Final = 10
DATASETS: Final = ("footlocker", "myntra")


def title(photo: ShoePhoto) -> str:
    """As the shop wrote it."""
    return photo.title


def description(photo: ShoePhoto) -> str:
    """As a person would ask: colour, brand, for whom."""
    colour = main_colour(photo)
    if not (colour and photo.brand):
        return ""
    whose = {"men": "men's ", "women": "women's "}.get(photo.gender, "")
    return f"{prompt_name(colour)} {photo.brand} {whose}{photo.category or 'shoes'}"


WORDINGS: Final[Mapping[str, Callable[[ShoePhoto], str]]] = {
    "title": title,
    "description": description,
}


class TextTask:
    """Each distinct text is a query; right is every photo that it is true of."""

    name = "text"
    summary = "titles and descriptions to photos"
    baselines: tuple[str, ...] = ()

    @property
    def methods(self) -> tuple[str, ...]:
        return tuple(WORDINGS)

    def run(self, request: Request, methods: Sequence[str]) -> Measured:
        photos = request.judged(_titled(request))
        vectors = request.embed(photos, "the photos")
        space = text_space(request.encoder)
        rows: dict[str, Row] = {}
        for method in methods:
            about: dict[str, list[int]] = defaultdict(list)
            for place, photo in enumerate(photos):
                if text := WORDINGS[method](photo):
                    about[text].append(place)
            texts = request.sample(sorted(about))
            if not texts:
                continue
            figures = []
            for number, text in enumerate(texts):
                request.report(f"Asking by {method}", number, len(texts))
                order = np.argsort(-(vectors @ space.mean((text,))), kind="stable")
                right = np.isin(order, about[text])
                figures.append(
                    (
                        recall_at(right, 1),
                        recall_at(right, K),
                        average_precision(right),
                        reciprocal_rank(right),
                    )
                )
            bootstrap = Bootstrap(len(texts), seed=request.seed)
            columns = np.array(figures, np.float64).T
            rows[method] = {
                name: bootstrap.mean(values)
                for name, values in zip(("r1", "r10", "map", "mrr"), columns, strict=True)
            }
        if not rows:
            raise DatasetError(f"No photo in {request.source} has a title or a description.")
        return Measured(
            task=self.name,
            encoder=str(request.encoder.id),
            rows=rows,
            setting=f"distinct texts against {len(photos)} {photos[0].dataset} photos",
        )


def _titled(request: Request) -> list[ShoePhoto]:
    def worded(photo: ShoePhoto) -> bool:
        return any(wording(photo) for wording in WORDINGS.values())

    return preferred(request.source, DATASETS, worded, "has a title or a description")
