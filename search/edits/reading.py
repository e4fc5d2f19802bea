"""Reads a sentence of wishes into terms: what to keep, what to change, what to avoid.

The sentence is scanned into parts with a meaning (``scanning``), neighbours that belong together
are joined (``preparing``), and it is read from left to right: an operator ("same", "another",
"not", "instead of") holds until its list ends, and a value under no operator is a change to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from search.edits.lexicon import Kind, Lexicon, built_in, words_of
from search.edits.preparing import SILENT, following, preceding, prepare, sole_named
from search.edits.scanning import Item, scan
from search.edits.settling import Wish, settle
from search.edits.terms import Attribute, Edit, Mode

MAX_READ: Final = 2000
"""Characters that are read; a query's words are far shorter."""
_NOUNS: Final = frozenset({"material", "closure", "sole", "pattern"})
_NOUN_NEGATIONS: Final = frozenset(
    {"no", "without", "w/o", "ohne", "sin", "kein", "keine", "keinen", "minus"}
)
_LISTING: Final = frozenset(
    {"avoid", "avoiding", "exclude", "excluding", "evita", "evitar", "제외"}
)
"""A list under one of these goes on over commas, whatever it names."""
_STAYS: Final = frozenset(
    {"stay", "stays", "staying", "remain", "remains", "unchanged", "unaltered", "bleibt", "bleiben",
     "bleib", "그대로", "유지", "유지하고", "유지해", "as is", "as it is", "as they are"}
)  # fmt: skip
_JOINTS: Final = frozenset({Kind.AND, Kind.OR, Kind.COMMA})
_TO: Final = frozenset({"to", "into", "->", "=>", "→"})
SOFT: Final = 0.5
"""Weight of what is wished for "preferably"."""


def edit_parse(words: str, *, lexicon: Lexicon | None = None) -> Edit:
    """Read a sentence; any text is accepted, and what is not understood stays as free text.

    ``words`` are clean (``search.query.words_clean``). ``lexicon`` knows the catalog's names
    (``search.vocabulary.catalog_lexicon``); without it the well-known ones are known.
    """
    items = prepare(scan(words[:MAX_READ], lexicon or built_in()))
    reader = Reader(items)
    reader.read()
    return settle(words, items, reader.wishes, reader.unread)


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
class Reader:
    items: Sequence[Item]
    wishes: list[Wish] = field(default_factory=list)
    unread: set[int] = field(default_factory=set)
    """Places of items that found no meaning: free text, where it is about anything."""
    operator: Operator | None = None
    gap: set[Kind] = field(default_factory=set)
    """What stood since the last target."""
    pending: list[int] = field(default_factory=list)
    """Places of attributes that wait for what is said of them: "brand … is different"."""
    any: bool = False
    whole: bool = False
    here: bool = False
    strange: int = 0
    weight: float = 1.0
    at: int = 0

    def read(self) -> None:
        actions: dict[Kind, Callable[[Item], None]] = {
            Kind.VALUE: self._value, Kind.ATTRIBUTE: self._attribute, Kind.NOT: self._not,
            Kind.KEEP: self._keep, Kind.ALIKE: self._alike, Kind.OTHER: self._other,
            Kind.ALTER: self._alter, Kind.SWAP: self._swap, Kind.INSTEAD: self._instead,
            Kind.EXCEPT: self._except, Kind.NOT_AFTER: self._not_after,
            Kind.INDIFFERENT: self._indifferent, Kind.ANY: self._any, Kind.WHOLE: self._whole,
            Kind.BUT: self._but, Kind.STOP: self._end, Kind.AND: self._joint, Kind.OR: self._joint,
            Kind.COMMA: self._joint, Kind.IS: self._between, Kind.WITH: self._with,
            Kind.HERE: self._here, Kind.SHOE: self._shoe, Kind.SOFT: self._soft,
            Kind.UNKNOWN: self._unknown, Kind.WANT: self._want,
        }  # fmt: skip
        while self.at < len(self.items):
            item = self.items[self.at]
            if action := actions.get(item.kind):
                action(item)
            self.at += 1

    # Values and attributes

    def _value(self, item: Item) -> None:
        if self._from_to(item):
            return
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
        operator = self.operator
        if operator and operator.kind in {Kind.OTHER, Kind.ALTER} and operator.targets == 1:
            # "another Nike model" is also a wish about the model.
            after = self._after()
            if after is None or self.items[after].kind is not Kind.ATTRIBUTE:
                self.operator = None

    def _of_sole(self, item: Item) -> Item:
        """ "a black sole rather than white": the second colour is the sole's as well."""
        operator = self.operator
        if (
            operator
            and operator.kind is Kind.INSTEAD
            and not operator.targets
            and item.attribute in {"colour", "material"}
            and self.wishes
            and self.wishes[-1].attribute == "sole"
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
        if operator.mode == "keep" and (
            not self.gap or (self.gap <= {Kind.AND, Kind.OR} and operator.last == item.attribute)
        ):
            return "keep"
        self._drop()
        return "change"

    def _still_unwanted(self, item: Item, operator: Operator) -> bool:
        if operator.text in _LISTING and self.gap <= _JOINTS:
            return True
        if self.gap & {Kind.IS, Kind.UNKNOWN, Kind.SHOE}:
            return False
        if Kind.OR in self.gap:
            return True
        same = item.attribute == operator.last
        if Kind.AND in self.gap:
            return same or (operator.text in _NOUN_NEGATIONS and item.attribute in _NOUNS)
        if Kind.COMMA in self.gap:
            return same and self._list_goes_on(item.attribute)
        return Kind.WITH not in self.gap

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
        value_follows = after is not None and (
            self.items[after].kind is Kind.VALUE and self.items[after].attribute == item.attribute
        )
        if operator and operator.kind in {Kind.ANY, Kind.INDIFFERENT}:
            operator.targets += 1
            return
        if self.here and operator is None:
            self.here = False
            if not binds:
                self._wish("keep", item)
                return
        if operator and operator.mode in {"keep", "change"} and operator.kind is not Kind.INSTEAD:
            if operator.targets == 0 and value_follows:
                self.pending.append(self.at)
                return
            if operator.targets == 0 or (not binds and self._list_of_attributes()):
                self._wish(operator.mode, item)
                return
            self._drop()
        elif operator and operator.mode == "avoid" and operator.targets == 0 and not binds:
            # "not this brand", "not the colour"
            self._wish("change", item)
            self._drop()
            return
        self.pending.append(self.at)
        self.gap = set()

    def _binds(self, item: Item, after: Item) -> bool:
        if after.kind is Kind.VALUE:
            return after.attribute == item.attribute
        return after.kind in {
            Kind.KEEP, Kind.OTHER, Kind.ALTER, Kind.NOT, Kind.INDIFFERENT, Kind.EXCEPT, Kind.ALIKE,
        }  # fmt: skip

    def _list_of_attributes(self) -> bool:
        return self.gap <= {*_JOINTS, Kind.HERE}

    # Operators

    def _not(self, item: Item) -> None:
        after = self._after(SILENT | {Kind.NOT, Kind.IS, Kind.WITH, Kind.SHOE})
        kind = self.items[after].kind if after is not None else None
        if after is not None and kind in {Kind.KEEP, Kind.ALTER, Kind.OTHER}:
            turned: Mode = "change" if kind is Kind.KEEP else "keep"
            if self.pending:
                self._settle_pending(turned)
            else:
                self._start(Kind.OTHER if turned == "change" else Kind.KEEP, item, turned)
            self.at = after
            return
        if self.operator and self.operator.mode == "avoid" and self.operator.targets == 0:
            return
        if after is None or kind in {Kind.STOP, Kind.BUT}:
            self.unread.add(self.at)
            return
        self._start(Kind.NOT, item, "avoid")

    def _instead(self, item: Item) -> None:
        self._forget_another()
        self._start(Kind.INSTEAD, item, "avoid")

    def _except(self, item: Item) -> None:
        operator = self.operator
        kept = operator is not None and operator.mode == "keep" and operator.targets == 0
        if self.whole or kept:
            # "the same except the colour"
            self._start(Kind.OTHER, item, "change")
            return
        self._forget_another()
        self._start(Kind.EXCEPT, item, "avoid")

    def _forget_another(self) -> None:
        """ "another colour than black" says which other one."""
        operator = self.operator
        after = self._after(SILENT | {Kind.WITH, Kind.HERE})
        named = after is not None and self.items[after].kind is Kind.VALUE
        if named and operator and operator.kind is Kind.OTHER and operator.targets:
            last = self.wishes[-1]
            if last.mode == "change" and last.value is None and not self.gap & _JOINTS:
                self.wishes.pop()

    def _not_after(self, item: Item) -> None:
        """ "검은색 말고": what was named last, and what is joined with it, is not wanted."""
        for wish in reversed(self.wishes):
            if wish.mode == "change" and wish.value is not None:
                wish.mode = "avoid"
            if not wish.joined or wish.joint is Kind.COMMA:
                break
        self._drop()

    def _keep(self, item: Item) -> None:
        if self._postfix():
            after = self._after()
            waiting = {self.items[place].attribute for place in self.pending}
            if (
                after is not None
                and self.items[after].attribute in waiting
                and (self.items[after].kind is Kind.VALUE)
            ):
                self.pending = []
                self._start(Kind.KEEP, item, "keep")
            else:
                self._settle_pending("keep")
            return
        after = self._after()
        ahead = after is not None and self.items[after].kind in {Kind.VALUE, Kind.ATTRIBUTE}
        before = preceding(self.items, self.at, SILENT | {Kind.IS})
        named = before is not None and self.items[before].kind is Kind.VALUE and self.wishes
        if item.text in _STAYS and not ahead and named and self.wishes[-1].mode == "change":
            self.wishes[-1].mode = "keep"
            return
        if before is not None and self.items[before].kind is Kind.WHOLE:
            return  # "everything else stays the same"
        self._start(Kind.KEEP, item, "keep")

    def _alike(self, item: Item) -> None:
        after = self._after()
        if self._postfix():
            self._settle_pending("keep")
        elif after is not None and self.items[after].kind is Kind.ATTRIBUTE:
            self._start(Kind.KEEP, item, "keep")

    def _other(self, item: Item) -> None:
        if self._postfix():
            self._settle_pending("change")
        elif not (self.operator and self.operator.kind is Kind.OTHER and not self.operator.targets):
            self._start(Kind.OTHER, item, "change")

    def _alter(self, item: Item) -> None:
        if not self._exchange(item):
            self._other(item)

    def _swap(self, item: Item) -> None:
        before = preceding(self.items, self.at)
        if before is not None and self.items[before].kind is Kind.IS and self.wishes:
            # "the laces are replaced by velcro"
            self._not_after(item)
        elif not self._exchange(item):
            after = self._after()
            attribute = after is not None and self.items[after].kind is Kind.ATTRIBUTE
            self._start(
                Kind.OTHER if attribute else Kind.NOT, item, "change" if attribute else "avoid"
            )

    def _exchange(self, item: Item) -> bool:
        """ "swap white for black": the first goes, the second comes."""
        first = self._after(SILENT | {Kind.ATTRIBUTE, Kind.SHOE, Kind.HERE, Kind.WITH})
        return first is not None and self._exchange_from(first)

    def _exchange_from(self, first: int) -> bool:
        if self.items[first].kind is not Kind.VALUE:
            return False
        attribute, place, old = self.items[first].attribute, first, [first]
        while place + 1 < len(self.items):
            place += 1
            item = self.items[place]
            if item.kind is Kind.VALUE and item.attribute == attribute:
                old.append(place)
            elif item.kind is Kind.WITH and _leads_to(item):
                passed = SILENT | {Kind.SHOE, Kind.ATTRIBUTE, Kind.ANY}
                second = following(self.items, place, passed)
                if second is None or not self._replaces(self.items[second], attribute):
                    return False
                for gone in old:
                    self._wish("avoid", self.items[gone], gone)
                self._drop()
                new = self.items[second]
                if new.attribute != attribute:
                    new = new.turned(Kind.VALUE, "sole", sole_named(new))
                self._wish("change", new, second)
                self.at = second
                return True
            elif item.kind not in SILENT | {Kind.ATTRIBUTE, Kind.AND, Kind.SHOE}:
                return False
        return False

    def _replaces(self, item: Item, attribute: str) -> bool:
        sole = attribute == "sole" and item.attribute in {"colour", "material"}
        return item.kind is Kind.VALUE and (item.attribute == attribute or sole)

    def _from_to(self, item: Item) -> bool:
        """ "from black to red", "black to red"."""
        if item.price or self.operator:
            return False
        before, after = preceding(self.items, self.at), self._after()
        said = before is not None and self.items[before].text in words_of("from")
        led = after is not None and self.items[after].text in _TO
        return (said or led) and self._exchange_from(self.at)

    def _indifferent(self, item: Item) -> None:
        if self.pending:
            self.pending, self.operator = [], None
        else:
            self._start(Kind.INDIFFERENT, item, "change")

    def _any(self, item: Item) -> None:
        self.any = True
        after = self._after()
        if after is not None and self.items[after].kind is Kind.ATTRIBUTE:
            self._start(Kind.ANY, item, "change")

    # What ends or joins

    def _but(self, item: Item) -> None:
        if self.any and item.text == "but":
            self.any = False
            self._except(item)
            return
        self._end(item)

    def _end(self, item: Item) -> None:
        self._drop()
        self.pending, self.any, self.here, self.weight = [], False, False, 1.0
        self.gap.add(item.kind)

    def _joint(self, item: Item) -> None:
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
            and (
                item.text not in {"of", "de", "von", "with", "의"}
                or operator.text not in _STAYS | {"stay with"}
            )
        ):
            self.whole = True
            self._drop()
        self.here = False
        self.gap.add(item.kind)

    def _here(self, item: Item) -> None:
        after = self._after()
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
        if operator.targets == 0 and self.strange > (2 if operator.mode == "avoid" else 1):
            self._drop()
        self.gap.add(item.kind)

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
        joined = bool(self.gap & _JOINTS) and self.gap <= {*_JOINTS, Kind.WITH}
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


def _leads_to(item: Item) -> bool:
    return item.text in words_of("to") or item.text in {"in", "a", *_TO}
