"""Methods by their names."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Final

from search.fusion.base import EncodedQuery, Fusion
from search.fusion.blends import Basic, Negatives, Product, WeiCom
from search.fusion.linear import Direction, Freedom, Image, Slerp, Sum, Text
from search.fusion.mixture import Mixture

IMAGE, TEXT = Image(), Text()
DIRECTION, CONTRAST = Direction(), Direction("contrast", alpha=1.0, beta=0.25)

FUSIONS: Final[Mapping[str, Fusion]] = {
    fusion.name: fusion
    for fusion in (
        *(IMAGE, TEXT, Sum(), Slerp(), Product(), WeiCom(), DIRECTION, CONTRAST),
        *(Negatives(CONTRAST), Basic(), Freedom(), Mixture()),
    )
}
"""What ``SHOEFINDER_FUSION`` and ``manage.py evaluate edit --method`` can name."""


@cache
def fusion_named(name: str) -> Fusion:
    """A method by its name, or with another parameter than its own: ``direction:0.7``.

    Raises ``ValueError``, saying what there is, for a name or a parameter that is not.
    """
    base, _, text = name.partition(":")
    if base not in FUSIONS:
        raise ValueError(f"There is no fusion {base!r}; there are: {', '.join(FUSIONS)}.")
    fusion = FUSIONS[base]
    if not text:
        return fusion
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if isinstance(fusion, Direction) and 0 < value <= 10:
        return replace(fusion, alpha=value)
    if isinstance(fusion, Sum | Slerp | WeiCom) and 0 < value < 1:
        return replace(fusion, best=value)
    raise ValueError(f"The fusion {base} does not take the parameter {text!r}.")


def fusion_for(q: EncodedQuery, name: str) -> Fusion:
    """The method called ``name``; photo or words alone where only one of them is given.

    Raises ``ValueError`` as ``fusion_named`` does.
    """
    if q.text is None or (q.photo is not None and q.weight == 0):
        return IMAGE
    if q.photo is None or q.weight == 1:
        return TEXT
    return fusion_named(name)
