"""Pictures that are no shoes (`search.nonshoes`), by names under which their vectors are kept.

They are far easier to tell from shoes than photos of hats or bags would be; whoever reads a figure
over them must know that. The figures' sentence tells the four kinds apart.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from PIL import Image

from search.evaluation.datasets import ShoePhoto
from search.evaluation.embeddings import digest_of, photo_open
from search.nonshoes import VERSION, drawing, piece, seeded, shuffle, texture

Make = Callable[[], Image.Image]


def non_shoes(photos: Sequence[ShoePhoto], *, each: int, seed: int) -> dict[str, Make]:
    """``each`` pictures of every kind by a name that is unique to what is drawn.

    ``photos`` lend their corners and tiles; with fewer of them there are fewer of those kinds.
    """
    drawn: dict[str, Make] = {}
    for number in range(each):
        for kind, draw in (("texture", texture), ("drawing", drawing)):
            name = f"{kind}:{VERSION}:{seed}:{number}"
            drawn[name] = partial(draw, name)
    lent = seeded(f"lent:{seed}").sample(list(photos), min(each, len(photos)))
    for photo in lent:
        for kind, change in (("pieces", piece), ("shuffled", shuffle)):
            name = f"{kind}:{VERSION}:{digest_of(photo)}"
            drawn[name] = partial(_changed, photo, change, name)
    return drawn


def kind_of(name: str) -> str:
    return name.partition(":")[0]


def _changed(
    photo: ShoePhoto, change: Callable[[Image.Image, random.Random], Image.Image], name: str
) -> Image.Image:
    return change(photo_open(photo.path), seeded(name))


def kinds(names: Mapping[str, object]) -> dict[str, int]:
    """How many there are of each kind."""
    counted: dict[str, int] = {}
    for name in names:
        counted[kind_of(name)] = counted.get(kind_of(name), 0) + 1
    return counted
