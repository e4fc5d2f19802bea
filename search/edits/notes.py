"""What a reader of wishes has understood so far, and the few ways in which that changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from search.edits.lexicon import Kind
from search.edits.neighbours import SILENT, following
from search.edits.scanning import Item
from search.edits.settling import Wish
from search.edits.terms import Attribute, Mode

JOINTS: Final = frozenset({Kind.AND, Kind.OR, Kind.COMMA})


@dataclass
class Operator:
    """What holds now, and what it has been applied to."""

    kind: Kind
    text: str = ""
    place: int = 0
    mode: Mode = "change"
    targets: int = 0
    last: str = ""
    """Attribute of the last target."""


@dataclass
class Notes:
    """What has been read so far, and what a word does to it."""

    items: Sequence[Item]
    wishes: list[Wish] = field(default_factory=list)
    unread: set[int] = field(default_factory=set)
    """Places of items that found no meaning: free text, where it is about anything."""
    left: set[int] = field(default_factory=set)
    """Places of other items that stay free text: "no brand"."""
    operator: Operator | None = None
    gap: set[Kind] = field(default_factory=set)
    """What stood since the last target."""
    pending: list[int] = field(default_factory=list)
    """Places of attributes that wait for what is said of them: "brand … is different"."""
    likened: Wish | None = None
    """What the shoe is likened to, which a wish about the same attribute replaces."""
    swapped: int = -1
    """How many wishes there were once a value had been exchanged for another."""
    corrected: str = ""
    """What said that the wishes before were a slip: "no wait". Until the next value."""
    any: bool = False
    whole: bool = False
    here: bool = False
    strange: int = 0
    weight: float = 1.0
    at: int = 0

    # Helpers

    def _after(self, skip: frozenset[Kind] = SILENT) -> int | None:
        return following(self.items, self.at, skip)

    def _start(self, kind: Kind, item: Item, mode: Mode) -> None:
        self._drop()
        self.operator = Operator(kind, item.text, self.at, mode)
        self.gap, self.strange, self.here = set(), 0, False

    def _drop(self) -> None:
        """The operator's list is over. One that found nothing to act on is free text."""
        if self.operator and self.operator.targets == 0 and self.operator.mode == "avoid":
            self.unread.add(self.operator.place)
        self.operator = None

    def _postfix(self) -> bool:
        """Whether an operator speaks of the attribute before it: "brand is different"."""
        if not self.pending:
            return False
        if Kind.COMMA in self.gap or Kind.AND in self.gap:
            after = self._after()
            return after is None or self.items[after].kind is not Kind.ATTRIBUTE
        return True

    def _settle_pending(self, mode: Mode) -> None:
        for place in self.pending:
            self._wish(mode, self.items[place], place)
        self.pending = []
        self._drop()

    def _wish(self, mode: Mode, item: Item, place: int | None = None) -> None:
        joined = bool(self.gap & JOINTS) and self.gap <= {*JOINTS, Kind.WITH}
        attribute: Attribute = item.attribute  # type: ignore[assignment]
        last = self.wishes[-1] if self.wishes else None
        self.wishes.append(
            Wish(
                mode=mode, attribute=attribute, value=item.value or None, weight=self.weight,
                place=self.at if place is None else place, price=item.price,
                joined=joined and last is not None and last.attribute == attribute,
                joint=next((kind for kind in (Kind.OR, Kind.AND) if kind in self.gap), Kind.COMMA),
            )
        )  # fmt: skip
        if self.operator:
            self.operator.targets += 1
            self.operator.last = item.attribute
        self.gap, self.weight = set(), 1.0
