"""Street photos against a shop's: the same model, photographed by other people for other ends.

Queries are sneakers50 photos (catalogue, on-foot and street mixed), the gallery is footlocker's
side views on white. Which footlocker name means which sneakers50 model is ``crosswalk``'s to say;
only models that both have are asked for. Rows ``METHOD`` have these models alone in the gallery,
rows ``METHOD@catalog`` all of it, whose variants ("Air Max 90 Ultra 2.0") count as other models.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from search.evaluation.crosswalk import crosswalk_key
from search.evaluation.datasets import DatasetError, ShoePhoto
from search.evaluation.findings import Finding, first_of, recall_curves
from search.evaluation.metrics import Bootstrap, Mask, average_precision, recall_at
from search.evaluation.naming import (
    METHODS,
    Contest,
    Same,
    contest_of,
    figures,
    named_by,
    naming_method,
    usable,
)
from search.evaluation.protocol import EvaluationError, Measured, Request, Row
from search.evaluation.sources import Source, preferred
from search.evaluation.splits import dhashes
from search.evaluation.tasks.recognise import mistakes
from search.texts import text_space

RETRIEVAL: Final = "image"
"""The ranking of photos itself, without naming."""

NEAR: Final = 2
"""dhash bits up to which a gallery photo may not answer: both shops may show one press photo."""


class CrossTask:
    """Every naming method, and plain retrieval, across two kinds of photos."""

    name = "cross"
    summary = "street photos as queries, a shop's photos as gallery, models that both have"
    baselines = (RETRIEVAL,)

    @property
    def methods(self) -> tuple[str, ...]:
        return (RETRIEVAL, *METHODS)

    def run(self, request: Request, methods: Sequence[str]) -> Measured:
        naming = [method for method in methods if method != RETRIEVAL]
        for method in naming:
            naming_method(method)  # told before anything is embedded
        gallery, queries = cross_sides(request)
        queries = request.sample(queries)
        vectors = request.embed(queries, "the queries"), request.embed(gallery, "the gallery")
        catalog = contest_of(
            queries, gallery, vectors, space=text_space(request.encoder),
            model_of=crosswalk_key, same=_same_picture(queries, gallery),
        )  # fmt: skip
        both = np.flatnonzero(np.isin(catalog.gallery.labels, catalog.truth))
        shared = catalog.among(both)
        bootstrap = Bootstrap(len(queries), seed=request.seed)
        relevant = {"shared models": _ranked(shared), "whole catalog": _ranked(catalog)}
        rows: dict[str, Row] = {RETRIEVAL: _retrieval(relevant["shared models"], bootstrap)}
        findings: list[Finding] = [
            recall_curves(
                "Photos of the right model",
                {name: [first_of(mask) for mask in masks] for name, masks in relevant.items()},
            )
        ]
        wide: dict[str, Row] = {
            f"{RETRIEVAL}@catalog": _retrieval(relevant["whole catalog"], bootstrap)
        }
        chosen = usable(naming, shared, asked=request.method)
        for number, method in enumerate(chosen):
            request.report(f"Naming by {method}", number, len(chosen))
            named = named_by(method, shared)
            rows[method] = figures(named, shared.truth, bootstrap)
            wide[f"{method}@catalog"] = figures(named_by(method, catalog), catalog.truth, bootstrap)
            if number == 0:
                findings += mistakes(shared, queries, [gallery[i] for i in both], named, method)
        return Measured(
            task=self.name,
            encoder=str(request.encoder.id),
            rows=rows | wide,
            setting=f"{len(queries)} queries against {len(both)} photos of the "
            f"{len(set(shared.gallery.labels.tolist()))} models that both have; METHOD@catalog: "
            f"against all {len(gallery)} photos of {len(catalog.names)} models",
            findings=findings,
        )


def cross_sides(request: Request) -> tuple[list[ShoePhoto], list[ShoePhoto]]:
    """The whole gallery, and those queries whose model it has.

    In the data that encoders were trained on only queries of the share never trained on.
    """
    if request.sides:
        shop, street = request.sides
    else:
        shop = street = request.source
        if missing := [name for name in ("footlocker", "sneakers50") if not shop.has(name)]:
            raise DatasetError(
                f"{shop} lacks {' and '.join(missing)}: cross needs both sneakers50 (queries) and "
                "footlocker (gallery), or --gallery and --queries."
            )
        if request.side == "train":
            raise EvaluationError("Queries from the training share are what was learned.")
    gallery = _named(shop, "footlocker")
    asked = _named(street, "sneakers50")
    asked = asked if request.sides else request.judged(asked)
    there = _asked(gallery)
    queries = [photo for photo in asked if crosswalk_key(photo) in there]
    if not queries:
        raise DatasetError(
            f"No model is both in {shop} (gallery) and in {street} (queries), by their names."
        )
    return gallery, queries


def _named(source: Source, dataset: str) -> list[ShoePhoto]:
    return preferred(source, (dataset,), crosswalk_key, "is labelled with its model")


def _asked(photos: Sequence[ShoePhoto]) -> set[str]:
    return {crosswalk_key(photo) for photo in photos}


def _same_picture(queries: Sequence[ShoePhoto], gallery: Sequence[ShoePhoto]) -> Same:
    """Where two photos are one picture, told from their pixels; shape (queries, gallery)."""
    try:
        ours = dhashes([photo.path for photo in queries])
        theirs = dhashes([photo.path for photo in gallery])
    except OSError as error:
        raise DatasetError(f"A photo cannot be read: {error}") from error
    return np.asarray(np.bitwise_count(ours[:, None] ^ theirs[None, :]) <= NEAR)


def _ranked(contest: Contest) -> list[Mask]:
    """For each query which of the gallery's photos are right, best first."""
    scores = contest.similarities()
    order = np.argsort(-scores, axis=1, kind="stable")
    masks = []
    for query, places in enumerate(order):
        allowed = places[~contest.same[query, places]]
        masks.append(contest.gallery.labels[allowed] == contest.truth[query])
    return masks


def _retrieval(relevant: Sequence[Mask], bootstrap: Bootstrap) -> Row:
    return {
        "r1": bootstrap.mean(np.array([recall_at(mask, 1) for mask in relevant])),
        "r10": bootstrap.mean(np.array([recall_at(mask, 10) for mask in relevant])),
        "map": bootstrap.mean(np.array([average_precision(mask) for mask in relevant])),
    }
