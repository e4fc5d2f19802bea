"""The chips of a query as the search page shows and changes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from django.http import QueryDict

from search.edits import (
    ATTRIBUTES,
    CHOICES,
    TONES,
    Edit,
    EditTerm,
    edit_parse,
    prompt_name,
    term_make,
)
from search.exceptions import QueryError
from search.query import Query, edit_params, words_clean
from search.vocabulary import catalog_lexicon, edit_of

PLACE: Final = "chip_place"
"""Name of the hidden field that says which chip a form changes; "new" adds one."""
ATTRIBUTE_CHOICES: Final = tuple((name, name.capitalize()) for name in ATTRIBUTES)
NEW: Final = "new"
MODES: Final = (("keep", "Keep"), ("change", "Change"), ("avoid", "Avoid"))
HINTS: Final = {
    "brand": "Nike",
    "model": "Air Force 1",
    "sole": "white, gum, thick …",
    "price": "<80, >50 or 50-80",
}
"""Placeholders where the value is written, not chosen."""


@dataclass(frozen=True, slots=True)
class ShownTerm:
    term: EditTerm
    place: int
    label: str
    """ "colour red", "the same brand", "another brand"."""
    swatch: str
    """Slug of a colour to show, or ""."""
    choices: Sequence[tuple[str, str]]
    """Value and label of a closed list; empty where the value is written."""
    hint: str
    without: str
    """Address of the same query without this chip."""


@dataclass(frozen=True, slots=True)
class ShownEdit:
    terms: Sequence[ShownTerm]
    free_text: str
    without_text: str
    as_written: str
    """Address with the words read anew, where chips were corrected; else ""."""
    fields: Sequence[tuple[str, str]]
    """What a form that changes a chip sends along: the whole query."""


def edit_shown(query: Query, address: Callable[[Query], str]) -> ShownEdit:
    """The chips of ``query``, each with what a person can do about it."""
    edit = edit_of(query)
    explicit = replace(query, edit=edit, page=1)
    return ShownEdit(
        terms=[
            _shown(edit, place, address(replace(explicit, edit=_without(edit, place))))
            for place in range(len(edit.terms))
        ],
        free_text=edit.free_text,
        without_text=address(replace(explicit, edit=replace(edit, free_text=""))),
        as_written="" if query.edit is None else address(replace(query, edit=None, page=1)),
        fields=explicit.to_params(),
    )


def chips_applied(params: QueryDict) -> Query:
    """The query that a chip's form asks for: the one it was sent with, one chip of it changed.

    Raises ``QueryError`` when the chip cannot be meant.
    """
    query = Query.from_params(params)
    edit = edit_of(query)
    place = params.get(PLACE) or NEW
    terms = list(edit.terms)
    at = int(place) if place.isascii() and place.isdigit() and len(place) < 4 else len(terms)
    changed = _term_from(params, terms[at] if at < len(terms) else None)
    # A chip that is no longer there was removed in another tab: what was wished for is added.
    terms[at : at + 1] = [changed]
    return replace(query, edit=replace(edit, terms=tuple(terms)), page=1)


def chips_for_words(params: QueryDict) -> None:
    """Chips were read from the words that the form came with; other words are read anew."""
    if "said" in params and words_clean(params.get("q") or "") != params["said"]:
        for name, _ in edit_params(Edit(words="", free_text="-", alternatives=True)):
            params.setlist(name, [])


def _term_from(params: QueryDict, before: EditTerm | None) -> EditTerm:
    mode, attribute = params.get("chip_mode") or "", params.get("chip_attribute") or ""
    value = words_clean(params.get("chip_value") or "")
    if mode == "avoid" and not value and before is not None and before.value is None:
        mode = "change"  # to avoid what the photo shows is to ask for another
    try:
        weight = float(params.get("chip_weight") or 1)
        if value and value not in (*CHOICES.get(attribute, ()), *TONES):
            value = _canonical(attribute, value)
        return term_make(mode, attribute, value or None, weight)
    except ValueError as error:
        raise QueryError(str(error)) from error


def _canonical(attribute: str, value: str) -> str:
    """ "burgundy", "addidas", "under 80", "빨간색": read as in a sentence, where it can be."""
    lexicon = catalog_lexicon()
    for words in (value, f"{attribute} {value}", f"{value} {attribute}"):
        found = edit_parse(words, lexicon=lexicon).values("change", attribute)  # type: ignore[arg-type]
        if found:
            return found[0]
    return value


def _without(edit: Edit, place: int) -> Edit:
    return replace(edit, terms=edit.terms[:place] + edit.terms[place + 1 :])


def _shown(edit: Edit, place: int, without: str) -> ShownTerm:
    term = edit.terms[place]
    return ShownTerm(
        term=term,
        place=place,
        label=label_of(term),
        swatch=term.value or ""
        if term.attribute in {"colour", "sole"} and _is_colour(term)
        else "",
        choices=list(_choices(term.attribute)),
        hint=HINTS.get(term.attribute, ""),
        without=without,
    )


def label_of(term: EditTerm) -> str:
    """What a chip says beside its mode: "colour red", "the same brand", "price under 80"."""
    if term.tone:
        return f"a {term.tone} {term.attribute}"
    if (term.mode, term.attribute, term.value) == ("change", "price", None):
        return "a lower price"
    if term.value is None:
        return f"{'the same' if term.mode == 'keep' else 'another'} {term.attribute}"
    if term.attribute == "price":
        spelled = term.value.replace("<", "under ").replace(">", "over ").replace("-", " to ")
        return f"price {spelled}"
    return f"{term.attribute} {prompt_name(term.value) if _is_colour(term) else term.value}"


def _is_colour(term: EditTerm) -> bool:
    return term.attribute == "colour" or (
        term.attribute == "sole" and term.value in CHOICES["colour"]
    )


def _choices(attribute: str) -> Iterator[tuple[str, str]]:
    if attribute == "colour":
        yield from ((tone, tone) for tone in TONES)
    for value in CHOICES.get(attribute, ()):
        yield value, value.replace("-", " ") if attribute == "colour" else value
