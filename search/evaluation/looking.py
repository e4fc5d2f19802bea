"""Evidence of evaluation photos: from pixels and vectors alone, never from their labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from search.evaluation.datasets import ShoePhoto
from search.evaluation.embeddings import photo_open
from search.evidence import Weights, colour_log, describe, outlines, unpack
from search.fusion import Evidence, Language
from search.fusion.mixture import Recipe
from search.texts import COLOUR_SLUGS
from search.types import Vectors

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Looked:
    """What was counted on n photos."""

    tallies: Floats | None
    edges: Floats | None
    count: int

    @classmethod
    def nothing(cls, count: int) -> Looked:
        """Of photos that nobody looked at."""
        return cls(None, None, count)

    def evidence(
        self, vectors: Vectors, language: Language, learned: Weights, recipe: Recipe
    ) -> Evidence:
        """As the engine mixes it (``search.knowledge``)."""
        similarities = vectors @ language.colours.T
        return Evidence(
            colours=colour_log(
                similarities=similarities,
                deviation=float(similarities.std()),
                tallies=self.tallies,
                known=None,
                learned=learned,
                names=COLOUR_SLUGS,
                temperature=recipe.temperature,
                floor=recipe.floor,
                pixels=recipe.pixels,
            ),
            shape=np.zeros((self.count, learned.edges.shape[1]), np.float32)
            if self.edges is None
            else outlines(self.edges, learned),
        )


def look(photos: Sequence[ShoePhoto], tell: Callable[[int, int], None]) -> Looked:
    """Describe every photo. ``DatasetError`` for what is no photo."""
    rows: list[bytes] = []
    with ThreadPoolExecutor(2) as pool:
        for row in pool.map(_describe, photos):
            rows.append(row)
            if len(rows) % 50 == 0:
                tell(len(rows), len(photos))
    return Looked(*unpack(rows), len(rows))


def _describe(photo: ShoePhoto) -> bytes:
    return describe(photo_open(photo.path))
