"""Which model is it? Photos that no gallery photo is a near-duplicate of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from search.evaluation.datasets import DatasetError, ShoePhoto, read_dataset, read_labelled
from search.evaluation.embeddings import digest_of
from search.evaluation.metrics import Bootstrap
from search.evaluation.protocol import EvaluationError, Measured, Request
from search.recognition import NEIGHBOURS, TEMPERATURE, knn_vote
from search.types import Vectors

Labels = npt.NDArray[np.intp]
Same = npt.NDArray[np.bool_]

NAMED: Final = 5
"""Names in order that a method must give for each query."""


class RecogniseTask:
    """kNN vote and class means over a gallery of photos of known models."""

    name = "recognise"
    summary = "which model is it: queries by near-duplicate group, gallery of the other photos"
    baselines: tuple[str, ...] = ()

    @property
    def methods(self) -> tuple[str, ...]:
        return tuple(METHODS)

    def run(self, request: Request, methods: Sequence[str]) -> Measured:
        gallery, queries = sides(request)
        queries = request.sample(queries)
        models = sorted({photo.model_id for photo in gallery})
        place = {model: i for i, model in enumerate(models)}
        labels = np.array([place[photo.model_id] for photo in gallery], np.intp)
        # A query of a model that the gallery lacks counts, and can only be wrong.
        truth = np.array([place.get(photo.model_id, -1) for photo in queries], np.intp)
        gallery_vectors = request.embed(gallery, "the gallery")
        query_vectors = request.embed(queries, "the queries")
        same = same_bytes(queries, gallery)
        bootstrap = Bootstrap(len(queries), seed=request.seed)
        rows = {}
        for method in methods:
            request.report(f"Naming by {method}", 0, 1)
            named = _method(method)(query_vectors, gallery_vectors, labels, same)
            right = named == truth[:, None]
            precision, recall = bootstrap.macro(truth, named[:, 0])
            rows[method] = {
                "top1": bootstrap.mean(right[:, 0]),
                "top5": bootstrap.mean(right.any(axis=1)),
                "macro_precision": precision,
                "macro_recall": recall,
            }
        return Measured(
            task=self.name,
            encoder=str(request.encoder.id),
            rows=rows,
            setting=f"{len(queries)} queries against {len(gallery)} photos of {len(models)} models",
        )


def _method(method: str) -> Callable[[Vectors, Vectors, Labels, Same], Labels]:
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


def sides(request: Request) -> tuple[list[ShoePhoto], list[ShoePhoto]]:
    """Gallery and queries; no near-duplicate group has a photo on both sides of a split."""
    if request.gallery is not None and request.queries is not None:
        return _labelled(request.gallery), _labelled(request.queries)
    if request.side == "train":
        raise EvaluationError("Queries from the training share would be asked about themselves.")
    photos = _labelled(request.data)
    side = request.side or "test"
    if side == "all":  # each photo against all others
        return photos, photos
    # Judged by validation, the test share stays unseen; judged by test, validation may be shown.
    shown = {"train"} if side == "validation" else {"train", "validation"}
    gallery = [photo for photo in photos if photo.split in shown]
    queries = [photo for photo in photos if photo.split == side]
    if not gallery or not queries:
        raise DatasetError(
            f"{request.data} holds too few photos for a split: {len(gallery)} in the gallery, "
            f"{len(queries)} queries. Name the sides with --gallery and --queries."
        )
    return gallery, queries


def _labelled(folder: Path) -> list[ShoePhoto]:
    """Photos of known models: sneakers50 where it is there, else all that name a model."""
    if (folder / "sneakers50").is_dir():
        return read_dataset(folder, "sneakers50")
    photos = [photo for photo in read_labelled(folder) if photo.model_id]
    if not photos:
        raise DatasetError(f"No photo in {folder} is labelled with its model.")
    return photos


def same_bytes(queries: Sequence[ShoePhoto], gallery: Sequence[ShoePhoto]) -> Same:
    """Where a gallery photo is the query photo itself, shape (queries, gallery)."""
    places: dict[str, int] = {}
    theirs = np.array([places.setdefault(digest_of(p.path), len(places)) for p in gallery])
    ours = np.array([places.get(digest_of(photo.path), -1) for photo in queries])
    return np.asarray(ours[:, None] == theirs[None, :])


def knn(
    queries: Vectors,
    gallery: Vectors,
    labels: Labels,
    same: Same,
    *,
    k: int = NEIGHBOURS,
    temperature: float = TEMPERATURE,
) -> Labels:
    """The first ``NAMED`` labels of each query by the vote that ``search.identify`` counts.

    Shape (n, NAMED); where the voters carry fewer labels, those of the next nearest photos follow.
    """
    scores = np.where(same, -np.inf, queries @ gallery.T)
    # As deep as the rarest need be: one photo each of NAMED models beyond the voters.
    depth = min(scores.shape[1], 20 * k)
    nearest = np.argpartition(-scores, depth - 1, axis=1)[:, :depth]
    named = np.full((len(queries), NAMED), -2, np.intp)
    for row, places in enumerate(nearest):
        order = places[np.argsort(-scores[row, places], kind="stable")]
        order = order[np.isfinite(scores[row, order])]
        voters = order[:k]
        votes = knn_vote(scores[row, voters], labels[voters].tolist(), temperature=temperature)
        found = [vote.label for vote in votes] + labels[order[k:]].tolist()
        first = list(dict.fromkeys(found))[:NAMED]
        named[row, : len(first)] = first
    return named


def prototype(queries: Vectors, gallery: Vectors, labels: Labels, same: Same) -> Labels:
    """Labels by similarity to each model's renormalised mean vector, without the query itself."""
    classes = int(labels.max()) + 1
    member = (labels[:, None] == np.arange(classes)).astype(np.float32)
    sums = member.T @ gallery
    scores = queries @ _unit(sums).T
    for row, column in zip(*np.nonzero(same), strict=True):
        label = labels[column]
        own = gallery[same[row] & (labels == label)].sum(axis=0)
        scores[row, label] = queries[row] @ _unit((sums[label] - own)[None, :])[0]
    named = np.full((len(queries), NAMED), -2, np.intp)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :NAMED]
    named[:, : order.shape[1]] = order
    return named


def _unit(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), np.float32)


METHODS: Final[Mapping[str, Callable[[Vectors, Vectors, Labels, Same], Labels]]] = {
    "knn": knn,
    "prototype": prototype,
}
