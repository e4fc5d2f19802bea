"""Does it know what it does not know? Photos of models that the gallery lacks.

Every query is asked twice: with its model in the gallery (known), and with all photos of its model
taken out (unknown). Where queries come with models that the gallery lacks by itself, those are the
unknown ones. A method gives each a certainty; ranking all of them by it tells the two apart or not.
Rows ``METHOD@no-shoe`` set the known against pictures that are no shoes (``nonshoes``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from search.evaluation.findings import BINS, Curve, Finding, reliability_of
from search.evaluation.metrics import Bootstrap, Estimate, Floats
from search.evaluation.naming import Labels, contest_of
from search.evaluation.nonshoes import kinds, non_shoes
from search.evaluation.protocol import EvaluationError, Measured, Request, Row
from search.evaluation.tasks.recognise import sides
from search.recognition import KNOWN_CONFIDENCE, NEIGHBOURS, knn_vote

RECALL: Final = 0.95
"""Share of known shoes that must be named where false names are counted."""
NO_SHOES: Final = 50
"""Pictures of each kind that are no shoes."""


class UnknownTask:
    """Certainty measures over the kNN vote."""

    name = "unknown"
    summary = "certainty: models in the gallery against models that it lacks, and against no shoes"
    baselines: tuple[str, ...] = ()

    @property
    def methods(self) -> tuple[str, ...]:
        return tuple(CERTAINTIES)

    def run(self, request: Request, methods: Sequence[str]) -> Measured:
        gallery, queries = sides(request)
        queries = request.sample(queries)
        drawn = non_shoes(queries, each=min(NO_SHOES, request.limit or NO_SHOES), seed=request.seed)
        vectors = request.embed(queries, "the queries"), request.embed(gallery, "the gallery")
        contest = contest_of(queries, gallery, vectors)
        scores = np.where(contest.same, -np.inf, contest.queries @ contest.gallery.T)
        own = contest.truth[:, None] == contest.labels
        there = contest.truth >= 0
        without = there if there.all() else ~there
        known = [Vote(row, contest.labels) for row in scores[there]]
        unknown = [Vote(row, contest.labels) for row in np.where(own, -np.inf, scores)[without]]
        if not known or not unknown:
            raise EvaluationError("Neither known nor unknown models can be told from such folders.")
        strange = request.embed_drawn(drawn, "what is no shoe") @ contest.gallery.T
        no_shoes = [Vote(row, contest.labels) for row in strange]
        right = np.array([vote.label for vote in known]) == contest.truth[there]
        rows: dict[str, Row] = {}
        beside: dict[str, Row] = {}
        traces = {}
        for method in methods:
            certain, doubtful, strangers = (
                np.array([CERTAINTIES[method](vote) for vote in votes])
                for votes in (known, unknown, no_shoes)
            )
            judged = right if method == "confidence" else None
            rows[method] = _figures(certain, doubtful, judged, seed=request.seed)
            beside[f"{method}@no-shoe"] = _figures(certain, strangers, None, seed=request.seed)
            traces[method] = roc(certain, doubtful)
        return Measured(
            task=self.name,
            encoder=str(request.encoder.id),
            rows=rows | beside,
            setting=f"{len(known)} known and {len(unknown)} unknown queries against "
            f"{len(gallery)} photos of {len(contest.models)} models; "
            f"{_as_shipped(known, unknown, right)}; METHOD@no-shoe: drawn pictures, "
            + ", ".join(f"{count} {kind}" for kind, count in kinds(drawn).items()),
            findings=_findings(known, right, traces),
        )


def _findings(
    known: Sequence[Vote],
    right: npt.NDArray[np.bool_],
    traces: Mapping[str, Sequence[tuple[float, float]]],
) -> list[Finding]:
    shares = np.array([vote.share for vote in known])
    return [
        Curve(
            title="Known models named against unknown models named falsely",
            across="unknown that are named", up="known that are named", lines=traces,
        ),
        reliability_of("Is the confidence what it says?", shares, right),
    ]  # fmt: skip


def roc(known: Floats, unknown: Floats) -> list[tuple[float, float]]:
    """(share of unknown, share of known) at or above each threshold, from none to all."""
    cuts = np.unique(np.concatenate([known, unknown]))[::-1]
    cuts = cuts[np.linspace(0, len(cuts) - 1, min(len(cuts), 200)).astype(np.intp)]
    points = [(float((unknown >= cut).mean()), float((known >= cut).mean())) for cut in cuts]
    return [(0.0, 0.0), *points]


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
