"""Looks around in a sentence: what stands behind and before a part, small words aside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from search.edits.lexicon import Kind
from search.edits.scanning import Item

SILENT: Final = frozenset({Kind.FILLER, Kind.HARD, Kind.WANT})


def following(items: Sequence[Item], at: int, skip: frozenset[Kind] = SILENT) -> int | None:
    """The place of the next item behind ``at`` that is not of the kinds in ``skip``."""
    for place in range(at + 1, len(items)):
        if items[place].kind not in skip:
            return place
    return None


def preceding(items: Sequence[Item], at: int, skip: frozenset[Kind] = SILENT) -> int | None:
    for place in range(at - 1, -1, -1):
        if items[place].kind not in skip:
            return place
    return None


def gone(item: Item) -> Item:
    """What is said by a neighbour already."""
    return item.turned(Kind.FILLER)
