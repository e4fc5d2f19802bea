"""Sentences that say one thing to a text encoder, whatever words it was asked for in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from catalog.colours import BY_SLUG

PROMPT_NAMES: Final = {"olive": "olive green", "multi": "multicolour"}
"""Where the bare name means something else to a text encoder, or nothing."""


_HEIGHTS: Final = {"low": "low-top", "mid": "mid-top", "high": "high-top"}
_NOUNS: Final = {
    "sneaker": ("sneaker", "sneakers"),
    "running": ("running shoe", "running shoes"),
    "basketball": ("basketball shoe", "basketball shoes"),
    "sport": ("sports shoe", "sports shoes"),
    "casual": ("casual shoe", "casual shoes"),
    "formal": ("formal shoe", "formal shoes"),
    "boot": ("boot", "boots"),
    "sandal": ("sandal", "sandals"),
    "heel": ("high-heeled shoe", "high heels"),
    "flat": ("flat shoe", "flats"),
    "slip-on": ("slip-on shoe", "slip-on shoes"),
    "loafer": ("loafer", "loafers"),
    "flip-flop": ("flip-flop", "flip-flops"),
}
_CLOSURES: Final = {
    "laces": "laces",
    "velcro": "velcro straps",
    "slip-on": "no laces, slip-on",
    "zip": "a zip",
    "buckle": "a buckle",
}
_BEFORE: Final = ("pattern", "material", "height", "brand", "model")
"""What stands between the colour and the noun, in English word order."""


def colour_prompts(name: str) -> tuple[str, ...]:
    """Sentences for one colour: a slug, or colours already put into words."""
    return shoe_prompts({"colour": name})


def shoe_prompts(values: Mapping[str, str]) -> tuple[str, ...]:
    """Sentences for a shoe of which ``values`` are known: canonical values by attribute.

    The same in every language and for every order of the words, so that two wordings of a wish
    are one vector. A price is not said: no photo shows it. At least one sentence, always.

    >>> shoe_prompts({"brand": "Nike", "colour": "red", "height": "high"})[0]
    'a red high-top Nike shoe'
    """
    said = [prompt_name(values["colour"])] if values.get("colour") else []
    said += [_HEIGHTS.get(values[name], values[name]) for name in _BEFORE if values.get(name)]
    one, many = _NOUNS.get(values.get("category", ""), ("shoe", "shoes"))
    sneakers = many if values.get("category") else "sneakers"
    tail = _tail(values)
    described = " ".join([*said, one])
    article = "an" if described[0] in "aeiou" else "a"
    return (
        f"{article} {described}{tail}",
        f"a photo of {article} {described}{tail}",
        " ".join([*said, sneakers]) + tail,
        f"a pair of {' '.join([*said, many])}{tail}",
    )


def prompt_name(slug: str) -> str:
    """The colour as a text encoder reads it best."""
    return PROMPT_NAMES.get(slug, BY_SLUG[slug].name if slug in BY_SLUG else slug)


def _tail(values: Mapping[str, str]) -> str:
    withs = []
    if closure := values.get("closure"):
        withs.append(_CLOSURES.get(closure, closure))
    if sole := values.get("sole"):
        withs.append(f"a {prompt_name(sole)} sole")
    tail = f" with {' and '.join(withs)}" if withs else ""
    return tail + (
        f" for {values['gender']}" if values.get("gender") not in {None, "unisex"} else ""
    )


NEUTRAL_PROMPTS: Final = shoe_prompts({})
"""A shoe of which nothing is said: where a direction starts when no attribute is known."""
