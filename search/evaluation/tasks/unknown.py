"""Does it know what it does not know? Photos of models that the gallery lacks.

Every query is asked twice: with its model in the gallery (known), and with all photos of its model
taken out (unknown). Where queries come with models that the gallery lacks by itself, those are the
unknown ones. A method gives each a certainty; ranking all of them by it tells the two apart or not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from search.evaluation.metrics import Bootstrap, Estimate
from search.evaluation.protocol import EvaluationError, Measured, Request, Row
from search.evaluation.tasks.recognise import Labels, same_bytes, sides
from search.recognition import KNOWN_CONFIDENCE, NEIGHBOURS, knn_vote

Floats = npt.NDArray[np.float64]

RECALL: Final = 0.95
"""Share of known shoes that must be named where false names are counted."""
BINS: Final = 10


class UnknownTask:
    """Certainty measures over the kNN vote."""

    name = "unknown"
    summary = "certainty: models in the gallery against models that it lacks"
    baselines: tuple[str, ...] = ()

    @property
    def methods(self) -> tuple[str, ...]:
        return tuple(CERTAINTIES)

    def run(self, request: Request, methods: Sequence[str]) -> Measured:
        gallery, queries = sides(request)
        queries = request.sample(queries)
        models = sorted({photo.model_id for photo in gallery})
        place = {model: i for i, model in enumerate(models)}
        labels = np.array([place[photo.model_id] for photo in gallery], np.intp)
        truth = np.array([place.get(photo.model_id, -1) for photo in queries], np.intp)
        same = same_bytes(queries, gallery)
        scores = request.embed(queries, "the queries") @ request.embed(gallery, "the gallery").T
        scores = np.where(same, -np.inf, scores)
        own = truth[:, None] == labels
        there = truth >= 0
        without = there if there.all() else ~there
        known = [Vote(row, labels) for row in scores[there]]
        unknown = [Vote(row, labels) for row in np.where(own, -np.inf, scores)[without]]
        if not known or not unknown:
            raise EvaluationError("Neither known nor unknown models can be told from such folders.")
        right = np.array([vote.label for vote in known]) == truth[there]
        rows: dict[str, Row] = {}
        for method in methods:
            certain = np.array([CERTAINTIES[method](vote) for vote in known])
            doubtful = np.array([CERTAINTIES[method](vote) for vote in unknown])
            judged = right if method == "confidence" else None
            rows[method] = _figures(certain, doubtful, judged, seed=request.seed)
        return Measured(
            task=self.name,
            encoder=str(request.encoder.id),
            rows=rows,
            setting=f"{len(known)} known and {len(unknown)} unknown queries against "
            f"{len(gallery)} photos of {len(models)} models; {_as_shipped(known, unknown, right)}",
        )


def _as_shipped(
    known: Sequence[Vote], unknown: Sequence[Vote], right: npt.NDArray[np.bool_]
) -> str:
    """What the threshold of ``search.recognition`` does, in a sentence."""
    named = np.array([vote.share >= KNOWN_CONFIDENCE for vote in known])
    falsely = np.array([vote.share >= KNOWN_CONFIDENCE for vote in unknown])
    rightly = right[named].mean() if named.any() else 0.0
    return (
        f"from confidence {KNOWN_CONFIDENCE:g} on {named.mean():.0%} of the known are named, "
        f"{rightly:.0%} of them rightly, and {falsely.mean():.0%} of the unknown are given a name"
    )


class Vote:
    """The vote of the nearest photos on one query."""

    def __init__(self, scores: npt.NDArray[np.floating], labels: Labels) -> None:
        order = np.argsort(-scores, kind="stable")[:NEIGHBOURS]
        order = order[np.isfinite(scores[order])]
        votes = knn_vote(scores[order], labels[order].tolist())
        self.nearest = float(scores[order[0]]) if len(order) else -1.0
        self.label = votes[0].label if votes else -2
        self.share = votes[0].share if votes else 0.0


CERTAINTIES: Final[Mapping[str, Callable[[Vote], float]]] = {
    "confidence": lambda vote: vote.share,
    "nearest": lambda vote: vote.nearest,
    "product": lambda vote: vote.share * max(vote.nearest, 0.0),
}


def _figures(
    known: Floats, unknown: Floats, right: npt.NDArray[np.bool_] | None, *, seed: int
) -> Row:
    random = np.random.default_rng(seed)
    pairs = [
        (random.choice(known, len(known)), random.choice(unknown, len(unknown)))
        for _ in range(300)
    ]  # fmt: skip
    n = len(known) + len(unknown)
    row = {
        "auroc": _estimate(auroc, known, unknown, pairs, n),
        "false_names": _estimate(false_names, known, unknown, pairs, n),
    }
    if right is not None:
        drawn = Bootstrap(len(known), seed=seed)
        row["ece"] = drawn.of(lambda chosen: calibration_error(known[chosen], right[chosen]))
    return row


def _estimate(
    figure: Callable[[Floats, Floats], float],
    known: Floats,
    unknown: Floats,
    pairs: Sequence[tuple[Floats, Floats]],
    n: int,
) -> Estimate:
    value = figure(known, unknown)
    low, high = np.quantile([figure(*pair) for pair in pairs], [0.025, 0.975])
    return Estimate(value, min(float(low), value), max(float(high), value), n)


def auroc(known: Floats, unknown: Floats) -> float:
    """The chance that a known query has more certainty than an unknown one; ties count half."""
    values = np.sort(unknown)
    below = np.searchsorted(values, known, side="left")
    upto = np.searchsorted(values, known, side="right")
    return float((below + upto).mean() / 2 / len(unknown))


def false_names(known: Floats, unknown: Floats) -> float:
    """Share of unknown queries at or above the threshold that names ``RECALL`` of the known."""
    return float((unknown >= threshold_of(known)).mean())


def threshold_of(known: Floats) -> float:
    """The highest certainty that ``RECALL`` of the known queries reach."""
    return float(np.quantile(known, 1 - RECALL, method="lower"))


def calibration_error(confidence: Floats, right: npt.NDArray[np.bool_]) -> float:
    """Expected calibration error over ``BINS`` bins of equal width (Naeini et al. 2015)."""
    bins = np.minimum((confidence * BINS).astype(np.intp), BINS - 1)
    gaps = np.bincount(bins, weights=confidence - right, minlength=BINS)
    return float(np.abs(gaps).sum() / len(confidence))
