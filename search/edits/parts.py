"""Parts of a shoe that are no attribute, and what it is worn with: "white laces" and "a navy suit"
do not say what colour the shoe is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from search.edits.lexicon import Kind, garments, tables
from search.edits.neighbours import SILENT, following, preceding
from search.edits.scanning import Item

_PLURAL_MARKS: Final = frozenset(
    {"stripes", "dots", "spots", "flowers", "checks", "streifen", "rayas"}
)
_PLACES: Final = frozenset({"sole", "closure", "material", "pattern"})
_DETERMINERS: Final = frozenset({"the", "its", "their", "die", "das", "der", "los", "las", "el"})
_AT: Final = frozenset({"at", "on", "an", "auf", "en", "not", "no", "without", "ohne", "sin"})
_LINKS: Final = SILENT | {Kind.IS, Kind.WITH}


def is_of_a_part(items: Sequence[Item], at: int) -> bool:
    """ "a darker sole", "the sole is darker", "the logo is darker": not the colour of the shoe."""
    after, before = following(items, at), preceding(items, at, SILENT | {Kind.IS})
    said = [items[place] for place in (after, before) if place is not None]
    if any(one.kind is Kind.ATTRIBUTE and one.attribute in _PLACES for one in said):
        return True
    return before is not None and (items[before].kind is Kind.PART or _is_laces(items[before]))


def apart(items: list[Item]) -> Iterator[Item]:
    """ "white laces" and "the laces in white" do not make a white shoe: the colour goes with the
    part, as free text."""
    owned = {place for at in range(len(items)) for place in _owned(items, at)}
    for at, item in enumerate(items):
        before = items[at - 1] if at else None
        after = items[at + 1] if at + 1 < len(items) else None
        part = item.kind is Kind.PART or at in owned
        yield item.turned(Kind.UNKNOWN) if part or _is_of_part(item, before, after) else item


def _is_of_part(item: Item, before: Item | None, after: Item | None) -> bool:
    """Of "white laces" both words, of "the brand logo" and "another lace colour" the attribute."""
    if _is_colour(item) and after is not None:
        return _is_part(item, after) or after.text in _PLURAL_MARKS
    if _is_laces(item):
        return before is not None and _is_colour(before)
    if item.kind is not Kind.ATTRIBUTE:
        return False
    if item.attribute == "colour" and before is not None:
        return before.kind is Kind.PART or _is_laces(before)
    return item.attribute == "brand" and after is not None and after.kind is Kind.PART


def worn_with(items: list[Item]) -> Iterator[Item]:
    """ "I have a navy suit and need brown shoes", "to wear with jeans": what it goes with. Where no
    other colour is named, the garment's is all that there is to go by."""
    colours = [at for at, item in enumerate(items) if _is_colour(item)]
    theirs = {
        at
        for at in colours
        if _is_garment(items, at + 1)
        or (items[at].text not in tables().colours and at and _is_garment(items, at - 1))
    }  # "un vestido azul"
    for at, item in enumerate(items):
        jeans = item.kind is Kind.VALUE and _is_garment(items, at) and _is_worn(items, at)
        if jeans or (at in theirs and len(theirs) < len(colours)):
            yield item.turned(Kind.UNKNOWN)
        else:
            yield item


def _is_garment(items: Sequence[Item], at: int) -> bool:
    return at < len(items) and items[at].text in garments()


def _is_worn(items: Sequence[Item], at: int) -> bool:
    """ "with jeans", "with my blue jeans"."""
    before = preceding(items, at)
    while before is not None and _is_colour(items[before]):
        before = preceding(items, before)
    return before is not None and items[before].text in {"with", "mit", "con", "zu"}


def _is_colour(item: Item) -> bool:
    return item.kind is Kind.VALUE and item.attribute == "colour"


def _owned(items: list[Item], at: int) -> Iterator[int]:
    """Of "the laces red" or "the logo should be in gold", the places of laces and colours."""
    item, before = items[at], items[at - 1] if at else None
    if not (item.kind is Kind.PART or _is_laces(item)) or before is None:
        return
    if before.text not in _DETERMINERS or (at > 1 and items[at - 2].text in _AT):
        return  # "with a zip at the side in red"
    colour = following(items, at, _LINKS)
    said = colour is not None and items[colour].kind is Kind.VALUE
    if said and colour is not None and items[colour].attribute == "colour":
        linked = any(one.kind in {Kind.IS, Kind.WITH} for one in items[at + 1 : colour])
        after = items[colour + 1] if colour + 1 < len(items) else None
        if not linked and after is not None and after.kind in {Kind.VALUE, Kind.SHOE}:
            return
        yield from (at, colour)


def _is_part(colour: Item, item: Item) -> bool:
    """ "red laces", "a gold buckle"."""
    metal = colour.value in {"gold", "silver"} and item.value in {"buckle", "zip"}
    return item.kind is Kind.PART or _is_laces(item) or metal


def _is_laces(item: Item) -> bool:
    return (
        item.attribute == "closure"
        and item.value == "laces"
        and item.text not in {"laced", "lace up"}
    )
