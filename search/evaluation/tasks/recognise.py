"""Which model is it? Photos that no gallery photo is a near-duplicate of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from search.evaluation.datasets import DatasetError, ShoePhoto
from search.evaluation.findings import (
    WORST,
    Answer,
    Curve,
    Example,
    Examples,
    Finding,
    confusion_of,
)
from search.evaluation.metrics import Bootstrap
from search.evaluation.naming import (
    METHODS,
    Contest,
    Labels,
    contest_of,
    figures,
    named_by,
    naming_method,
    usable,
)
from search.evaluation.protocol import EvaluationError, Measured, Request, Row
from search.evaluation.sources import Source, preferred
from search.texts import text_space

SIZES: Final = (1, 2, 4, 8, 16)
"""Photos of each model in smaller galleries; a row ``METHOD@SIZE`` each."""


class RecogniseTask:
    """Every naming method, over the whole gallery and over smaller ones."""

    name = "recognise"
    summary = "which model is it: queries by near-duplicate group, gallery of the other photos"
    baselines: tuple[str, ...] = ()

    @property
    def methods(self) -> tuple[str, ...]:
        return tuple(METHODS)

    def run(self, request: Request, methods: Sequence[str]) -> Measured:
        for method in methods:
            naming_method(method)  # told before anything is embedded
        gallery, queries = sides(request)
        queries = request.sample(queries)
        vectors = request.embed(queries, "the queries"), request.embed(gallery, "the gallery")
        contest = contest_of(queries, gallery, vectors, space=text_space(request.encoder))
        bootstrap = Bootstrap(len(queries), seed=request.seed)
        rows: dict[str, Row] = {}
        sized: dict[str, Row] = {}
        named: dict[str, Labels] = {}
        lines: dict[str, list[tuple[float, float]]] = {}
        galleries = smaller_galleries(contest, seed=request.seed)
        average = max(len(gallery) / len(contest.names), *galleries, 1)
        chosen = usable(methods, contest, asked=request.method)
        for number, method in enumerate(chosen):
            request.report(f"Naming by {method}", number, len(chosen))
            named[method] = named_by(method, contest)
            rows[method] = figures(named[method], contest.truth, bootstrap)
            lines[method] = []
            for size, small in galleries.items():
                row = figures(named_by(method, small), contest.truth, bootstrap)
                sized[f"{method}@{size}"] = row
                lines[method].append((size, row["top1"].value))
            lines[method].append((average, rows[method]["top1"].value))
        best = max(rows, key=lambda method: rows[method]["top1"].value)
        return Measured(
            task=self.name,
            encoder=str(request.encoder.id),
            rows=rows | sized,
            setting=f"{len(queries)} queries against {len(gallery)} photos of "
            f"{len(contest.names)} models; METHOD@N: N photos of each model",
            findings=[
                Curve(
                    title="Top-1 by photos of each model in the gallery (last: all, on average)",
                    across="photos of a model", up="top-1", lines=lines, logarithmic=True,
                ),
                *mistakes(contest, queries, gallery, named[best], best),
            ],
        )  # fmt: skip


def smaller_galleries(contest: Contest, *, seed: int) -> dict[int, Contest]:
    """By number of photos of each model, drawn by ``seed``, each within the next larger one.

    Sizes that no model has more photos than are left out: they would be the whole gallery.
    """
    most = int(contest.gallery.counts.max())
    return {
        size: contest.among(contest.gallery.draw(size, seed=seed)) for size in SIZES if size < most
    }


def mistakes(
    contest: Contest,
    queries: Sequence[ShoePhoto],
    gallery: Sequence[ShoePhoto],
    named: Labels,
    method: str,
) -> list[Finding]:
    """What is taken for what, and the queries whose right model comes last, with what came first.

    Nearest photos are shown whatever the method, because they are what there is to see.
    """
    names = (*contest.names, "nothing", "a model that is not there")
    said = [names[label] for label in named[:, 0]]
    true = [names[label] for label in contest.truth]
    scores, labels = contest.similarities(), contest.gallery.labels
    own = labels[None, :] == contest.truth[:, None]
    best_own = np.where(own, scores, -np.inf).max(axis=1)
    behind = (scores > best_own[:, None]).sum(axis=1) * (contest.truth >= 0)
    worst = [q for q in np.argsort(-behind, kind="stable")[:WORST] if behind[q]]
    shown = []
    for query in worst:
        nearest = np.argsort(-scores[query], kind="stable")[:4]
        shown.append(
            Example(
                photo=queries[query].path,
                asked=f"{true[query]} (its nearest photo is number {behind[query] + 1})",
                answers=tuple(
                    Answer(gallery[i].path, contest.names[labels[i]], bool(own[query, i]))
                    for i in nearest
                ),
            )
        )
    return [
        confusion_of(f"Taken for what by {method}", true, said),
        Examples("The queries whose own model is farthest", tuple(shown)),
    ]


def sides(request: Request) -> tuple[list[ShoePhoto], list[ShoePhoto]]:
    """Gallery and queries; no near-duplicate group has a photo on both sides of a split."""
    if request.sides:
        gallery, queries = request.sides
        return named_photos(gallery), named_photos(queries)
    if request.side == "train":
        raise EvaluationError("Queries from the training share would be asked about themselves.")
    photos = named_photos(request.source)
    side = request.side or "test"
    if side == "all":  # each photo against all others
        return photos, photos
    # Judged by validation, the test share stays unseen; judged by test, validation may be shown.
    shown = {"train"} if side == "validation" else {"train", "validation"}
    gallery_photos = [photo for photo in photos if photo.split in shown]
    query_photos = [photo for photo in photos if photo.split == side]
    if not gallery_photos or not query_photos:
        raise DatasetError(
            f"{request.source} holds too few photos for a split: {len(gallery_photos)} in the "
            f"gallery, {len(query_photos)} queries. Name the sides with --gallery and --queries."
        )
    return gallery_photos, query_photos


def named_photos(source: Source) -> list[ShoePhoto]:
    """Photos of known models: sneakers50 where it is there, else all that name a model."""
    return preferred(
        source, ("sneakers50",), lambda photo: photo.model_id, "is labelled with its model"
    )
