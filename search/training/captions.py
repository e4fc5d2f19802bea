"""What can truly be said of a photo, in the words of people who search."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from search.evaluation.datasets import ShoePhoto

Codes = npt.NDArray[np.int64]

ATTRIBUTES: Final = ("brand", "model", "colour", "second", "category", "gender", "height")
NO_SECOND: Final = "none"
"""Second colour of a shoe that is known to have one colour only."""

MENTION: Final = {
    "brand": 0.45,
    "model": 0.5,
    "colour": 0.65,
    "second": 0.5,
    "category": 0.3,
    "gender": 0.2,
    "height": 0.3,
}
"""How often a caption tells an attribute that is known."""

_HEIGHTS: Final = {"high": "high-top", "mid": "mid-top", "low": "low-top"}
_GENDERS: Final = {
    "men": ("men's", "mens", "for men"),
    "women": ("women's", "womens", "for women"),
    "boys": ("boys'", "kids"),
    "girls": ("girls'", "kids"),
}


@dataclass(frozen=True, slots=True)
class Caption:
    """A sentence and which values it claims: attribute → value, silent ones absent."""

    text: str
    claims: dict[str, str]


def attributes(photo: ShoePhoto) -> dict[str, str]:
    """What the data knows of a photo, by ``ATTRIBUTES``; unknown ones are absent."""
    colours = photo.colours
    # Only some sources list every colour: elsewhere one colour does not mean a single one.
    second = colours[1] if len(colours) > 1 else ""
    if len(colours) == 1 and photo.dataset == "footlocker":
        second = NO_SECOND
    known = {
        "brand": photo.brand,
        "model": f"{photo.brand} {photo.model}".strip() if photo.model else "",
        "colour": colours[0] if colours else "",
        "second": second,
        "category": photo.category,
        "gender": photo.gender,
        "height": photo.height,
    }
    return {name: value for name, value in known.items() if value}


def caption(known: dict[str, str], rng: random.Random) -> Caption | None:
    """A random true sentence about a shoe with these attributes; None when nothing is known."""
    sayable = [name for name in ATTRIBUTES if name in known and name != "second"]
    if not sayable:
        return None
    told = {name for name in known if rng.random() < MENTION[name]} or {rng.choice(sayable)}
    if "colour" not in told:
        told.discard("second")
    if not told:
        told = {rng.choice(sayable)}
    colour = _colour(known, told, rng)
    name = _name(known, told, rng)
    claims = {attribute: known[attribute] for attribute in told}
    if "model" in told and "brand" in known:
        claims["brand"] = known["brand"]  # a model is of one brand, whether it is said or not
    text = _sentence(known, told, colour=colour, name=name, rng=rng)
    return Caption(text=text, claims=claims)


def encode_claims(claims: Sequence[dict[str, str]], vocabulary: dict[str, dict[str, int]]) -> Codes:
    """(n, len(ATTRIBUTES)) value numbers; -1 where nothing is claimed (or known)."""
    return np.array(
        [[vocabulary[name].get(row.get(name, ""), -1) for name in ATTRIBUTES] for row in claims],
        dtype=np.int64,
    ).reshape(-1, len(ATTRIBUTES))


def build_vocabulary(known: Sequence[dict[str, str]]) -> dict[str, dict[str, int]]:
    """Numbers for all values that occur, by attribute."""
    return {
        name: {value: i for i, value in enumerate(sorted({k[name] for k in known if name in k}))}
        for name in ATTRIBUTES
    }


def spoken(value: str) -> str:
    """A value as people write it: ``light-blue`` → ``light blue``."""
    return value.replace("-", " ")


def _colour(known: dict[str, str], told: set[str], rng: random.Random) -> str:
    if "colour" not in told:
        return ""
    first = spoken(known["colour"]) if rng.random() < 0.6 else known["colour"]
    if "second" not in told:
        return first
    if known["second"] == NO_SECOND:
        return f"all {first}"
    second = spoken(known["second"])
    return first + rng.choice([" and ", " with ", "/", " "]) + second


def _name(known: dict[str, str], told: set[str], rng: random.Random) -> str:
    if "model" not in told:
        return known["brand"] if "brand" in told else ""
    bare = known["model"].removeprefix(known.get("brand", "")).strip()
    return known["model"] if rng.random() < 0.75 or not bare else bare


def _sentence(
    known: dict[str, str], told: set[str], *, colour: str, name: str, rng: random.Random
) -> str:
    gender = rng.choice(_GENDERS.get(known["gender"], ("",))) if "gender" in told else ""
    before, after = ("", gender) if gender.startswith("for ") else (gender, "")
    height = _HEIGHTS.get(known["height"], "") if "height" in told else ""
    if rng.random() < 0.3:
        height = spoken(height)
    noun = known["category"] if "category" in told else _noun(known.get("category", ""), rng)
    thing = noun or "shoe"
    article = "" if thing.endswith("s") else "a"
    shapes = [
        f"{colour} {before} {name} {height} {noun} {after}",
        f"{colour} {before} {name} {height} {noun} {after}",
        f"a photo of {article} {colour} {before} {name} {height} {thing} {after}",
    ]
    if colour:
        shapes += [
            f"{before} {name} {height} {thing} {after} in {colour}",
            f"{before} {name} {height} {noun} {after}, {colour}",
        ]
        if told <= {"colour", "second"}:
            shapes += [colour, f"{colour} shoe", f"in {colour}", f"{colour} colour"]
    return re.sub(r"\s+", " ", rng.choice(shapes)).replace(" ,", ",").strip(" ,") or "shoe"


def _noun(category: str, rng: random.Random) -> str:
    if category in {"", "sneakers", "sports shoes", "casual shoes"}:
        return rng.choice(["shoe", "shoe", "sneaker", "shoes", ""])
    return rng.choice(["shoe", "shoes", ""])
