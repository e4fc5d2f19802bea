"""Terms as text, for addresses and forms: ``change:colour:red@0.5``, ``keep:brand``."""

from __future__ import annotations

import math
import re
from typing import Final, cast, get_args

from catalog.colours import BY_SLUG
from search.edits.lexicon import values_of
from search.edits.prices import price_bounds
from search.edits.terms import ATTRIBUTES, TONES, EditTerm, Mode

MAX_VALUE: Final = 100
"""Characters; the longest name of a model in a shop is shorter."""
MAX_WEIGHT: Final = 2.0
CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "colour": tuple(BY_SLUG),
    "height": values_of("height"),
    "category": (*values_of("category"), "slip-on"),
    "closure": values_of("closure"),
    "gender": values_of("gender"),
    "material": values_of("material"),
    "pattern": values_of("pattern"),
}
"""Attributes whose values are a closed list; a test holds them to the catalog's."""

_WEIGHT: Final = re.compile(r"@(\d(?:\.\d{1,2})?)\Z", re.ASCII)


def term_spell(term: EditTerm) -> str:
    """One spelling for one term; ``term_read`` reads it back. A tone stands in the value's place:
    ``change:colour:darker``."""
    value = term.value or term.tone
    parts = [term.mode, term.attribute, *([value] if value else [])]
    spelled = ":".join(parts)
    weighs = term.weight != 1 or "@" in spelled
    return f"{spelled}@{term.weight:g}" if weighs else spelled


def term_read(text: str) -> EditTerm:
    """A term from its spelling. ``ValueError``, in words for people, when it is none."""
    weight = 1.0
    if found := _WEIGHT.search(text):
        weight, text = float(found[1]), text[: found.start()]
    mode, _, rest = text.partition(":")
    attribute, _, value = rest.partition(":")
    return term_make(mode, attribute, value or None, weight)


def term_make(mode: str, attribute: str, value: str | None, weight: float = 1.0) -> EditTerm:
    """A checked term. ``ValueError``, in words for people, when a part cannot be meant.

    "darker", "lighter" and "brighter" in the place of a colour are a tone.
    """
    if mode not in get_args(Mode):
        raise ValueError("A chip keeps, changes or avoids something.")
    if attribute not in ATTRIBUTES:
        raise ValueError(f"“{attribute[:40]}” is not something that a chip can be about.")
    if not (math.isfinite(weight) and 0 <= weight <= MAX_WEIGHT):
        raise ValueError(f"A chip's weight must lie between 0 and {MAX_WEIGHT:g}.")
    if attribute == "colour" and value in TONES:
        if mode != "change":
            raise ValueError("A darker, lighter or brighter colour can only be changed to.")
        return EditTerm("change", "colour", None, round(weight, 2) + 0.0, value)
    if value is None:
        if mode == "avoid":
            raise ValueError("A chip that avoids something must say what.")
    elif value != " ".join(value.split()) or not value.isprintable() or len(value) > MAX_VALUE:
        raise ValueError(f"A chip's value has at most {MAX_VALUE} characters on one line.")
    elif attribute == "price":
        price_bounds(value)
    elif attribute in CHOICES and value not in CHOICES[attribute]:
        raise ValueError(f"“{value}” is not a {attribute} that the catalog knows.")
    return EditTerm(cast(Mode, mode), attribute, value, round(weight, 2) + 0.0)
