"""The answer card above the results: what the shoe is, how sure that is, what else it may be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from catalog.colours import BY_SLUG
from catalog.models import Category, Closure, Colorway, Height, ShoeImage, ShoeModel
from search.query import Query, methods_offered
from search.recognition.registry import METHODS
from search.results import Candidate, Guess, Identification

SHOWN: Final = 4
"""The name and three alternatives."""
UNLIKELY: Final = 0.02
"""An alternative below is noise."""
WORDS: Final = ((0.9, "almost certainly"), (0.7, "very probably"), (0.5, "probably"),
                (0.3, "perhaps"))  # fmt: skip
LEAST: Final = "a guess"
NO_DIFFERENCE: Final = "the catalog states no difference"
SAID_FROM: Final = 0.5
"""Confidence from which a predicted brand or height is told."""


@dataclass(frozen=True, slots=True)
class ShownCandidate:
    model_id: int
    name: str
    percent: int
    href: str
    cover: ShoeImage | None
    differences: tuple[str, ...]
    """What tells it from the first, in words; empty for the first itself."""

    @property
    def differs(self) -> str:
        """The same as one line."""
        return "; ".join(self.differences) or NO_DIFFERENCE


@dataclass(frozen=True, slots=True)
class ShownGuess:
    label: str
    percent: int


@dataclass(frozen=True, slots=True)
class ShownMethod:
    title: str
    href: str
    current: bool


@dataclass(frozen=True, slots=True)
class AnswerCard:
    """Everything for ``search/_identification.html``."""

    identification: Identification
    sure: str
    """The confidence in words."""
    candidates: tuple[ShownCandidate, ...]
    brand: ShownGuess | None
    height: ShownGuess | None
    colours: tuple[tuple[str, str], ...]
    """Slug and name."""
    turned: str
    """How the photo was turned, in words; "" where it was not."""
    methods: tuple[ShownMethod, ...]
    """Where there is a choice."""
    may_report: bool
    """Whether there is a visitor's photo to report about."""

    @property
    def first(self) -> ShownCandidate | None:
        return self.candidates[0] if self.candidates else None

    @property
    def others(self) -> tuple[ShownCandidate, ...]:
        return self.candidates[1:]


def answer_card(
    query: Query, found: Identification | None, *, address: Callable[[Query], str]
) -> AnswerCard | None:
    """What to show of ``found``; ``address`` says where a query is answered. Two queries."""
    if found is None:
        return None
    shown = [
        candidate
        for place, candidate in enumerate(found.candidates[:SHOWN])
        if place == 0 or candidate.confidence >= UNLIKELY
    ]
    return AnswerCard(
        identification=found,
        sure=in_words(shown[0].confidence) if shown else "",
        candidates=_candidates(shown, found.colours),
        brand=_guess(found.brand, lambda value: value),
        height=_guess(found.height, lambda value: str(Height(value).label)),
        colours=tuple((slug, BY_SLUG[slug].name) for slug in found.colours if slug in BY_SLUG),
        turned=_turned(found.turned),
        methods=_methods(query, address),
        may_report=bool(query.photo),
    )


def in_words(confidence: float) -> str:
    """A calibrated probability as people say it."""
    return next((word for least, word in WORDS if confidence >= least), LEAST)


def differences(model: ShoeModel, other: ShoeModel) -> tuple[str, ...]:
    """What the catalog states of ``model`` and otherwise of ``other``."""
    found = []
    if model.brand_id != other.brand_id:
        found.append(f"by {model.brand.name}, not {other.brand.name}")
    for field, choices, noun in (
        ("height", Height, "shaft"), ("closure", Closure, "closure"), ("category", Category, "")
    ):  # fmt: skip
        mine, theirs = getattr(model, field), getattr(other, field)
        if mine and theirs and mine != theirs:
            labels = (str(choices(value).label).lower() for value in (mine, theirs))
            said = ", not ".join(labels)
            found.append(f"{noun}: {said}" if noun else said)
    if model.material and other.material and model.material.lower() != other.material.lower():
        found.append(f"{model.material.lower()}, not {other.material.lower()}")
    return tuple(found)


def _candidates(shown: Sequence[Candidate], colours: Sequence[str]) -> tuple[ShownCandidate, ...]:
    numbers = [candidate.model_id for candidate in shown]
    models = ShoeModel.objects.select_related("brand").in_bulk(numbers)
    covers = _covers(numbers, colours)
    here = [(candidate, models[candidate.model_id]) for candidate in shown
            if candidate.model_id in models]  # fmt: skip
    return tuple(
        ShownCandidate(
            model_id=model.pk,
            name=candidate.name,
            percent=round(100 * candidate.confidence),
            href=model.get_absolute_url(),
            cover=covers.get(model.pk),
            differences=differences(model, here[0][1]) if place else (),
        )
        for place, (candidate, model) in enumerate(here)
    )


def _covers(model_ids: Sequence[int], colours: Sequence[str]) -> dict[int, ShoeImage]:
    """A photo of each model, in the colours that the photo seems to have where there is one: the
    cover of the colorway that has most of them, the newest among equals. One query."""
    rows = Colorway.objects.filter(model_id__in=model_ids, cover__isnull=False)

    def fit(row: Colorway) -> tuple[int, bool, int]:
        shared = sum(colour in row.colours for colour in colours)
        return shared, row.colours[:1] == tuple(colours[:1]), row.pk

    best = sorted(rows.select_related("cover"), key=fit)
    return {row.model_id: row.cover for row in best if row.cover is not None}


def _guess(guess: Guess | None, label: Callable[[str], str]) -> ShownGuess | None:
    if guess is None or guess.confidence < SAID_FROM:
        return None
    return ShownGuess(label(guess.value), round(100 * guess.confidence))


def _turned(degrees: int) -> str:
    return {90: "a quarter to the left", 180: "upside down", 270: "a quarter to the right"}.get(
        degrees, ""
    )


def _methods(query: Query, address: Callable[[Query], str]) -> tuple[ShownMethod, ...]:
    offered = methods_offered()
    if len(offered) < 2:
        return ()
    chosen = query.method or offered[0]
    return tuple(
        ShownMethod(
            title=METHODS[name].title,
            href=address(replace(query, method="" if name == offered[0] else name, page=1)),
            current=name == chosen,
        )
        for name in offered
        if name in METHODS
    )
