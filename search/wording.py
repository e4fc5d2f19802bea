"""Which words of an edit are encoded, counted in pixels, or looked for in what shops write."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from search.edits import Edit, Mode, built_in
from search.edits.lexicon import Kind
from search.evidence import heard
from search.language import COLOUR_PLACE

NAMING: Final = frozenset({Kind.UNKNOWN, Kind.PART})
"""Kinds of words that shops may write too; all others say what is to be done."""


def free_words(edit: Edit) -> tuple[str, ...]:
    """Of the free text those words that are no mere grammar: "with a fluffy collar" → fluffy,
    collar."""
    known = built_in()
    told = ((word, known.get((word,))) for word in heard(edit.free_text))
    return tuple(word for word, means in told if means is None or means.kind in NAMING)


def says_more(edit: Edit) -> bool:
    """Whether the words describe a shoe: a value or free text, not only "another brand"."""
    named = any((term.value and term.attribute != "price") or term.tone for term in edit.terms)
    return bool(edit.free_text or named)


def without_colours(edit: Edit) -> tuple[str, ...] | None:
    """Sentences for all wishes but the colours; None when the colours are all."""
    rest = replace(
        edit, terms=tuple(term for term in edit.terms if term.attribute != "colour"), words=""
    )
    wished = any(t.value and t.mode == "change" and t.attribute != "price" for t in rest.terms)
    return rest.targets if rest.free_text or wished else None


def tints(edit: Edit, mode: Mode) -> tuple[tuple[int, float], ...]:
    """Places in `Language.colours` of the colours that are named, with their weights."""
    return tuple(
        (COLOUR_PLACE[term.value], term.weight)
        for term in edit.terms
        if term.mode == mode and term.attribute == "colour" and term.value in COLOUR_PLACE
    )
