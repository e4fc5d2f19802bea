"""The recogniser as the site serves it: fitted, calibrated, with a threshold, then asked.

Learned is the training share, or so many photos of each model of it; calibrated is on photos that
neither the method nor the encoder saw (validation), or with ``--split validation`` on the gallery
itself; asked are the others. Unknown are the same queries with their models taken out of the
gallery, under the same threshold.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from search.evaluation.datasets import ShoePhoto
from search.evaluation.metrics import Bootstrap, Floats
from search.evaluation.naming import SLOW, contest_of
from search.evaluation.protocol import EvaluationError, Measured, Request, Row
from search.evaluation.tasks.recognise import sides
from search.exceptions import RecognitionError
from search.recognition import METHODS, Gallery, Judgement, Recogniser, nearest_similarity
from search.recognition.calibration import auroc, calibration_error
from search.texts import text_space

FOLDS = 5
"""Parts in which models are taken out."""


class NamesTask:
    """Every method that a site may choose; ``METHOD:4`` learns 4 photos of each model."""

    name = "names"
    summary = "the recogniser as served: right names, honest confidence, no names for unknown shoes"
    baselines: tuple[str, ...] = ("knn",)

    @property
    def methods(self) -> tuple[str, ...]:
        return tuple(METHODS)

    def run(self, request: Request, methods: Sequence[str]) -> Measured:
        gallery_photos, query_photos = sides(request)
        query_photos = request.sample(query_photos)
        learned = [photo for photo in gallery_photos if photo.split == "train"]
        held_out = [photo for photo in gallery_photos if photo.split == "validation"]
        if not learned or request.sides:
            learned, held_out = gallery_photos, []
        gallery = _gallery(request, learned, learned, "the gallery")
        held = _gallery(request, held_out, learned, "photos held out") if held_out else None
        queries = _gallery(request, query_photos, learned, "the queries")
        if not len(queries):
            raise EvaluationError("No query shows a model of the gallery.")
        rows: dict[str, Row] = {}
        named = []
        chosen = [name for name in methods if request.method != "all" or name not in SLOW]
        for number, method in enumerate(chosen):
            request.report(f"Naming by {method}", number, len(chosen))
            rows[method], share = _measure(request, method, gallery, held, queries)
            named.append(f"{method} {share:.0%}")
        return Measured(
            task=self.name,
            encoder=str(request.encoder.id),
            rows=rows,
            setting=f"{len(queries)} queries against {len(gallery)} photos of "
            f"{len(gallery.models)} models, calibrated on "
            f"{len(held) if held else 'the gallery itself'}; of the rightly named are named at "
            f"all: {', '.join(named)}",
        )


def _measure(
    request: Request, method: str, gallery: Gallery, held: Gallery | None, queries: Gallery
) -> tuple[Row, float]:
    name, _, shots = method.partition(":")
    if shots and not shots.isdigit():
        raise EvaluationError(f"{method!r} is not a method; METHOD:N learns N photos of a model.")
    if shots:
        gallery = gallery.only(gallery.draw(max(int(shots), 1), seed=request.seed))
    space = text_space(request.encoder)
    try:
        made = Recogniser.fit(name, gallery, space, held_out=held)
        judged = _judge(made, gallery, queries)
        strange = np.empty(len(queries))
        models = np.random.default_rng(request.seed).permutation(len(gallery.models))
        for fold in range(FOLDS):
            gone = np.isin(queries.labels, models[fold::FOLDS])
            seen = gallery.only(~np.isin(gallery.labels, models[fold::FOLDS]))
            part = made.relearned(seen, space)
            strange[gone] = _judge(part, seen, queries.only(gone)).certainty
    except RecognitionError as error:
        raise EvaluationError(str(error)) from error
    order = judged.ranked()
    right = order[:, 0] == queries.labels
    confidence: Floats = judged.probabilities.max(axis=1)
    known, reject = judged.certainty, made.calibration.reject
    bootstrap = Bootstrap(len(queries), seed=request.seed)
    row = {
        "top1": bootstrap.mean(right),
        "top5": bootstrap.mean((order[:, :5] == queries.labels[:, None]).any(axis=1)),
        "ece": bootstrap.of(lambda rows: calibration_error(confidence[rows], right[rows])),
        "auroc": bootstrap.of(lambda rows: auroc(known[rows][right[rows]], strange[rows])),
        "false_names": bootstrap.mean(strange >= reject),
    }
    return row, float((known[right] >= reject).mean()) if right.any() else 0.0


def _judge(made: Recogniser, gallery: Gallery, queries: Gallery) -> Judgement:
    return made.judge(queries.vectors, nearest_similarity(queries.vectors, gallery))


def _gallery(
    request: Request, photos: Sequence[ShoePhoto], learned: Sequence[ShoePhoto], what: str
) -> Gallery:
    """Photos of models that ``learned`` shows."""
    models = {photo.model_id for photo in learned}
    shown = [photo for photo in photos if photo.model_id in models]
    vectors = request.embed(shown, what), request.embed(learned, "the gallery")
    contest = contest_of(shown, learned, vectors, space=None)
    groups = {group: i for i, group in enumerate(dict.fromkeys(photo.group for photo in shown))}
    return Gallery.of(
        contest.queries,
        contest.truth,
        contest.gallery.models,
        np.array([groups[photo.group] for photo in shown], np.intp),
    )
