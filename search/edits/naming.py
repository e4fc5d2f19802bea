"""Names that are also common words: "Guess", "Classic"."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from search.edits.lexicon import Kind, Meaning
from search.edits.neighbours import SILENT, preceding
from search.edits.scanning import Item

_MADE_BY: Final = frozenset({"by", "from", "made by", "von"})


def named(items: list[Item]) -> Iterator[Item]:
    """Names that are also common words count where they are said to be names."""
    for at, item in enumerate(items):
        if not item.shy:
            yield item
            continue
        before = preceding(items, at, SILENT | {Kind.IS})
        after = items[at + 1] if at + 1 < len(items) else None
        said = (
            before is not None
            and items[before].attribute == item.attribute
            and (items[before].kind is Kind.ATTRIBUTE)
        )
        said |= (
            after is not None and after.kind is Kind.ATTRIBUTE and after.attribute == item.attribute
        )
        if item.attribute == "brand" and at:
            said |= items[at - 1].text in _MADE_BY and not _is_value(item.otherwise)
        if item.attribute == "model" and at:
            said |= items[at - 1].kind is Kind.VALUE and items[at - 1].attribute == "brand"
        if at > 1 and item.otherwise is None and items[at - 1].kind in {
            Kind.OR, Kind.AND, Kind.INSTEAD, Kind.NOT,
        }:  # fmt: skip
            # "Asics or Brooks"
            said |= items[at - 2].attribute == item.attribute and not items[at - 2].shy
        said |= item.attribute == "brand" and item.otherwise is None and _names_follow(items, at)
        yield replace(item, shy=False) if said else item.as_common_word()


def _names_follow(items: list[Item], at: int) -> bool:
    """ "Champion or Nike", "Diesel instead of Nike"."""
    link, name = items[at + 1 : at + 2], items[at + 2 : at + 3]
    led = bool(link) and link[0].kind in {Kind.OR, Kind.AND, Kind.INSTEAD, Kind.COMMA}
    return led and bool(name) and name[0].attribute == "brand" and not name[0].shy


def _is_value(meaning: Meaning | None) -> bool:
    return meaning is not None and meaning.kind is Kind.VALUE
