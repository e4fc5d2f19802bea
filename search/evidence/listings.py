"""How much of what was said stands in what shops write of a shoe."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
from rapidfuzz import fuzz, process

ALIKE: Final = 88.0
"""Per cent of letters in which a word may differ from what was said and still count: plurals, and
one typing error from eight letters on."""
SHORTEST: Final = 3
"""Letters of a word that is looked for."""
_WORD: Final = re.compile(r"\w+")

Floats = npt.NDArray[np.float64]


def heard(text: str) -> tuple[str, ...]:
    """The words of a text that are looked for, in lower case, each once."""
    found = _WORD.findall(text.casefold())
    return tuple(dict.fromkeys(word for word in found if len(word) >= SHORTEST))


def agreement(words: Sequence[str], texts: Sequence[str]) -> Floats:
    """(n,) in [0, 1]: the share of ``words`` that each text has, rare words counting for more.

    A word weighs log(1 + n / (1 + texts that have it)), as BM25's idf does, n counting each text
    once; one that no text has counts for nothing, as it tells none apart.
    """
    places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
    written = [_words(text) for text in places]
    vocabulary = list({word for each in written for word in each})
    if not (words and vocabulary):
        return np.zeros(len(texts), np.float64)
    alike = process.cdist(words, vocabulary, scorer=fuzz.ratio, score_cutoff=ALIKE) > 0
    has = np.zeros((len(words), len(written)), np.bool_)
    for row, found in zip(has, alike, strict=True):
        said = {vocabulary[column] for column in np.flatnonzero(found)}
        if said:
            row[:] = [not said.isdisjoint(each) for each in written]
    count = has.sum(axis=1)
    rare = np.where(count > 0, np.log1p(len(written) / (1.0 + count)), 0.0)
    shares = rare @ has / max(float(rare.sum()), 1e-9)
    return np.asarray(shares[[places[text] for text in texts]], np.float64)


@lru_cache(maxsize=20_000)
def _words(text: str) -> tuple[str, ...]:
    """Kept: the same titles come with every query of their kind of shoe."""
    return heard(text)
