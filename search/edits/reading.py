"""Reads a sentence of wishes into terms: what to keep, what to change, what to avoid.

The sentence is scanned into parts with a meaning (``scanning``), neighbours that belong together
are joined (``preparing``), and it is read from left to right: an operator ("same", "another",
"not", "instead of") holds until its list ends, and a value under no operator is a change to it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from catalog.colours import BY_SLUG
from search.edits.joining import ARTICLES, Joining
from search.edits.lexicon import Kind, Lexicon, built_in
from search.edits.neighbours import SILENT, following, preceding
from search.edits.notes import JOINTS, Operator
from search.edits.operating import EXCESSES
from search.edits.preparing import prepare
from search.edits.scanning import Item, scan
from search.edits.settling import settle
from search.edits.soles import sole_named
from search.edits.terms import TONES, Edit, Mode

MAX_READ: Final = 2000
"""Characters that are read; a query's words are far shorter."""
_NOUNS: Final = frozenset({"material", "closure", "sole", "pattern"})
_ENDS_A_NOUN: Final = frozenset({"closure", "category"})
_NOUN_NEGATIONS: Final = frozenset(
    {"no", "without", "w/o", "ohne", "sin", "kein", "keine", "keinen", "minus"}
)
_REMOVALS: Final = frozenset(
    {"remove", "removing", "take off", "take away", "take out", "lose", "drop", "omit",
     "get rid of", "quitar", "quita"}
)  # fmt: skip
_BEGINS: Final = frozenset(
    {"should", "must", "need", "needs", "want", "wants", "does", "made", "made of", "made from",
     "make", "please", "pls", "prefer", "soll", "muss", "lieber", "bitte", "debe", "mejor",
     "por favor", "prefiero", "also", "plus", "auch", "tambien", "ademas"}
)  # fmt: skip
_INSTEAD: Final = frozenset({"instead", "stattdessen"})
_LISTING: Final = frozenset(
    {"avoid", "avoiding", "exclude", "excluding", "evita", "evitar", "제외"}
)
"""A list under one of these goes on over commas, whatever it names."""


def edit_parse(words: str, *, lexicon: Lexicon | None = None) -> Edit:
    """Read a sentence; any text is accepted, and what is not understood stays as free text.

    ``words`` are clean (``search.query.words_clean``). ``lexicon`` knows the catalog's names
    (``search.vocabulary.catalog_lexicon``); without it the well-known ones are known.
    """
    items = prepare(scan(words[:MAX_READ], lexicon or built_in()))
    reader = Reader(items)
    reader.read()
    return settle(words, items, reader.wishes, reader.unread, reader.left)


class Reader(Joining):
    """Goes from word to word."""

    def read(self) -> None:
        actions: dict[Kind, Callable[[Item], None]] = {
            Kind.VALUE: self._value, Kind.ATTRIBUTE: self._attribute, Kind.NOT: self._not,
            Kind.KEEP: self._keep, Kind.ALIKE: self._alike, Kind.OTHER: self._other,
            Kind.LIKED: self._liked,
            Kind.ALTER: self._alter, Kind.SWAP: self._swap, Kind.INSTEAD: self._instead,
            Kind.EXCEPT: self._except, Kind.NOT_AFTER: self._not_after,
            Kind.INDIFFERENT: self._indifferent, Kind.NEEDLESS: self._needless,
            Kind.ANY: self._any, Kind.WHOLE: self._whole, Kind.CORRECT: self._correct,
            Kind.BUT: self._but, Kind.STOP: self._end, Kind.AND: self._joint, Kind.OR: self._joint,
            Kind.COMMA: self._joint, Kind.IS: self._between, Kind.WITH: self._with,
            Kind.HERE: self._here, Kind.SHOE: self._shoe, Kind.SOFT: self._soft,
            Kind.UNKNOWN: self._unknown, Kind.WANT: self._want, Kind.YES: self._liked,
        }  # fmt: skip
        while self.at < len(self.items):
            item = self.items[self.at]
            if action := actions.get(item.kind):
                action(item)
            self.at += 1
        self._drop()

    # Values and attributes

    def _value(self, item: Item) -> None:
        if self._from_to(item) or self._is_needless(item):
            return
        if self.corrected:
            self._take_back(item)
        mode = self._mode_for(item)
        item = self._of_sole(item)
        self.pending = [p for p in self.pending if self.items[p].attribute != item.attribute]
        if self.here and mode == "change" and self.operator is None:
            # "these Nikes": what the photo shows.
            self.here = False
            if item.attribute in {"brand", "model"}:
                self._wish("keep", item)
            return
        self._wish(mode, item)
        self.whole &= mode != "keep"  # "keep it black"
        if self.likened and self.likened.attribute == item.attribute and mode == "change":
            self.wishes.remove(self.likened)
            self.likened = None
        operator = self.operator
        if operator and operator.kind in {Kind.OTHER, Kind.ALTER} and operator.targets == 1:
            # "another Nike model" is also a wish about the model.
            after = self._after()
            if after is None or self.items[after].kind is not Kind.ATTRIBUTE:
                self.operator = None

    def _of_sole(self, item: Item) -> Item:
        """ "a black sole rather than white", "a black sole, not white": the second colour is the
        sole's as well."""
        operator = self.operator
        last = self.wishes[-1] if self.wishes else None
        if not (operator and not operator.targets and last and last.attribute == "sole"):
            return item
        before = preceding(self.items, operator.place)
        near = before is not None and self.items[before].kind in {Kind.COMMA, Kind.VALUE}
        colours = item.attribute == "colour" and last.value in BY_SLUG and last.mode == "change"
        plainly = operator.kind is Kind.NOT and operator.text in {"not", "no", "nicht"}
        if (plainly and near and colours) or (
            operator.kind is Kind.INSTEAD and item.attribute in {"colour", "material"}
        ):
            return item.turned(Kind.VALUE, "sole", sole_named(item))
        return item

    def _mode_for(self, item: Item) -> Mode:
        operator = self.operator
        if operator is None:
            return "change"
        if operator.targets == 0:
            return (
                "change" if operator.kind in {Kind.OTHER, Kind.ALTER, Kind.ANY} else operator.mode
            )
        if operator.mode == "avoid" and self._still_unwanted(item, operator):
            return "avoid"
        last = self.wishes[-1] if self.wishes else None
        if last and last.mode == "keep" and last.value is None and last.attribute != item.attribute:
            self._drop()  # "same brand red", but "same black leather"
            return "change"
        shown = last is not None and last.mode == "keep" and last.value is None
        if shown and Kind.OR in self.gap:
            self._drop()  # "the same colour or black"
            return "change"
        if operator.mode == "keep" and (
            not self.gap or (self.gap <= {Kind.AND, Kind.OR} and operator.last == item.attribute)
        ):
            return "keep"
        self._drop()
        return "change"

    def _still_unwanted(self, item: Item, operator: Operator) -> bool:
        after = self._after(frozenset())
        if after is not None and self.items[after].text in _INSTEAD:
            return False  # "no red, blue instead"
        if operator.text in _LISTING and self.gap <= JOINTS:
            return item.price is None and item.value not in TONES
        if self.gap & {Kind.IS, Kind.UNKNOWN, Kind.SHOE} or item.price:
            return False  # "not leather under 50"
        if Kind.OR in self.gap:
            return True
        if self._starts_anew():
            return False
        same = item.attribute == operator.last
        if operator.text in EXCESSES and not self.gap & {Kind.AND, Kind.OR}:
            return False  # "너무 높아요 낮은 걸로"
        if not self.gap and operator.last in _ENDS_A_NOUN and operator.text in _NOUN_NEGATIONS:
            return False  # "no laces black", but "no black leather"
        if operator.kind is Kind.INSTEAD and same and not self.gap and len(self.wishes) == 1:
            return False  # "instead of laces a zipper"
        if Kind.AND in self.gap:
            return same or (operator.text in _NOUN_NEGATIONS and item.attribute in _NOUNS)
        if Kind.COMMA in self.gap:
            return same and self._list_goes_on(item.attribute)
        return Kind.WITH not in self.gap

    def _starts_anew(self) -> bool:
        """ "no laces and should have a zip", "not heels the low top one"."""
        since = [one.text for one in self.items[self.wishes[-1].place + 1 : self.at]]
        begins = _BEGINS if self.gap else _BEGINS | ARTICLES
        return any(text in begins for text in since)

    def _list_goes_on(self, attribute: str) -> bool:
        """Whether the list of unwanted values after a comma ends with "or" or "and"."""
        for place in range(self.at + 1, len(self.items)):
            item = self.items[place]
            if item.kind in {Kind.OR, Kind.AND}:
                after = following(self.items, place)
                return after is not None and self.items[after].attribute == attribute
            if item.kind not in SILENT | {Kind.COMMA} and item.attribute != attribute:
                return False
        return False

    def _attribute(self, item: Item) -> None:
        before = self.items[self.at - 1] if self.at else None
        if before and before.kind is Kind.VALUE and before.attribute == item.attribute:
            return  # "red colour"
        operator = self.operator
        after = self._after(SILENT | {Kind.IS})
        binds = after is not None and self._binds(item, self.items[after])
        if operator and operator.kind is Kind.INSTEAD:
            # "instead of this brand I want Puma"
            binds &= all(one.kind is not Kind.WANT for one in self.items[self.at : after])
        value_follows = after is not None and (
            self.items[after].kind is Kind.VALUE and self.items[after].attribute == item.attribute
        )
        if operator and operator.kind in {Kind.ANY, Kind.INDIFFERENT}:
            operator.targets += 1
            return
        if self.here and operator is None:
            self.here = False
            if not binds or self._is_of_next(after):
                self._wish("keep", item)
                return
        if operator is None and self.wishes and self._is_as_well():
            self._wish(self.wishes[-1].mode, item)
            return
        if operator is None and not binds and self._is_all_to_change():
            self._wish("change", item)
            return
        if operator is None and not binds and self._is_of_photo(item):
            self._wish("keep", item)
            return
        if operator and operator.mode in {"keep", "change"} and operator.kind is not Kind.INSTEAD:
            if operator.targets == 0 and value_follows:
                self.pending.append(self.at)
                return
            if operator.targets == 0 or (not binds and self._list_of_attributes()):
                if not self._is_other_than(item):
                    self._wish(operator.mode, item)
                return
            self._drop()
        elif operator and operator.mode == "avoid" and operator.targets == 0 and not binds:
            # "not this brand", "not the colour"; but "without the pattern" is plain
            removed = operator.text in _NOUN_NEGATIONS | _REMOVALS
            plain = item.attribute == "pattern" and removed
            bare = operator.place == self.at - 1 and operator.text in _NOUN_NEGATIONS
            if item.attribute == "brand" and bare:
                self.left |= {operator.place, self.at}  # "no brand" is not another one
                operator.targets += 1
                self._drop()
                return
            self._wish("change", replace(item, value="plain") if plain and not self.here else item)
            self._drop()
            self.here = False
            return
        elif operator and operator.mode == "avoid" and operator.targets and self.gap & JOINTS:
            self._drop()  # "not black, brand Nike": another matter
        self.pending.append(self.at)
        self.gap = set()

    def _binds(self, item: Item, after: Item) -> bool:
        if after.kind is Kind.VALUE:
            return after.attribute == item.attribute
        return after.kind in {
            Kind.KEEP, Kind.OTHER, Kind.ALTER, Kind.NOT, Kind.INDIFFERENT, Kind.EXCEPT, Kind.ALIKE,
        }  # fmt: skip

    def _is_of_next(self, at: int | None) -> bool:
        """ "this brand, another model": the operator at ``at`` is of what comes."""
        place = following(self.items, at) if at is not None else None
        return place is not None and self.items[place].kind is Kind.ATTRIBUTE

    def _is_other_than(self, item: Item) -> bool:
        """ "나이키 아닌 다른 브랜드": any but Nike, as "another brand than Nike"."""
        last, other = self.wishes[-1] if self.wishes else None, self.operator
        if (
            last is None
            or other is None
            or (last.mode, last.attribute) != ("avoid", item.attribute)
        ):
            return False
        before = preceding(self.items, other.place)
        return before is not None and self.items[before].kind is Kind.NOT_AFTER

    def _is_as_well(self) -> bool:
        """ "the brand stays the same, the colour too"."""
        after = self.items[self.at + 1 : self.at + 2]
        too = bool(after) and after[0].text in {"too", "as well", "also", "auch", "tambien"}
        ends = following(self.items, self.at + 1) is None
        return too and ends and self.wishes[-1].value is None

    def _is_all_to_change(self) -> bool:
        """ "don't change the colour, only the brand"."""
        before = preceding(self.items, self.at)
        kept = any(wish.mode == "keep" for wish in self.wishes)
        only = before is not None and self.items[before].text in {"only", "just", "nur", "solo"}
        return only and kept and self._after() is None

    def _is_of_photo(self, item: Item) -> bool:
        """ "the model in red": the one in the photo."""
        before, after = self.items[self.at - 1 : self.at], self.items[self.at + 1 : self.at + 2]
        led = bool(before) and before[0].text in {"the", "das", "el"}
        return item.attribute == "model" and led and bool(after) and after[0].kind is Kind.WITH

    def _list_of_attributes(self) -> bool:
        return self.gap <= {*JOINTS, Kind.HERE}
