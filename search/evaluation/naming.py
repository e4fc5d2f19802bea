"""Naming the model in a photo: one contest that several tasks share.

The methods are those of ``search.recognition``: one that is added there is measured here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from catalog.colours import colour_parse
from search.evaluation.datasets import ShoePhoto
from search.evaluation.embeddings import digest_of
from search.evaluation.metrics import Bootstrap
from search.evaluation.protocol import EvaluationError, Row
from search.exceptions import RecognitionError
from search.recognition import METHODS, TEMPERATURE, Facts, Gallery, method_named
from search.recognition.base import NEVER, Floats, Method
from search.recognition.neighbours import Knn, similarities
from search.texts import TextSpace
from search.types import Vectors

Labels = npt.NDArray[np.intp]
Same = npt.NDArray[np.bool_]

NAMED: Final = 5
"""Names in order that a method must give for each query."""

SLOW: Final = frozenset({"coop", "cocoop"})
"""Learned in minutes for every gallery: measured where they are asked for by name."""

NOBODY: Final = -2
"""A label where a method has no further name to give."""


@dataclass(frozen=True)
class Contest:
    """Queries, and the gallery that they are named by."""

    queries: Vectors
    """Shape (n, dim)."""
    gallery: Gallery
    """m photos; its models in the order of ``names``."""
    truth: Labels
    """Of the queries, shape (n,); -1 where the gallery lacks the model: it can only be wrong."""
    same: Same
    """Where a gallery photo must not answer a query, because it is that photo; shape (n, m)."""
    names: tuple[str, ...]
    """What identifies each model."""
    space: TextSpace | None = None
    """For methods that use words."""
    unlearned: npt.NDArray[np.bool_] | None = None
    """Of the gallery, (m,): photos that no encoder learned (the validation share), from which how
    far to believe a method can be learned; None where that is not known."""

    def among(self, rows: Labels | npt.NDArray[np.bool_]) -> Contest:
        """With these gallery photos only; a model may be left without any."""
        unlearned = None if self.unlearned is None else self.unlearned[rows]
        return replace(
            self, gallery=self.gallery.only(rows), same=self.same[:, rows], unlearned=unlearned
        )

    def asked(self, rows: Labels | npt.NDArray[np.bool_]) -> Contest:
        """With these queries only."""
        return replace(
            self, queries=self.queries[rows], truth=self.truth[rows], same=self.same[rows]
        )

    def asking(self, queries: Vectors) -> Contest:
        """The same photos, changed before they were encoded."""
        return replace(self, queries=queries)

    def similarities(self) -> Floats:
        """Cosines, shape (n, m); far below every cosine where a photo must not answer."""
        return similarities(self.queries, self.gallery.vectors, self.same)


def contest_of(
    queries: Sequence[ShoePhoto],
    gallery: Sequence[ShoePhoto],
    vectors: tuple[Vectors, Vectors],
    *,
    space: TextSpace | None,
    model_of: Callable[[ShoePhoto], str] = lambda photo: photo.model_id,
    same: Same | None = None,
) -> Contest:
    """``vectors`` are of the queries and of the gallery; ``same`` is by bytes if not given."""
    members: dict[str, list[ShoePhoto]] = {}
    for photo in gallery:
        members.setdefault(model_of(photo), []).append(photo)
    names = tuple(sorted(members))
    place = {name: i for i, name in enumerate(names)}
    groups: dict[str, int] = {}
    return Contest(
        queries=vectors[0],
        gallery=Gallery.of(
            vectors[1],
            [place[model_of(photo)] for photo in gallery],
            [_facts(members[name]) for name in names],
            np.array([groups.setdefault(photo.group, len(groups)) for photo in gallery], np.intp),
        ),
        truth=np.array([place.get(model_of(photo), -1) for photo in queries], np.intp),
        same=same_bytes(queries, gallery) if same is None else same,
        names=names,
        space=space,
    )


def _facts(photos: Sequence[ShoePhoto]) -> Facts:
    """What the labels of a model's photos say of it."""
    first = photos[0]
    colours = (colour_parse(photo.colours[0]) for photo in photos if photo.colours)
    return Facts(
        name=f"{first.brand} {first.model}".strip() or first.title or first.model_id,
        brand=first.brand,
        height=first.height,
        colours=tuple(sorted({colour.slug for colour in colours if colour})),
    )


def same_bytes(queries: Sequence[ShoePhoto], gallery: Sequence[ShoePhoto]) -> Same:
    """Where a gallery photo is the query photo itself, shape (queries, gallery)."""
    places: dict[str, int] = {}
    theirs = np.array([places.setdefault(digest_of(photo), len(places)) for photo in gallery])
    ours = np.array([places.get(digest_of(photo), -1) for photo in queries])
    return np.asarray(ours[:, None] == theirs[None, :])


def naming_method(name: str) -> Method:
    """By name; ``knn:K`` and ``knn:K:T`` vote by K photos at temperature T."""
    method, *parameters = name.split(":")
    if not parameters:
        return method_named(method)
    try:
        k = int(parameters[0])
        temperature = float(parameters[1]) if len(parameters) > 1 else TEMPERATURE
    except ValueError:
        k, temperature = 0, 0.0
    if method != "knn" or len(parameters) > 2 or k < 1 or not temperature > 0:
        raise EvaluationError(f"{name!r} is not a method; knn takes knn:K or knn:K:TEMPERATURE.")
    return Knn(k=k, temperature=temperature)


def usable(methods: Sequence[str], contest: Contest, *, asked: str) -> list[str]:
    """Those that can be measured here, of ``methods`` as ``asked`` for.

    A method that cannot unlearn must not have learned a query. Where all methods were asked for it
    is passed over, else an ``EvaluationError`` says why; `SLOW` ones are passed over as well.
    """
    kept = []
    for name in methods:
        if asked == "all" and name.partition("@")[0] in SLOW:
            continue
        if contest.same.any(axis=0).all() and not naming_method(name).leaves_out:
            if asked != "all":
                raise EvaluationError(
                    f"{name} cannot be asked about the photos that it learns from: "
                    "name the sides with --gallery and --queries, or use --split test."
                )
            continue
        kept.append(name)
    return kept


def named_by(name: str, contest: Contest) -> Labels:
    """The first ``NAMED`` labels of each query, shape (n, NAMED); ``NOBODY`` where there is none.

    A method that cannot unlearn does not learn what any query must not be answered by.
    """
    method = naming_method(name)
    if contest.same.any() and not method.leaves_out:
        contest = contest.among(np.flatnonzero(~contest.same.any(axis=0)))
    try:
        fitted = method.fit(contest.gallery, contest.space)
    except RecognitionError as error:
        raise EvaluationError(f"{name}: {error}") from error
    scores = fitted.scores(contest.queries, leaving_out=contest.same)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :NAMED]
    named = np.full((len(scores), NAMED), NOBODY, np.intp)
    given = np.take_along_axis(scores, order, axis=1) > NEVER / 2
    named[:, : order.shape[1]] = np.where(given, order, NOBODY)
    return named


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


__all__ = [
    "METHODS", "Contest", "Labels", "Same", "contest_of", "figures", "named_by", "naming_method",
    "same_bytes", "usable",
]  # fmt: skip
