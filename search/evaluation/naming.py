"""Naming the model in a photo: the methods, and one contest of them that several tasks share.

A method is a function from a ``Contest`` to the first ``NAMED`` labels of each query. A new one is
a line in ``METHODS``; every task that names models then offers it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt

from search.evaluation.datasets import ShoePhoto
from search.evaluation.embeddings import digest_of
from search.evaluation.metrics import Bootstrap
from search.evaluation.protocol import EvaluationError, Row
from search.recognition import NEIGHBOURS, TEMPERATURE, knn_vote
from search.types import Vectors

Labels = npt.NDArray[np.intp]
Same = npt.NDArray[np.bool_]

NAMED: Final = 5
"""Names in order that a method must give for each query."""

DEFAULT: Final = "knn"
"""Where one method stands for all."""

NOBODY: Final = -2
"""A label where a method has no further name to give."""


@dataclass(frozen=True)
class Contest:
    """Queries, and the gallery that they are named by."""

    queries: Vectors
    """Shape (n, dim)."""
    gallery: Vectors
    """Shape (m, dim)."""
    labels: Labels
    """Of the gallery, shape (m,): places in ``models``."""
    truth: Labels
    """Of the queries, shape (n,); -1 where the gallery lacks the model: it can only be wrong."""
    same: Same
    """Where a gallery photo must not answer a query, because it is that photo; shape (n, m)."""
    models: tuple[str, ...]

    def among(self, places: npt.NDArray[np.intp]) -> Contest:
        """With these gallery photos only; a model may be left without any."""
        return Contest(
            queries=self.queries, gallery=self.gallery[places], labels=self.labels[places],
            truth=self.truth, same=self.same[:, places], models=self.models,
        )  # fmt: skip

    def asking(self, queries: Vectors) -> Contest:
        """The same photos, changed before they were encoded."""
        return Contest(
            queries=queries, gallery=self.gallery, labels=self.labels,
            truth=self.truth, same=self.same, models=self.models,
        )  # fmt: skip


Namer = Callable[[Contest], Labels]


def contest_of(
    queries: Sequence[ShoePhoto],
    gallery: Sequence[ShoePhoto],
    vectors: tuple[Vectors, Vectors],
    *,
    model_of: Callable[[ShoePhoto], str] = lambda photo: photo.model_id,
    same: Same | None = None,
) -> Contest:
    """``vectors`` are of the queries and of the gallery; ``same`` is by bytes if not given."""
    models = tuple(sorted({model_of(photo) for photo in gallery}))
    place = {model: i for i, model in enumerate(models)}
    return Contest(
        queries=vectors[0],
        gallery=vectors[1],
        labels=np.array([place[model_of(photo)] for photo in gallery], np.intp),
        truth=np.array([place.get(model_of(photo), -1) for photo in queries], np.intp),
        same=same_bytes(queries, gallery) if same is None else same,
        models=models,
    )


def same_bytes(queries: Sequence[ShoePhoto], gallery: Sequence[ShoePhoto]) -> Same:
    """Where a gallery photo is the query photo itself, shape (queries, gallery)."""
    places: dict[str, int] = {}
    theirs = np.array([places.setdefault(digest_of(photo), len(places)) for photo in gallery])
    ours = np.array([places.get(digest_of(photo), -1) for photo in queries])
    return np.asarray(ours[:, None] == theirs[None, :])


def figures(named: Labels, truth: Labels, bootstrap: Bootstrap) -> Row:
    """``named`` has shape (n, NAMED), ``truth`` (n,)."""
    right = named == truth[:, None]
    precision, recall = bootstrap.macro(truth, named[:, 0])
    return {
        "top1": bootstrap.mean(right[:, 0]),
        "top5": bootstrap.mean(right.any(axis=1)),
        "macro_precision": precision,
        "macro_recall": recall,
    }


def namer(method: str) -> Namer:
    """A method by name; ``knn:K`` and ``knn:K:T`` vote by K photos at temperature T."""
    name, *parameters = method.split(":")
    if not parameters:
        return METHODS[name]
    try:
        k = int(parameters[0])
        temperature = float(parameters[1]) if len(parameters) > 1 else TEMPERATURE
    except ValueError:
        k, temperature = 0, 0.0
    if name != "knn" or len(parameters) > 2 or k < 1 or not temperature > 0:
        raise EvaluationError(f"{method!r} is not a method; knn takes knn:K or knn:K:TEMPERATURE.")
    return partial(knn, k=k, temperature=temperature)


def knn(contest: Contest, *, k: int = NEIGHBOURS, temperature: float = TEMPERATURE) -> Labels:
    """The vote that ``search.identify`` counts, shape (n, NAMED).

    Where the voters carry fewer labels, those of the next nearest photos follow.
    """
    scores = np.where(contest.same, -np.inf, contest.queries @ contest.gallery.T)
    # As deep as the rarest need be: one photo each of NAMED models beyond the voters.
    depth = min(scores.shape[1], 20 * k)
    nearest = np.argpartition(-scores, depth - 1, axis=1)[:, :depth]
    named = np.full((len(scores), NAMED), NOBODY, np.intp)
    labels = contest.labels
    for row, places in enumerate(nearest):
        order = places[np.argsort(-scores[row, places], kind="stable")]
        order = order[np.isfinite(scores[row, order])]
        voters = order[:k]
        votes = knn_vote(scores[row, voters], labels[voters].tolist(), temperature=temperature)
        found = [vote.label for vote in votes] + labels[order[k:]].tolist()
        first = list(dict.fromkeys(found))[:NAMED]
        named[row, : len(first)] = first
    return named


def prototype(contest: Contest) -> Labels:
    """Labels by similarity to each model's renormalised mean vector, without the query itself."""
    labels, gallery, queries, same = contest.labels, contest.gallery, contest.queries, contest.same
    classes = len(contest.models)
    member = (labels[:, None] == np.arange(classes)).astype(np.float32)
    sums = member.T @ gallery
    scores = queries @ _unit(sums).T
    scores[:, member.sum(axis=0) == 0] = -np.inf
    for row, column in zip(*np.nonzero(same), strict=True):
        label = labels[column]
        own = gallery[same[row] & (labels == label)].sum(axis=0)
        scores[row, label] = queries[row] @ _unit((sums[label] - own)[None, :])[0]
    order = np.argsort(-scores, axis=1, kind="stable")[:, :NAMED]
    named = np.full((len(queries), NAMED), NOBODY, np.intp)
    given = np.isfinite(np.take_along_axis(scores, order, axis=1))
    named[:, : order.shape[1]] = np.where(given, order, NOBODY)
    return named


def _unit(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), np.float32)


METHODS: Final[Mapping[str, Namer]] = {"knn": knn, "prototype": prototype}
