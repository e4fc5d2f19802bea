"""Choose the recipe of the mixture on validation, and learn its weights on the training share.

Steps, because they age differently: ``weights_learn`` reads pixels only, and holds for every
encoder; ``recipe_choose`` and then ``listings_choose`` have to be run again whenever the encoder's
vectors change.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from search.edits import edit_parse
from search.encoders.colours import swatch_colours
from search.encoders.framing import Framed
from search.evaluation.datasets import ShoePhoto
from search.evaluation.embeddings import photo_open
from search.evaluation.looking import look
from search.evaluation.protocol import Request
from search.evaluation.tasks.edit import (
    Judge,
    edit_photos,
    edit_queries,
    encode_queries,
    main_colour,
)
from search.evidence import Weights, agreement
from search.evidence.pixels import PALETTE, edge_counts, framed_coarsely, tally
from search.fusion import EncodedQuery, Evidence, Scores
from search.fusion.mixture import Mixture, Recipe
from search.texts import COLOUR_SLUGS, text_space
from search.types import Vectors
from search.wording import free_words

Floats = npt.NDArray[np.float32]

GRID: Final[dict[str, tuple[float, ...]]] = {
    "colour": (0.5, 0.6, 0.7, 0.85),
    "outlines": (0.0, 0.2, 0.3, 0.45),
    "temperature": (1.5, 1.94, 2.5),
    "pixels": (0.35, 0.5, 0.65),
    "axes": (0, 4, 8, 12),
    "floor": (0.001, 0.003, 0.01),
}
"""Tried one at a time in this order, each with the best of those before; twice."""
LISTINGS: Final = (0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0)
DIRECTIONS: Final = 32
"""Principal directions of edges that are kept."""
RIDGE: Final = 1e-3
"""L2 penalty of the colour classifier, relative to its mean loss."""
UNSEEN: Final = -8.0
"""Logit of a colour that no training photo had."""


def recipe_choose(
    request: Request, tell: Callable[[str], None], *, start: Recipe
) -> tuple[Recipe, float]:
    """The recipe with the best mAP on the share of ``request``, and that mAP.

    One parameter at a time, each from ``GRID``, in two rounds. ``request.side`` must not be test.
    """
    photos = edit_photos(request)
    queries = request.sample(edit_queries(photos))
    vectors = request.embed(photos, "the photos")
    looked = look(photos, lambda done, total: request.report("Counting colours", done, total))
    judge = Judge(photos, queries)

    def measure(recipe: Recipe) -> float:
        space = text_space(request.encoder)
        encoded, evidence = encode_queries(queries, vectors, space, looked, recipe)
        figures = judge.figures(Mixture(recipe=recipe), encoded, vectors, evidence=evidence)
        return float(figures["map"].mean())

    best = start
    reached = measure(best)
    for _ in range(2):
        before = best
        for name, values in GRID.items():
            tried = {getattr(best, name): reached}
            for value in values:
                if value not in tried:
                    tried[value] = measure(_with(best, name, value))
            tell(f"{name}: " + ", ".join(f"{v:g} {tried[v]:.4f}" for v in sorted(tried)))
            chosen = max(tried, key=lambda value: tried[value])
            best, reached = _with(best, name, chosen), tried[chosen]
        if best == before:
            break
    return best, reached


def listings_choose(
    request: Request, tell: Callable[[str], None], *, start: Recipe
) -> tuple[Recipe, dict[float, float]]:
    """The recipe with the best weight of what shops write, and the mAP of every weight tried.

    The queries of `recipe_choose`, each with one free word more: every second one with a word of
    its own shoe's title, the others with one of another shoe's, which no right title has. As all
    listings were written by one shop, the gain is what a catalog can win at best.
    """
    photos = edit_photos(request)
    queries = request.sample(edit_queries(photos))
    vectors = request.embed(photos, "the photos")
    looked = look(photos, lambda done, total: request.report("Counting colours", done, total))
    space, random = text_space(request.encoder), np.random.default_rng(request.seed)
    encoded, evidence = encode_queries(queries, vectors, space, looked, start)
    spoken = []
    for number, (query, one) in enumerate(zip(queries, encoded, strict=True)):
        whose = query.photo if number % 2 == 0 else int(random.integers(len(photos)))
        words = free_words(edit_parse(photos[whose].title))
        if words:
            word = words[int(random.integers(len(words)))]
            one = replace(one, heard=(word,), more=space.mean((word,)))
        spoken.append(one)
    titles = [photo.title for photo in photos]
    judge = Judge(photos, queries)
    tried = {
        weight: float(
            judge.figures(
                Reading(Mixture(recipe=start), titles, weight), spoken, vectors, evidence=evidence
            )["map"].mean()
        )
        for weight in LISTINGS
    }
    tell("listings: " + ", ".join(f"{weight:g} {reached:.4f}" for weight, reached in tried.items()))
    return replace(start, listings=max(tried, key=lambda weight: tried[weight])), tried


@dataclass(frozen=True)
class Reading:
    """The mixture, and what shops write: over all photos, for there are few."""

    mixture: Mixture
    titles: Sequence[str]
    weight: float

    def score(self, q: EncodedQuery, vectors: Vectors, evidence: Evidence | None = None) -> Scores:
        return self.mixture.score(q, vectors, evidence) + self.weight * agreement(
            q.heard, self.titles
        )


def _with(recipe: Recipe, name: str, value: float) -> Recipe:
    changes: dict[str, Any] = {name: value}
    return replace(recipe, **changes)


def weights_learn(
    photos: Sequence[ShoePhoto], report: Callable[[str, int, int], None], *, seed: int = 0
) -> Weights:
    """Palette, colour classifier and directions of edges, from photos of the training share."""
    framed = []
    for done, photo in enumerate(photos):
        framed.append(framed_coarsely(photo_open(photo.path)))
        if done % 50 == 0:
            report("Framing", done, len(photos))
    palette = _palette(framed, seed)
    tallies = np.stack([tally(one, palette) for one in framed])
    edges = np.stack([edge_counts(one) for one in framed])
    rows = edges / np.maximum(np.linalg.norm(edges, axis=1, keepdims=True), 1e-6)
    mean = rows.mean(axis=0)
    _, spread, directions = np.linalg.svd(rows - mean, full_matrices=False)
    kept = directions[:DIRECTIONS] / np.sqrt(spread[:DIRECTIONS, None])
    return Weights(
        palette=palette,
        colours=_classifier(tallies, [main_colour(photo) for photo in photos]),
        names=COLOUR_SLUGS,
        edges_mean=np.asarray(mean, np.float32),
        edges=np.ascontiguousarray(kept.T, np.float32),
    )


def _palette(framed: Sequence[Framed], seed: int) -> Floats:
    """Centres of the colours that shoes' pixels have; CIELAB, so that distance is what is seen."""
    from sklearn.cluster import KMeans

    pixels = []
    for one in framed:
        lab, share = swatch_colours(one)
        pixels.append(lab.reshape(-1, 3)[share.ravel() > 0.5])
    every = np.concatenate(pixels)
    chosen = np.random.default_rng(seed).choice(len(every), min(len(every), 20_000), replace=False)
    centres = KMeans(PALETTE, n_init=1, random_state=seed).fit(every[chosen]).cluster_centers_
    return np.asarray(centres, np.float32)


def _classifier(tallies: Floats, colours: Sequence[str]) -> Floats:
    """Logits of main colours, (121, c); a colour that no photo had is never the likely one."""
    from sklearn.linear_model import LogisticRegression

    place = {slug: i for i, slug in enumerate(COLOUR_SLUGS)}
    labels = np.array([place.get(colour, -1) for colour in colours])
    stated = labels >= 0
    model = LogisticRegression(C=1 / (RIDGE * int(stated.sum())), max_iter=500)
    model.fit(3 * tallies[stated], labels[stated])
    weights = np.zeros((tallies.shape[1] + 1, len(COLOUR_SLUGS)), np.float32)
    weights[-1] = UNSEEN
    weights[:-1, model.classes_] = model.coef_.T
    weights[-1, model.classes_] = model.intercept_
    return weights
