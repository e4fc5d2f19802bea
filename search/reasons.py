"""Why an answer stands where it does, in the words of the page."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from search.chips import label_of
from search.edits import EditTerm
from search.results import Result

LABELS: Final[Mapping[str, str]] = {
    "photo": "Like the photo",
    "words": "Like the words",
    "attributes": "What is known of it",
    "listings": "What shops write",
    "unlike": "Like what you refused",
}
STANDINGS: Final[Mapping[str, str]] = {
    "yes": "as wished",
    "no": "not as wished",
    "unknown": "not known",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """How one chip stands."""

    label: str
    """ "change colour red"."""
    is_met: str
    """yes, no or unknown."""
    words: str


@dataclass(frozen=True, slots=True)
class Reason:
    shares: tuple[tuple[str, float], ...]
    """Label and share of the score."""
    adds_up: bool
    """The shares add up to the score; False: they multiply to it."""
    standings: tuple[Standing, ...]
    percent: int
    """How close, 0 for the typical photo of the catalog, 100 for the photo itself."""
    alike: int

    @property
    def met(self) -> int:
        return sum(standing.is_met == "yes" for standing in self.standings)


def reason_of(result: Result) -> Reason:
    """Of one answer, from the numbers that ranked it."""
    return Reason(
        shares=tuple((LABELS.get(n, n.capitalize()), share) for n, share in result.why.items()),
        adds_up=math.isclose(sum(result.why.values()), result.score, rel_tol=1e-4, abs_tol=1e-4),
        standings=tuple(
            Standing(f"{term.mode} {label_of(term)}", is_met, _in_words(result, term, is_met))
            for term, is_met in result.terms
        ),
        percent=round(100 * result.closeness),
        alike=result.alike,
    )


def _in_words(result: Result, term: EditTerm, is_met: str) -> str:
    """What nobody stated is told to be predicted."""
    name = "colours" if term.attribute == "colour" else term.attribute
    guessed = is_met != "unknown" and name in result.card.predicted
    return STANDINGS[is_met] + (", as predicted from its photos" if guessed else "")
