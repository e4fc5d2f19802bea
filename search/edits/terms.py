"""The edit as a value: terms, each a wish about one attribute, and what else was said."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice, product
from typing import Final, Literal, get_args

from search.edits.prompts import NEUTRAL_PROMPTS, colour_prompts, prompt_name, shoe_prompts

Mode = Literal["keep", "change", "avoid"]
Attribute = Literal[
    "brand",
    "model",
    "colour",
    "height",
    "category",
    "closure",
    "material",
    "sole",
    "pattern",
    "gender",
    "price",
]
Tone = Literal["darker", "lighter", "brighter"]
TONES: Final[tuple[Tone, ...]] = get_args(Tone)
"""Wishes about a colour that is not named: relative to what the photo shows."""
TONED: Final[dict[Tone, str]] = {
    "darker": "dark", "lighter": "light-coloured", "brighter": "bright",
}  # fmt: skip
MAX_ALTERNATIVES: Final = 12
"""Combinations that are put into sentences: "red, blue or green, Nike or Puma" has six."""
ATTRIBUTES: Final[tuple[Attribute, ...]] = get_args(Attribute)


@dataclass(frozen=True, slots=True)
class EditTerm:
    """One wish: a chip on the page."""

    mode: Mode
    attribute: Attribute
    value: str | None = None
    """Canonical (docs/search.md). None: as the photo shows it, so that ``keep`` without a value is
    "the same brand", and ``change`` without one is "another brand"."""
    weight: float = 1.0
    """How much it matters: 0 not at all, 1 as usual, 2 twice as much."""
    tone: Tone | None = None
    """Of "another colour", which: a darker, lighter or brighter one; ``value`` is then None."""

    def as_dict(self) -> dict[str, str | float | None]:
        """For JSON; ``tone`` only where there is one."""
        told: dict[str, str | float | None] = {
            "mode": self.mode,
            "attribute": self.attribute,
            "value": self.value,
            "weight": self.weight,
        }
        return told | {"tone": self.tone} if self.tone else told


@dataclass(frozen=True, slots=True)
class Edit:
    """The words, read."""

    words: str
    terms: tuple[EditTerm, ...] = ()
    """In the order in which they were said, prices last; of colours the main one first."""
    free_text: str = ""
    """What else was said, as it was said; empty when the terms are all. A lower price is "cheaper",
    in whatever words."""
    alternatives: bool = False
    """True: any one of the colours wished for will do ("red or grey"); False: all of them."""

    def values(self, mode: Mode, attribute: Attribute) -> tuple[str, ...]:
        """What is named under a mode and an attribute, in order."""
        return tuple(
            term.value
            for term in self.terms
            if term.mode == mode and term.attribute == attribute and term.value is not None
        )

    @property
    def colours(self) -> tuple[str, ...]:
        """Slugs of the colours wished for, in order."""
        return self.values("change", "colour")

    @property
    def avoided(self) -> tuple[str, ...]:
        """Slugs of colours named as not wished for."""
        return self.values("avoid", "colour")

    @property
    def targets(self) -> tuple[str, ...]:
        """Sentences whose mean describes the wish; empty only where nothing was said.

        Canonical where the words were understood: two wordings of a wish, in whatever language and
        order, give the same sentences. The free text counts as much as all of them.
        """
        if not (self.words or self.terms or self.free_text):
            return ()
        described = tuple(s for values in self._wished() for s in shoe_prompts(values))
        if not described and (tones := [term.tone for term in self.terms if term.tone]):
            # Where the photo's colour is not known, or nothing is darker than it.
            described = tuple(s for tone in tones for s in colour_prompts(TONED[tone]))
        if not described:
            # "not black": encoders read that as black, so the unwanted is left to ``sources``.
            return (self.free_text,) if self.free_text else NEUTRAL_PROMPTS
        return (*described, *([self.free_text] * len(described) if self.free_text else ()))

    def sources(self, colour: str | None) -> tuple[str, ...]:
        """Sentences for what is there now, when the photo shows ``colour`` (a slug).

        A colour that the words want gone is what is there now, whatever the photo is taken for.
        """
        if not (self.colours or self.avoided):
            return NEUTRAL_PROMPTS
        now = self.avoided[0] if self.avoided else colour
        return colour_prompts(now) if now else NEUTRAL_PROMPTS

    def _wished(self) -> list[dict[str, str]]:
        """What the shoe should be, one entry for each of its alternatives; without prices."""
        wished: dict[str, list[str]] = {}
        for attribute in ATTRIBUTES:
            if attribute == "price":
                continue
            values = self.values("change", attribute) or self.values("keep", attribute)
            if attribute == "colour" and values and not self.alternatives:
                values = (" and ".join(prompt_name(slug) for slug in values),)
            if values:
                wished[attribute] = sorted(values)
        combined = product(*wished.values()) if wished else ()
        return [
            dict(zip(wished, values, strict=True)) for values in islice(combined, MAX_ALTERNATIVES)
        ]
