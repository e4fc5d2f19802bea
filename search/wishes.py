"""Wishes about attributes as the store understands them, resolved against what the photo shows.

Encoders handle negation poorly, so "another brand" and "not leather" are decided by what the
catalog states: a photo that states otherwise than wished counts less, and one that is what was
expressly not wanted is left out. What the catalog does not state can be neither.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from django.db.models import Q

from catalog.colours import BY_SLUG
from catalog.models import Brand, Category, Gender, Height, ShoeModel
from search.edits import EditTerm, Tone
from search.fusion import Scores
from search.stores.base import Where

STRENGTH: Final[Mapping[str, float]] = {"colour": 2.0, "price": 6.0}
USUAL_STRENGTH: Final = 5.0
"""In deviations of the catalog's likeness: a stated attribute outweighs most of it."""
FIELDS: Final = ("brand", "model", "height", "category", "gender", "colour")
_PLACES: Final = {"height": Height.values, "category": Category.values, "gender": Gender.values}

Marks = npt.NDArray[np.bool_]
Answers = npt.NDArray[np.int8]
"""(rules, n): 1 as wished, -1 not, 0 unknown."""
Standing = Literal["yes", "no", "unknown"]
Terms = tuple[tuple[EditTerm, Standing], ...]


@dataclass(frozen=True)
class Seen:
    """What the photo shows: payload values by attribute, and the colorways that it is of."""

    values: Mapping[str, frozenset[int]] = field(default_factory=dict)
    colorways: frozenset[int] = frozenset()
    price: float | None = None


@dataclass(frozen=True)
class Rule:
    """One term, ready to be asked."""

    term: EditTerm
    satisfied: Where | None
    """Photos that have the value; None when the catalog does not state such things."""
    known: Where | None
    """Photos of which it is stated at all."""
    against: bool
    """The value is not wished for."""
    forbids: bool
    """What has the value is left out."""

    @property
    def strength(self) -> float:
        return self.term.weight * STRENGTH.get(self.term.attribute, USUAL_STRENGTH)


@dataclass(frozen=True)
class Rules:
    """All terms of an edit, and what must not answer it."""

    rules: tuple[Rule, ...] = ()
    own: Where | None = None
    """The query shoe itself: it answers only where it satisfies the edit."""

    @property
    def marks(self) -> tuple[Where, ...]:
        """What to ask the store about every photo, in the order that the methods below expect."""
        asked = [w for rule in self._asked for w in (rule.satisfied, rule.known) if w is not None]
        return (*asked, *([self.own] if self.own else []))

    def answers(self, marks: Marks) -> Answers:
        """What the marks of n photos, (m, n), mean to each rule that was asked."""
        found = np.empty((len(self._asked), marks.shape[1]), np.int8)
        for place, rule in enumerate(self._asked):
            has, known = (marks[2 * place + at].view(np.int8) for at in (0, 1))
            np.multiply(2 * has - (has | known), -1 if rule.against else 1, out=found[place])
        return found

    def score(self, answers: Answers) -> Scores:
        """(n,): half of a rule's strength for or against; nothing where it is not known."""
        total = np.zeros(answers.shape[1], np.float32)
        for rule, answer in zip(self._asked, answers, strict=True):
            total += np.float32(rule.strength / 2) * answer
        return total

    def forbidden(self, answers: Answers, marks: Marks) -> Marks:
        """(n,): what must not be shown."""
        out = np.zeros(answers.shape[1], np.bool_)
        for rule, answer in zip(self._asked, answers, strict=True):
            if rule.forbids:
                out |= answer < 0
        if self.own is not None and self.rules:
            whole = len(self._asked) == len(self.rules) and (answers > 0).all(axis=0)
            out |= marks[-1] & ~np.asarray(whole)
        return out

    def standings(self, answers: Answers) -> list[Terms]:
        """For each photo, each term with "yes", "no" or "unknown"."""
        words: dict[int, Standing] = {1: "yes", -1: "no", 0: "unknown"}
        count = answers.shape[1]
        spoken = iter([[words[one] for one in row.tolist()] for row in answers])
        unknown: list[Standing] = ["unknown"] * count
        told = [
            [(rule.term, one) for one in (next(spoken) if rule.satisfied else unknown)]
            for rule in self.rules
        ]
        return list(zip(*told, strict=True)) if told else [()] * count

    @property
    def ideal(self) -> float:
        """The score of a photo that is all that is wished for."""
        return sum(rule.strength for rule in self._asked) / 2

    @property
    def _asked(self) -> list[Rule]:
        return [rule for rule in self.rules if rule.satisfied is not None]


def rules_from(
    terms: Sequence[EditTerm], seen: Seen, *, shades: Mapping[Tone, Sequence[str]] | None = None
) -> Rules:
    """Terms of one attribute and mode are alternatives: "Nike or Puma".

    ``shades`` are the colours that a tone ("darker") means for this photo.
    """
    rules: list[Rule] = []
    for term in terms:
        against = term.mode == "avoid"
        if term.tone:
            meant = (shades or {}).get(term.tone)
            satisfied = _where("colour", meant) if meant else None
        elif term.value is None:
            codes = seen.values.get(term.attribute)
            if term.attribute == "price":
                satisfied = _cheaper(seen) if term.mode != "keep" else _about(seen)
            else:
                satisfied = Where(any_of={field_of(term.attribute): codes}) if codes else None
                against = term.mode != "keep"
        else:
            alike = [t.value for t in terms if (t.mode, t.attribute) == (term.mode, term.attribute)]
            satisfied = _where(term.attribute, [value for value in alike if value])
        rules.append(
            Rule(
                term=term,
                satisfied=satisfied,
                known=None if satisfied is None else _known(term),
                against=against,
                forbids=against and term.weight >= 1,
            )
        )
    changes = any(term.mode != "keep" for term in terms)
    own = Where(any_of={"colorway": seen.colorways}) if changes and seen.colorways else None
    return Rules(tuple(rules), own)


def _where(attribute: str, values: Sequence[str]) -> Where | None:
    match attribute:
        case "brand":
            named = Q(pk__in=())
            for value in values:
                named |= Q(name__iexact=value) | Q(slug=value) | Q(aliases__name__iexact=value)
            return _any("brand", Brand.objects.filter(named).values_list("id", flat=True))
        case "model":
            named = Q(pk__in=())
            for value in values:
                named |= Q(name__iexact=value) | Q(slug=value) | Q(aliases__name__iexact=value)
            return _any("model", ShoeModel.objects.filter(named).values_list("id", flat=True))
        case "colour":
            return _any("colour", (BY_SLUG[value].code for value in values if value in BY_SLUG))
        case "height" | "category" | "gender":
            places = _PLACES[attribute]
            return _any(attribute, (places.index(v) + 1 for v in values if v in places))
        case "closure":
            models = ShoeModel.objects.filter(closure__in=values)
            return _any("model", models.values_list("id", flat=True))
        case "material":
            made = Q(pk__in=())
            for value in values:
                made |= Q(material__icontains=value)
            return _any("model", ShoeModel.objects.filter(made).values_list("id", flat=True))
        case "price":
            return _priced(values[0]) if values else None
        case _:
            return None


def field_of(attribute: str) -> str:
    """The field of a payload by which shoes are the same: one of several colours is not enough."""
    return "main_colour" if attribute == "colour" else attribute


def _known(term: EditTerm) -> Where:
    attribute = term.attribute
    if attribute in {"closure", "material"}:
        stated = ShoeModel.objects.exclude(**{attribute: ""}).values_list("id", flat=True)
        return Where(any_of={"model": frozenset(stated)})
    same = term.value is None and not term.tone
    return Where(between={field_of(attribute) if same else attribute: (None, None)})


def _any(name: str, codes: Iterable[int]) -> Where:
    return Where(any_of={name: frozenset(codes)})


def _priced(value: str) -> Where | None:
    """ "<80", ">50", "50-80"."""
    low, _, high = value.partition("-")
    try:
        if value[:1] == "<":
            return Where(between={"price": (None, float(value[1:]))})
        if value[:1] == ">":
            return Where(between={"price": (float(value[1:]), None)})
        return Where(between={"price": (float(low), float(high))})
    except ValueError:
        return None


def _about(seen: Seen) -> Where | None:
    """ "Same price": within a fifth of it."""
    if seen.price is None:
        return None
    return Where(between={"price": (0.8 * seen.price, 1.2 * seen.price)})


def _cheaper(seen: Seen) -> Where | None:
    """ "Cheaper" is below the price of the shoe in the photo, where that is known."""
    if seen.price is None:
        return None
    return Where(between={"price": (None, seen.price - 0.01)})
