"""From wishes as they were read to terms that agree, and the free text that is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from search.edits.leaving import left_over
from search.edits.lexicon import Kind
from search.edits.prices import Price, price_value
from search.edits.scanning import Item
from search.edits.terms import TONES, Attribute, Edit, EditTerm, Mode, Tone


@dataclass
class Wish:
    """A term in the making."""

    mode: Mode
    attribute: Attribute
    value: str | None
    weight: float
    place: int
    price: Price | None
    joined: bool
    """It continues the list of the wish before, of the same attribute."""
    joint: Kind
    """OR (also "/"), AND or COMMA, where it is joined."""
    tone: Tone | None = None


def settle(
    words: str, items: Sequence[Item], wishes: Sequence[Wish], unread: set[int], left: set[int]
) -> Edit:
    """The edit of a sentence that has been read; what is ``left`` was read, and is no wish."""
    wishes, strange = _toned(wishes)
    strange |= left
    read = [item.turned(Kind.UNKNOWN) if n in strange else item for n, item in enumerate(items)]
    terms = [
        EditTerm(wish.mode, wish.attribute, wish.value, wish.weight, wish.tone)
        for wish in wishes
        if wish.price is None
    ]
    wished = {wish.place for wish in wishes}
    colours = [w for w in wishes if w.mode == "change" and w.attribute == "colour" and w.value]
    joints = {wish.joint for wish in colours[1:] if wish.joined}
    return Edit(
        words=words,
        terms=_agreed([*terms, *_prices(wishes)], _either(wishes)),
        free_text=left_over(words, read, unread | strange, wished),
        # "black, white and red" are three colours of one shoe, "black, white" are two choices.
        alternatives=Kind.OR in joints or joints == {Kind.COMMA},
    )


def _toned(wishes: Sequence[Wish]) -> tuple[list[Wish], set[int]]:
    """Wishes with "darker" as a tone of "another colour"; and the places of those that can be none:
    beside a colour that is named, or "not darker"."""
    tones: dict[str, Tone] = {tone: tone for tone in TONES}
    named = any(
        w.attribute == "colour" and w.mode != "avoid" and w.value and w.value not in tones
        for w in wishes
    )
    kept, strange = [], set()
    for wish in wishes:
        if wish.attribute != "colour" or wish.value not in tones:
            kept.append(wish)
        elif named or wish.mode != "change":
            strange.add(wish.place)
        else:
            kept.append(replace(wish, value=None, tone=tones[wish.value or ""]))
    return kept, strange


def _either(wishes: Sequence[Wish]) -> set[Attribute]:
    """Attributes that may be as shown or as named: "the same colour or black"."""
    return {
        other.attribute
        for one, other in pairwise(wishes)
        if other.joined and other.joint is Kind.OR and (one.mode, one.value) == ("keep", None)
    }


def _agreed(terms: Sequence[EditTerm], either: set[Attribute]) -> tuple[EditTerm, ...]:
    """Each wish once; the more exact of two about the same attribute, unless ``either`` will do."""
    wanted = {(t.attribute, t.value) for t in terms if t.mode == "change" and t.value}
    named = {t.attribute for t in terms if t.mode == "change" and (t.value or t.tone)}
    found: dict[tuple[Mode, Attribute, str | None], EditTerm] = {}
    for term in terms:
        shown = term.mode == "keep" and term.attribute in either
        if term.value is None and term.tone is None and term.attribute in named and not shown:
            continue  # "another colour: red"
        if term.mode == "avoid" and (term.attribute, term.value) in wanted:
            continue
        found.setdefault((term.mode, term.attribute, term.value or term.tone), term)
    return tuple(found.values())


def _prices(wishes: Sequence[Wish]) -> list[EditTerm]:
    """One term for all bounds: "over 50 and under 80" is 50-80."""
    priced = [(wish, wish.price) for wish in wishes if wish.price is not None]
    if not priced:
        return []
    low = high = None
    for wish, price in priced:
        bounds = (price.low, price.high)
        if wish.mode == "avoid" and None in bounds:
            bounds = (bounds[1], bounds[0])  # "not over 80"
        low = max((b for b in (low, bounds[0]) if b is not None), default=None)
        high = min((b for b in (high, bounds[1]) if b is not None), default=None)
    if low is not None and high is not None and low >= high:
        low = None  # They exclude each other: the upper bound is what a purse knows.
    return [EditTerm("change", "price", price_value(low, high), priced[0][0].weight)]
