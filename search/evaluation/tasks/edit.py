"""This shoe, in colour X: among models that training never saw.

A query is a photo and the words "in X", where the same model exists with X as its main colour.
Right is every other photo of that model in that colour.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

import numpy as np

from catalog.colours import BY_SLUG, colour_parse
from search.edits import edit_parse
from search.evaluation.datasets import DatasetError, ShoePhoto
from search.evaluation.findings import (
    WORST,
    Answer,
    Example,
    Examples,
    first_of,
    recall_curves,
)
from search.evaluation.looking import Looked, look
from search.evaluation.metrics import Bootstrap, average_precision, recall_at, share_at
from search.evaluation.protocol import EvaluationError, Measured, Request
from search.evaluation.sources import Source, preferred
from search.evidence import weights
from search.fusion import (
    FUSIONS,
    EncodedQuery,
    Evidence,
    Fusion,
    Mixture,
    Scores,
    Statistics,
    fusion_named,
)
from search.fusion.mixture import Recipe, recipe
from search.language import COLOUR_PLACE, language_of
from search.query import DEFAULT_WEIGHT
from search.ranking import sample_ids
from search.texts import TextSpace, text_space
from search.types import Vectors

K: Final = 10


@dataclass(frozen=True, slots=True)
class EditQuery:
    photo: int
    """Its place in the gallery."""
    colour: str
    """Slug of the colour wished for."""

    @property
    def words(self) -> str:
        return f"in {BY_SLUG[self.colour].name}"


class EditTask:
    """Every fusion method on the same queries, encoded as the engine encodes them."""

    name = "edit"
    summary = "this shoe in colour X: models that training never saw"
    baselines: tuple[str, ...] = ("image", "text", "sum", "product")

    @property
    def methods(self) -> tuple[str, ...]:
        return tuple(FUSIONS)

    def run(self, request: Request, methods: Sequence[str]) -> Measured:
        photos = edit_photos(request)
        queries = request.sample(edit_queries(photos))
        if not queries:
            raise DatasetError(
                f"In {request.source} no model is there in two colours: nothing can be asked for."
            )
        vectors = request.embed(photos, "the photos")
        looked = None
        if any(isinstance(_fusion(method), Mixture) for method in methods):
            looked = look(photos, partial(request.report, "Counting colours"))
        encoded, evidence = encode_queries(queries, vectors, text_space(request.encoder), looked)
        judge = Judge(photos, queries)
        bootstrap = Bootstrap(len(queries), seed=request.seed)
        rows = {}
        firsts: dict[str, list[float]] = {}
        for number, method in enumerate(methods):
            request.report(f"Ranking by {method}", number, len(methods))
            firsts[method] = []
            figures = judge.figures(_fusion(method), encoded, vectors, firsts[method], evidence)
            rows[method] = {name: bootstrap.mean(values) for name, values in figures.items()}
        best = max(rows, key=lambda method: rows[method]["map"].value)
        models = len({model_of(photo) for photo in photos})
        return Measured(
            task=self.name,
            encoder=str(request.encoder.id),
            rows=rows,
            setting=f"{len(queries)} queries among {len(photos)} photos of {models} models",
            findings=[
                recall_curves("This model in that colour", firsts),
                _worst(photos, queries, encoded, vectors, evidence, best),
            ],
        )


def _fusion(method: str) -> Fusion:
    try:
        return fusion_named(method)
    except ValueError as error:
        raise EvaluationError(str(error)) from error


def edit_photos(request: Request) -> list[ShoePhoto]:
    """The gallery, which is also where queries come from."""
    return request.judged(_coloured(request.source))


def _coloured(source: Source) -> list[ShoePhoto]:
    """Photos with models and colours: footlocker where it is there, else all that say both."""
    if source.has("footlocker"):
        return source.read("footlocker")
    return preferred(
        source, (), lambda photo: photo.colours,
        "is labelled with colours; footlocker/products.csv would be",
    )  # fmt: skip


def model_of(photo: ShoePhoto) -> str:
    """The same for photos of one model: in footlocker one model has several ids and names."""
    return photo.group if photo.dataset == "footlocker" else photo.model_id


def main_colour(photo: ShoePhoto) -> str:
    """Slug of the first colour, in the catalog's vocabulary; empty when unknown."""
    colour = colour_parse(photo.colours[0]) if photo.colours else None
    return colour.slug if colour else ""


def edit_queries(photos: Sequence[ShoePhoto]) -> list[EditQuery]:
    """Every photo with every other main colour that its model comes in."""
    colours: dict[str, set[str]] = defaultdict(set)
    for photo in photos:
        if colour := main_colour(photo):
            colours[model_of(photo)].add(colour)
    return [
        EditQuery(place, wished)
        for place, photo in enumerate(photos)
        if (own := main_colour(photo))
        for wished in sorted(colours[model_of(photo)] - {own})
    ]


def encode_queries(
    queries: Sequence[EditQuery],
    vectors: Vectors,
    space: TextSpace,
    looked: Looked | None = None,
    chosen: Recipe | None = None,
) -> tuple[list[EncodedQuery], Evidence]:
    """As the engine does it, and the evidence of every photo, from pixels and vectors alone.

    Where nobody ``looked`` at the photos, from vectors alone.

    The present colour is predicted from the photo, never looked up.
    """
    language = language_of(space)
    evidence = (looked or Looked.nothing(len(vectors))).evidence(
        vectors, language, weights(), chosen or recipe()
    )
    sample = sample_ids(np.arange(len(vectors), dtype=np.int64))
    catalog = Statistics(vectors[sample], evidence.rows(sample))
    present = {query.photo: space.colour_of(vectors[query.photo]) for query in queries}
    encoded = []
    for query in queries:
        edit = edit_parse(query.words)
        encoded.append(
            EncodedQuery(
                photo=vectors[query.photo],
                text=space.mean(edit.targets),
                source=space.mean(edit.sources(present[query.photo])),
                weight=DEFAULT_WEIGHT,
                catalog=catalog,
                language=language,
                words=query.words,
                colours=((COLOUR_PLACE[query.colour], 1.0),)
                if query.colour in COLOUR_PLACE
                else (),
                shape=evidence.shape[query.photo],
            )
        )
    return encoded, evidence


def _worst(
    photos: Sequence[ShoePhoto],
    queries: Sequence[EditQuery],
    encoded: Sequence[EncodedQuery],
    vectors: Vectors,
    evidence: Evidence,
    method: str,
) -> Examples:
    """The queries whose right answer comes last, each photo once, with what came first."""
    fusion, judge = _fusion(method), Judge(photos, queries)
    firsts: list[float] = []
    judge.figures(fusion, encoded, vectors, firsts, evidence)
    worst: dict[int, int] = {}
    for place in np.argsort(-np.array(firsts), kind="stable").tolist():
        if firsts[place] and len(worst) < WORST:
            worst.setdefault(queries[place].photo, place)
    shown = []
    for place in worst.values():
        query = queries[place]
        order = np.argsort(-fusion.score(encoded[place], vectors, evidence), kind="stable")
        nearest = [int(i) for i in order[:5] if i != query.photo][:4]
        shown.append(
            Example(
                photo=photos[query.photo].path,
                asked=f"{_label(photos[query.photo])}, {query.words} "
                f"(found at place {firsts[place] + 1:.0f})",
                answers=tuple(
                    Answer(
                        photos[i].path,
                        _label(photos[i]),
                        model_of(photos[i]) == model_of(photos[query.photo])
                        and main_colour(photos[i]) == query.colour,
                    )
                    for i in nearest
                ),
            )
        )
    return Examples(f"The queries that {method} answers worst", tuple(shown))


def _label(photo: ShoePhoto) -> str:
    return f"{photo.brand} {photo.model} · {'/'.join(photo.colours)}".strip()


class Scoring(Protocol):
    """What is judged: every fusion can do it."""

    def score(self, q: EncodedQuery, vectors: Vectors, evidence: Evidence | None = None) -> Scores:
        """(n,), higher is better."""


class Judge:
    """Which answers are right, for every query over the same photos."""

    def __init__(self, photos: Sequence[ShoePhoto], queries: Sequence[EditQuery]) -> None:
        self.queries = queries
        self._colours = np.array([main_colour(photo) for photo in photos])
        self._models = np.array([model_of(photo) for photo in photos])

    def figures(
        self,
        fusion: Scoring,
        encoded: Sequence[EncodedQuery],
        vectors: Vectors,
        firsts: list[float] | None = None,
        evidence: Evidence | None = None,
    ) -> dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]:
        """One number per query and metric. The query photo itself is never an answer.

        ``firsts`` is given the place of each query's first right answer.
        """
        rows = []
        for query, asked in zip(self.queries, encoded, strict=True):
            scores = fusion.score(asked, vectors, evidence)
            order = np.argsort(-scores, kind="stable")
            order = order[order != query.photo]
            edited = self._colours[order] == query.colour
            kept = self._models[order] == self._models[query.photo]
            right = edited & kept
            if firsts is not None:
                firsts.append(first_of(right))
            rows.append(
                (
                    recall_at(right, 1),
                    recall_at(right, K),
                    average_precision(right),
                    share_at(edited, K),
                    share_at(kept, K),
                    share_at(right, K),
                )
            )
        names = ("r1", "r10", "map", "edit10", "identity10", "both10")
        return dict(zip(names, np.array(rows, np.float64).T, strict=True))
