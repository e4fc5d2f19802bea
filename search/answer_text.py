"""The answer card and the reasons of an answer as lines of text, for a terminal.

The sentences are those of ``search/_identification.html`` and ``search/_why.html``.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Final

from search.answer_card import AnswerCard, ShownCandidate
from search.reasons import reason_of
from search.results import Result

UNNAMED: Final = "Nothing in the catalog comes near enough to name this shoe."
LESS_SIMILAR: Final = "Less similar from here"


def card_lines(card: AnswerCard) -> Iterator[str]:
    """What the photo shows, how sure that is, and what else it may be."""
    first, found = card.first, card.identification
    if first is None:
        yield UNNAMED
        return
    closest = ", ".join(candidate.name for candidate in card.candidates)
    if not found.shoe:
        yield "This does not look like a shoe."
        yield (
            f"If it is one, the closest in the catalog: {closest}. Another photo, from the side and"
            " on a plain ground, is easier to name."
        )
    elif found.known:
        yield f"{first.name}  {_sure(card, first)}"
    else:
        yield "This shoe is not in the catalog, it seems."
        yield f"The closest {'are' if card.others else 'is'} {closest}."
    if card.turned:
        lay = "on its head" if found.turned == 180 else "on its side"
        yield (
            f"The photo seemed to lie {lay}: it was turned ({card.turned}) before it was compared."
        )
    if found.shoe:
        yield from _seen(card)
    if found.shoe and found.known and card.others:
        yield "It could also be"
        for other in card.others:
            yield f"  {other.name}  {other.percent} %  {other.differs}"


def reason_lines(result: Result) -> Iterator[str]:
    """Why an answer stands where it does: wishes, shares of its score, how close it is."""
    reason = reason_of(result)
    for standing in reason.standings:
        yield f"{standing.label[:1].upper()}{standing.label[1:]}: {standing.words}"
    width = max(len(label) for label, _ in chain(reason.shares, [("Score", 0)]))
    for place, (label, share) in enumerate(reason.shares):
        joined = "×" if not reason.adds_up else "+" if share >= 0 else " "
        yield f"{label:<{width}} {joined if place else ' '}{share:6.2f}"
    if reason.shares:
        yield f"{'Score':<{width}}  {result.score:6.2f}"
    yield f"{reason.percent} % close"
    if reason.alike:
        many = "photos of it are" if reason.alike > 1 else "photo of it is"
        yield f"{reason.alike} more {many} nearly the same picture."


def _sure(card: AnswerCard, first: ShownCandidate) -> str:
    if not card.identification.calibrated:
        return f"{first.percent} % of the nearest photos"
    return f"{card.sure.capitalize()} {first.percent} %"


def _seen(card: AnswerCard) -> Iterator[str]:
    if card.brand:
        yield f"Brand   {card.brand.label} {card.brand.percent} %"
    if card.colours:
        yield f"Colour  {', '.join(name for _, name in card.colours)}"
    if card.height:
        yield f"Height  {card.height.label} {card.height.percent} %"
