"""Which colours are darker, lighter or brighter than one: shades of its hue, by CIELAB."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Final

import numpy as np

from catalog.colours import COLOURS
from search.edits import Edit, EditTerm, Tone
from search.encoders.colours import cielab

MOST: Final = 3
"""Colours that a tone is resolved to, the nearest in lightness."""
APART: Final = 8.0
"""Lightness, or chroma, in which two colours differ at a glance."""
SHADES: Final = (
    ("black", "grey", "silver", "white"),
    ("black", "maroon", "red", "pink", "white"),
    ("black", "brown", "bronze", "tan", "beige", "off-white", "white"),
    ("brown", "orange", "yellow"),
    ("bronze", "gold", "yellow"),
    ("black", "navy", "blue", "light-blue", "white"),
    ("navy", "teal", "aqua"),
    ("black", "dark-green", "green", "light-green", "white"),
    ("dark-green", "olive", "tan", "beige"),
    ("dark-green", "teal", "aqua"),
    ("black", "purple", "pink", "white"),
)
"""What people call darker or lighter versions of one colour, from dark to light. The first row is
all that black, grey, silver and white are compared with: they have no hue."""


@cache
def lab(slug: str) -> tuple[float, float]:
    """Lightness and chroma of a colour of the catalog."""
    light, a, b = cielab(np.array(_RGB[slug], np.uint8)).tolist()
    return light, float(np.hypot(a, b))


@cache
def toned(slug: str, tone: Tone) -> tuple[str, ...]:
    """Slugs that are ``tone`` than ``slug``, nearest first; empty where there is none.

    "Brighter" is more colourful and no darker; where nothing is, it is lighter.

    >>> toned("red", "darker")
    ('maroon', 'black')
    """
    rows = SHADES[:1] if slug in SHADES[0] else SHADES
    others = {other for shades in rows if slug in shades for other in shades} - {slug}
    if not others:
        return ()
    light, chroma = lab(slug)
    ahead = {other: lab(other)[0] - light for other in others}
    if tone == "darker":
        fit = [other for other in others if ahead[other] <= -APART]
    else:
        fit = [other for other in others if ahead[other] >= APART]
    if tone == "brighter":
        vivid = [
            other for other in others
            if lab(other)[1] >= chroma + APART and ahead[other] >= -APART
        ]  # fmt: skip
        fit = vivid or fit
    return tuple(sorted(fit, key=lambda other: (abs(ahead[other]), other))[:MOST])


def shades_of(edit: Edit, colour: str | None) -> dict[Tone, tuple[str, ...]]:
    """What "darker" and the like mean for a photo of this colour; without an unknown one."""
    if colour is None:
        return {}
    return {term.tone: toned(colour, term.tone) for term in edit.terms if term.tone}


def with_shades(edit: Edit, shades: Mapping[Tone, Sequence[str]]) -> Edit:
    """The same wish with tones as the colours that they mean, any of which will do."""
    if not any(shades.values()):
        return edit
    terms: list[EditTerm] = []
    for term in edit.terms:
        meant = shades.get(term.tone, ()) if term.tone else ()
        terms += [replace(term, value=slug, tone=None) for slug in meant] or [term]
    return replace(edit, terms=tuple(terms), alternatives=True)


_RGB: Final = {colour.slug: colour.rgb for colour in COLOURS}
