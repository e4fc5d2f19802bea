"""Words to refine by: those in which the answers to a query differ most.

The vocabulary is that of `search.language`. A word's similarities to the shown photos are put on
the scale of the catalog; a word is telling where some answers are much more of it than the others.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from search.fusion import Language, Statistics
from search.language import PICTURED
from search.types import Vectors

MOST: Final = 6
TOO_ALIKE: Final = 0.85
"""Cosine of two words' similarities to the answers above which they say the same of them."""
FEWEST: Final = 4
"""Answers below which nothing can be said to tell them apart."""
SAMPLED: Final = 512


def refine_words(
    vectors: Vectors, *, language: Language, catalog: Statistics, said: str = ""
) -> tuple[str, ...]:
    """Up to ``MOST`` words, the most telling first, for shown photos of shape (n, dim).

    Words that were ``said`` already, and how a photo was taken, are left out.
    """
    if len(vectors) < FEWEST or len(catalog.sample) < FEWEST:
        return ()
    usual = catalog.spread(language, SAMPLED)
    alike = vectors @ language.vocabulary.T
    apart = (alike - alike.mean(axis=0)) / np.maximum(usual, 1e-6)
    # The top of a word decides, not its bottom: "boot" is a wish only where some answer is one.
    reach = np.sort(apart, axis=0)[-max(2, len(vectors) // 6) :].mean(axis=0)
    lengths = np.maximum(np.linalg.norm(apart, axis=0), 1e-6)
    spoken = said.casefold()
    chosen: list[int] = []
    for place in np.argsort(-reach, kind="stable").tolist():
        word = language.words[place]
        if word in PICTURED or word in spoken:
            continue
        same = (apart[:, chosen].T @ apart[:, place]) / (lengths[chosen] * lengths[place])
        if len(chosen) and float(same.max()) > TOO_ALIKE:
            continue
        chosen.append(place)
        if len(chosen) == MOST:
            break
    return tuple(language.words[place] for place in chosen)
