"""Does it know what it does not know? Photos of models that the gallery lacks, and no shoes at all.

Models are dealt into ``FOLDS`` hands. Each hand is taken out of the gallery once: its queries are
then unknown, those of the next hand known; so every query is asked once in each way. Where queries
come with models that the gallery lacks by itself, those are the unknown ones and nothing is taken
out.
A method gives each query a certainty; ranking all of them by it tells the two apart or not.
Rows ``METHOD@no-shoe`` set the known against pictures that are no shoes (``nonshoes``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from search.evaluation.findings import Curve, Finding, reliability_of
from search.evaluation.metrics import Bootstrap, Estimate, Floats, Mask
from search.evaluation.naming import Contest, contest_of, usable
from search.evaluation.nonshoes import kinds, non_shoes
from search.evaluation.protocol import EvaluationError, Measured, Request, Row
from search.evaluation.tasks.recognise import sides
from search.exceptions import RecognitionError
from search.recognition import DEFAULT, METHODS, Gallery, Recogniser, method_named
from search.recognition.calibration import auroc, calibration_error
from search.texts import text_space
from search.types import Vectors

FOLDS: Final = 5
RECALL: Final = 0.95
"""Share of known shoes that must be named where false names are counted."""
NO_SHOES: Final = 50
"""Pictures of each kind that are no shoes."""
RESAMPLES: Final = 300

FIRST: Final = (DEFAULT, "knn")
"""Those measured unless others are named: a calibrated fit takes ten fits more, which is minutes
for methods that learn by steps."""

NEAREST: Final = "nearest"
"""The similarity of the nearest photo alone: what any method must beat."""


class UnknownTask:
    """The calibrated certainty of every method that names, beside the plainest one."""

    name = "unknown"
    summary = "certainty: models in the gallery against models that it lacks, and against no shoes"
    baselines = (NEAREST,)

    @property
    def methods(self) -> tuple[str, ...]:
        return (NEAREST, *METHODS)

    def run(self, request: Request, methods: Sequence[str]) -> Measured:
        if parameters := [name for name in methods if ":" in name]:
            raise EvaluationError(f"unknown takes methods without parameters, not {parameters[0]}.")
        gallery, queries = sides(request)
        queries = request.sample(queries)
        drawn = non_shoes(queries, each=min(NO_SHOES, request.limit or NO_SHOES), seed=request.seed)
        vectors = request.embed(queries, "the queries"), request.embed(gallery, "the gallery")
        contest = contest_of(queries, gallery, vectors, space=text_space(request.encoder))
        held = np.array([photo.split == "validation" for photo in gallery])
        judged_by_test = not request.sides and (request.side or "test") == "test"
        if judged_by_test and held.any() and not held.all():
            contest = replace(contest, unlearned=held)
        strange = request.embed_drawn(drawn, "what is no shoe")
        hands = list(deal(contest, strange, seed=request.seed))
        if not any(len(hand.known.truth) and len(hand.unknown.truth) for hand in hands):
            raise EvaluationError("Neither known nor unknown models can be told from such folders.")
        asked = FIRST if request.method == "all" else methods
        naming = [name for name in asked if name != NEAREST]
        chosen = [NEAREST, *usable(naming, contest, asked=request.method)]
        rows: dict[str, Row] = {}
        beside: dict[str, Row] = {}
        said: dict[str, Said] = {}
        for number, method in enumerate(chosen):
            request.report(f"Certainty by {method}", number, len(chosen))
            found = said[method] = joined([_asked(method, hand) for hand in hands])
            rows[method] = _figures(found.known, found.unknown, seed=request.seed)
            beside[f"{method}@no-shoe"] = _figures(found.known, found.strange, seed=request.seed)
            if method != NEAREST:
                drawn_again = Bootstrap(len(found.right), seed=request.seed)
                rows[method] = {**rows[method], "ece": _ece(found, drawn_again)}
        told = next((name for name in (DEFAULT, *chosen[1:]) if name in said), None)
        counts = ", ".join(f"{count} {kind}" for kind, count in kinds(drawn).items())
        return Measured(
            task=self.name,
            encoder=str(request.encoder.id),
            rows=rows | beside,
            setting=f"{len(said[NEAREST].known)} known and {len(said[NEAREST].unknown)} unknown "
            f"queries against {len(gallery)} photos of {len(contest.names)} models"
            + (f", {FOLDS} hands of models taken out in turn" if len(hands) > 1 else "")
            + (
                ""
                if contest.unlearned is None
                else f", calibrated on {held.sum()} of them that no encoder learned"
            )
            + (f"; {_as_served(told, said[told])}" if told else "")
            + f"; METHOD@no-shoe: drawn pictures, {counts}",
            findings=_findings(said, told),
        )


@dataclass(frozen=True)
class Hand:
    """A gallery that lacks some models, and who is asked."""

    known: Contest
    unknown: Contest
    strange: Vectors
    """Pictures that are no shoes, (n, dim)."""


@dataclass(frozen=True)
class Said:
    """Certainties of one method."""

    known: Floats
    unknown: Floats
    strange: Floats
    right: Mask
    """Of the known: whether they were named rightly."""
    confidence: Floats
    """Of the known: probability of the name given."""
    falsely: float = 0.0
    """Share of the unknown that the method's own threshold names."""
    named: Mask | None = None
    """Of the known: whether the method's own threshold names them."""


def deal(contest: Contest, strange: Vectors, *, seed: int) -> Iterator[Hand]:
    """Galleries without some of the models; no query has its own model in the gallery's unknown."""
    there = contest.truth >= 0
    if not there.all():
        yield Hand(contest.asked(there), contest.asked(~there), strange)
        return
    models = np.random.default_rng(seed).permutation(len(contest.names))
    folds = min(FOLDS, len(models))
    if folds < 2:
        return
    fold = np.empty(len(models), np.intp)
    fold[models] = np.arange(len(models)) % folds
    for number in range(folds):
        seen = contest.among(fold[contest.gallery.labels] != number)
        asked = fold[contest.truth]
        yield Hand(
            known=seen.asked(asked == (number + 1) % folds),
            unknown=seen.asked(asked == number),
            strange=strange[number::folds],
        )


def _asked(method: str, hand: Hand) -> Said:
    known, unknown = hand.known, hand.unknown
    nothing = np.zeros((len(hand.strange), known.same.shape[1]), np.bool_)
    stranger = replace(known, queries=hand.strange, same=nothing)
    contests = (known, unknown, stranger)
    near = [contest.similarities().max(axis=1, initial=-1.0) for contest in contests]
    none = np.zeros(len(known.truth), np.float64)
    if method == NEAREST:
        return Said(near[0], near[1], near[2], right=none > 0, confidence=none)
    gallery: Gallery = known.gallery
    leaves_out = method_named(method).leaves_out
    if not leaves_out:
        learned = known.same.any(axis=0) | unknown.same.any(axis=0)
        gallery = gallery.only(np.flatnonzero(~learned))
    held = known.unlearned if leaves_out or known.unlearned is None else known.unlearned[~learned]
    try:
        if held is None:
            recogniser = Recogniser.fit(method, gallery, known.space)
        else:
            recogniser = Recogniser.fit(
                method, gallery.only(~held), known.space, held_out=gallery.only(held)
            ).relearned(gallery, known.space)
    except RecognitionError as error:
        raise EvaluationError(f"{method}: {error}") from error
    judged = [
        recogniser.judge(
            contest.queries, nearest, leaving_out=contest.same if leaves_out else None
        )
        for contest, nearest in zip(contests, near, strict=True)
    ]  # fmt: skip
    first = judged[0].probabilities.argmax(axis=1)
    return Said(
        judged[0].certainty,
        judged[1].certainty,
        judged[2].certainty,
        right=first == known.truth,
        confidence=judged[0].probabilities.max(axis=1, initial=0.0),
        falsely=float(judged[1].known.sum()),
        named=judged[0].known,
    )


def joined(parts: Sequence[Said]) -> Said:
    """The answers of all hands together."""
    unknown = np.concatenate([part.unknown for part in parts])
    named = [part.named for part in parts if part.named is not None]
    return Said(
        known=np.concatenate([part.known for part in parts]),
        unknown=unknown,
        strange=np.concatenate([part.strange for part in parts]),
        right=np.concatenate([part.right for part in parts]),
        confidence=np.concatenate([part.confidence for part in parts]),
        falsely=sum(part.falsely for part in parts) / max(len(unknown), 1),
        named=np.concatenate(named) if named else None,
    )


def _as_served(method: str, said: Said) -> str:
    """What the method's own threshold does, in a sentence."""
    named = np.zeros(len(said.right), np.bool_) if said.named is None else said.named
    rightly = said.right[named].mean() if named.any() else 0.0
    return (
        f"by the threshold of {method} {named.mean():.0%} of the known are named, "
        f"{rightly:.0%} of them rightly, and {said.falsely:.0%} of the unknown are given a name"
    )


def _findings(said: Mapping[str, Said], told: str | None) -> list[Finding]:
    found: list[Finding] = [
        Curve(
            title="Known models named against unknown models named falsely",
            across="unknown that are named",
            up="known that are named",
            lines={method: roc(one.known, one.unknown) for method, one in said.items()},
        )
    ]
    if told:
        one = said[told]
        found.append(
            reliability_of(f"Is the confidence of {told} what it says?", one.confidence, one.right)
        )
    return found


def roc(known: Floats, unknown: Floats) -> list[tuple[float, float]]:
    """(share of unknown, share of known) at or above each threshold, from none to all."""
    cuts = np.unique(np.concatenate([known, unknown]))[::-1]
    cuts = cuts[np.linspace(0, len(cuts) - 1, min(len(cuts), 200)).astype(np.intp)]
    points = [(float((unknown >= cut).mean()), float((known >= cut).mean())) for cut in cuts]
    return [(0.0, 0.0), *points]


def _ece(said: Said, bootstrap: Bootstrap) -> Estimate:
    return bootstrap.of(
        lambda chosen: calibration_error(said.confidence[chosen], said.right[chosen])
    )


def _figures(known: Floats, unknown: Floats, *, seed: int) -> Row:
    random = np.random.default_rng(seed)
    pairs = [
        (random.choice(known, len(known)), random.choice(unknown, len(unknown)))
        for _ in range(RESAMPLES)
    ]
    n = len(known) + len(unknown)
    estimates = {}
    for name, figure in (("auroc", auroc), ("false_names", false_names)):
        value = figure(known, unknown)
        low, high = np.quantile([figure(*pair) for pair in pairs], [0.025, 0.975])
        estimates[name] = Estimate(value, min(float(low), value), max(float(high), value), n)
    return estimates


def false_names(known: Floats, unknown: Floats) -> float:
    """Share of unknown queries at or above the threshold that names ``RECALL`` of the known."""
    return float((unknown >= threshold_of(known)).mean())


def threshold_of(known: npt.NDArray[np.float64]) -> float:
    """The highest certainty that ``RECALL`` of the known queries reach."""
    return float(np.quantile(known, 1 - RECALL, method="lower"))
