"""Words between wishes: what ends an operator's list, and what goes on with it."""

from __future__ import annotations

from typing import Final

from search.edits.lexicon import Kind
from search.edits.neighbours import SILENT, following, preceding
from search.edits.operating import EXCESSES, STAYS, Operating
from search.edits.scanning import Item

ARTICLES: Final = frozenset({"the", "a", "an", "any", "some", "ein", "eine", "einen", "un", "una"})
_HAVING: Final = frozenset({"with", "having", "has", "featuring", "mit", "con"})
_LIKE: Final = frozenset({"like", "to", "wie", "como", "처럼"})
_LIKE_OF: Final = frozenset({"of", "de", "von"})
SOFT: Final = 0.5
"""Weight of what is wished for "preferably"."""


class Joining(Operating):
    """Reads signs, small words, and words that mean nothing here."""

    def _but(self, item: Item) -> None:
        denied = self.operator is not None and self.operator.mode == "avoid"
        if self.any and item.text == "but" and not denied and self._is_of_any():
            self.any = False
            self._except(item)
            return
        before = preceding(self.items, self.at)
        likens = preceding(self.items, before) if before is not None else None
        if likens is not None and self.items[likens].text in _LIKE and self.wishes:
            self.likened = self.wishes[-1]  # "like Vans but by Nike": Nike
        self._end(item)

    def _is_of_any(self) -> bool:
        """Whether "any brand but …" goes on with a brand; in "any size but red" it is "yet"."""
        place = self.at - 1
        while place > 0 and self.items[place].kind is not Kind.ANY:
            place -= 1
        named = following(self.items, place)
        after = self._after(SILENT | {Kind.KEEP, Kind.WITH, Kind.HERE})
        if named is None or after is None or not self.items[after].attribute:
            return True
        noun = self.items[named]
        if noun.kind is Kind.UNKNOWN:  # "any size but red", but not "any comfy shoe but red"
            return following(self.items, named) != self.at
        return noun.kind is not Kind.ATTRIBUTE or noun.attribute == self.items[after].attribute

    def _end(self, item: Item) -> None:
        self._drop()
        self.pending, self.any, self.here, self.weight = [], False, False, 1.0
        self.whole &= item.kind is not Kind.STOP
        self.gap.add(item.kind)

    def _joint(self, item: Item) -> None:
        if item.text == "아니면" and self.items[self.at - 1].text == "만":
            self._not_after(item)  # "흰색만 아니면"
            return
        operator = self.operator
        if item.kind is Kind.COMMA:
            self.here, self.any = False, False
            if (
                operator
                and operator.targets == 0
                and (operator.kind is not Kind.NOT or self.strange)
            ):
                self._drop()
        self.gap.add(item.kind)

    def _between(self, item: Item) -> None:
        self.gap.add(item.kind)

    def _with(self, item: Item) -> None:
        operator = self.operator
        if (
            operator
            and operator.kind is Kind.KEEP
            and operator.targets == 0
            and not (self.pending and item.text in _LIKE_OF)  # "the same shade of blue"
            and (
                item.text not in {"of", "de", "von", "with", "의"}
                or operator.text not in STAYS | {"stay with"}
            )
        ):
            self.whole = True
            self._drop()
        listed = operator is not None and operator.mode == "avoid" and operator.targets
        if listed and item.text in _HAVING and Kind.OR not in self.gap:
            self._drop()  # "without laces and with white soles"
        self.here = False
        self.gap.add(item.kind)

    def _here(self, item: Item) -> None:
        self.any = False  # "any like these but red"
        after = self._after()
        if item.text in {"이거", "이것"}:
            return  # a thing of its own, and not "these" of a value
        if self.items[self.at + 1 : self.at + 2] and self.items[self.at + 1].text in ARTICLES:
            return  # "like this, the white version"
        self.here = after is not None and self.items[after].kind in {Kind.VALUE, Kind.ATTRIBUTE}

    def _shoe(self, item: Item) -> None:
        operator = self.operator
        if (
            operator
            and operator.targets == 0
            and operator.kind in {Kind.KEEP, Kind.OTHER, Kind.ALTER}
        ):
            self.whole |= operator.kind is Kind.KEEP
            if item.text not in {"it", "them"}:
                self._drop()
        self.here = False
        if operator and operator.targets:
            self.gap.add(item.kind)

    def _whole(self, item: Item) -> None:
        self.whole = self.any = True
        if self.operator and self.operator.targets == 0:
            self._drop()

    def _want(self, item: Item) -> None:
        if self.operator and self.operator.targets:
            self._drop()

    def _soft(self, item: Item) -> None:
        after = self._after()
        if after is None or self.items[after].kind in {Kind.STOP, Kind.COMMA, Kind.BUT}:
            if self.wishes:
                self.wishes[-1].weight = SOFT
        else:
            self.weight = SOFT

    def _unknown(self, item: Item) -> None:
        self.unread.add(self.at)
        operator = self.operator
        if operator is None:
            return
        self.strange += 1
        held = operator.mode == "avoid" and operator.text not in EXCESSES
        if operator.targets == 0 and self.strange > (2 if held else operator.mode != "avoid"):
            self._drop()
        self.gap.add(item.kind)
