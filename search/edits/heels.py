"""Heels that are high, and shoes that are not: "high red heels" have no high shaft."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from search.edits.lexicon import Kind
from search.edits.neighbours import gone
from search.edits.scanning import Item

_HEIGHTS: Final = frozenset(
    {"high", "higher", "low", "lower", "hoch", "hohe", "hohen", "hoher", "niedrig", "niedrige",
     "niedrigen", "alto", "altos", "bajo", "bajos", "높은", "낮은"}
)  # fmt: skip
_BETWEEN: Final = frozenset({"colour", "material"})


def heeled(items: list[Item]) -> Iterator[Item]:
    """As "red high heels", which the tables know: the height is the heel's."""
    for at, item in enumerate(items):
        tall = item.attribute == "height" and item.text in _HEIGHTS
        # "Tacones rojos altos" have it behind them.
        theirs = tall and (_leads(items[at + 1 :]) or _leads(items[:at][::-1]))
        yield gone(item) if theirs else item


def _leads(items: Sequence[Item]) -> bool:
    """Whether colours and materials, and then heels, come next."""
    for place, item in enumerate(items):
        if item.kind is not Kind.VALUE or item.attribute not in _BETWEEN:
            return place > 0 and item.attribute == "category" and item.value == "heel"
    return False
