"""One model under two shops' names: which name means the silhouette that another means.

By name alone and in code, so that it can be read and argued with. A name is brought to a key: the
brand and shop words go, spellings are made one, and release words that change no shape (``OG``,
``Retro``, ``LV8``, ``Premium``) are dropped. What is built on a silhouette and looks different
(``Air Max 90 Ultra 2.0``, ``Stan Smith Primeknit``) keeps its words and is another model.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from search.evaluation.datasets import ShoePhoto

_SPELLINGS: Final[Mapping[str, str]] = {"hi": "high", "lo": "low"}

_RELEASE_WORDS: Final = frozenset(
    {"originals", "og", "retro", "premium", "prem", "lv8", "07", "nba", "qs"}
)

_SAME_SHAPE: Final[Mapping[str, str]] = {
    "adidas superstar 1": "adidas superstar",
    "adidas superstar 2": "adidas superstar",
    "adidas superstar 80s": "adidas superstar",
    "nike air force 1": "nike air force 1 low",
    "nike blazer mid 77": "nike blazer mid",
    "nike cortez basic": "nike cortez",
    "vans classic slip on": "vans slip on",
    "vans slip on checkerboard": "vans slip on",
}
"""Keys that mean the shape of another key, before spaces go."""


def crosswalk_key(photo: ShoePhoto) -> str:
    """The same for photos of one silhouette whoever named it; empty where nothing is named."""
    return name_key(photo.brand, photo.model)


def name_key(brand: str, model: str) -> str:
    """``("nike", "Dunk Hi")`` and ``("nike", "dunk high")`` give one key."""
    words = re.sub(r"['’]", "", model.lower())
    tokens = [_SPELLINGS.get(word, word) for word in re.findall(r"[a-z0-9.]+", words)]
    kept = [word for word in tokens if word not in _RELEASE_WORDS]
    if not kept:
        return ""
    spaced = f"{brand.lower()} {' '.join(kept)}".strip()
    return _SAME_SHAPE.get(spaced, spaced).replace(" ", "")
