"""Operators: "same", "another", "not", "instead of", "any", and what they hold for."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from search.edits.exchanging import Exchanging
from search.edits.lexicon import Kind
from search.edits.neighbours import SILENT, following, preceding
from search.edits.notes import JOINTS
from search.edits.scanning import Item
from search.edits.terms import Mode

STAYS: Final = frozenset(
    {"stay", "stays", "staying", "remain", "remains", "unchanged", "unaltered", "bleibt", "bleiben",
     "bleib", "그대로", "유지", "유지하고", "유지해", "as is", "as it is", "as they are"}
)  # fmt: skip

_THEM: Final = frozenset({"it", "them", "em", "these", "those", "this", "sie", "los", "las"})
_RELATIVE: Final = frozenset({"that", "which", "die", "que"})
EXCESSES: Final = frozenset({"too", "zu", "demasiado", "demasiada", "son demasiado", "너무"})
"""Said of one value, and of no price: "too fancy, 50 or less"."""


class Operating(Exchanging):
    """Starts, ends and turns what holds from here on."""

    def _not(self, item: Item) -> None:
        self.any = False
        if item.text == "menos" and self._all_changes():
            self._start(Kind.KEEP, item, "keep")  # "cambia todo menos la marca"
            return
        if self._denied_behind(item):
            self._not_after(item)
            return
        after = self._after(SILENT | {Kind.NOT, Kind.IS, Kind.WITH, Kind.SHOE})
        kind = self.items[after].kind if after is not None else None
        if kind is Kind.LIKED and self.pending:
            # "the colour isn't nice"
            self._settle_pending("change")
            self.at = after or self.at
            return
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
        if self._ends() and self._postfix():
            self._settle_pending("change")  # "the brand not so much"
            return
        if after is None or kind in {Kind.STOP, Kind.BUT}:
            self.unread.add(self.at)
            return
        self._forget_another()  # "another brand that is not Nike"
        self._start(Kind.NOT, item, "avoid")

    def _denied_behind(self, item: Item) -> bool:
        """ "white no, red yes", "leather is not ok": what is denied stands before."""
        # German denies at the end: "schwarz mag ich nicht".
        verbs = {Kind.UNKNOWN, Kind.LIKED} if item.text == "nicht" else set()
        before = preceding(self.items, self.at, SILENT | {Kind.IS} | verbs)
        named = before is not None and self.items[before].kind is Kind.VALUE
        ended = self._ends(frozenset({Kind.AND}))
        if verbs and before is not None:  # "steht mir nicht keine Nike"
            verbal = any(one.kind in verbs for one in self.items[before + 1 : self.at])
            after = self._after()
            ended |= verbal and after is not None and self.items[after].kind is Kind.NOT
        return bool(named and ended and self.wishes and self.operator is None)

    def _ends(self, also: frozenset[Kind] = frozenset()) -> bool:
        """Whether nothing more is said of it."""
        after = self._after(SILENT | {Kind.LIKED})
        ends = {Kind.COMMA, Kind.STOP, Kind.BUT, *also}
        return after is None or self.items[after].kind in ends

    def _instead(self, item: Item) -> None:
        self._forget_another()
        self._start(Kind.INSTEAD, item, "avoid")

    def _except(self, item: Item) -> None:
        if self._all_changes():
            # "change everything but the brand"
            self._start(Kind.KEEP, item, "keep")
            return
        operator = self.operator
        after = self._after()
        if after is not None and self.items[after].kind is Kind.KEEP:
            # "anything but the same colour"
            self._start(Kind.OTHER, item, "change")
            self.at = after
            return
        if self.pending and after is not None and self.items[after].kind is Kind.HERE:
            self._settle_pending("change")  # "a brand other than this one"
            return
        self.any = False
        kept = operator is not None and operator.mode == "keep" and operator.targets == 0
        of_all = operator is not None and operator.kind is Kind.ANY  # "any brand except Nike"
        if kept or (self.whole and not of_all and not self._everything_but()):
            # "the same except the colour"
            self._start(Kind.OTHER, item, "change")
            return
        self._forget_another()
        self._start(Kind.EXCEPT, item, "avoid")

    def _all_changes(self) -> bool:
        """Whether all is to change but an attribute that comes next."""
        after = self._after(SILENT | {Kind.HERE, Kind.KEEP})
        before = preceding(self.items, self.at, SILENT | {Kind.WHOLE, Kind.ANY})
        if after is None or self.items[after].kind is not Kind.ATTRIBUTE or before is None:
            return False
        around = self.items[max(0, before - 1) : self.at + 1]
        of_all = any(one.kind in {Kind.WHOLE, Kind.ANY} for one in around)
        of_all |= self.items[self.at].text in {"everything but", "all but"}
        return of_all and self.items[before].kind in {Kind.ALTER, Kind.OTHER}

    def _everything_but(self) -> bool:
        """ "in navy, anything except Nike": of all that there is, not of what the photo shows."""
        before, after = preceding(self.items, self.at), self._after()
        if before is None or after is None or self.items[after].kind is not Kind.VALUE:
            return False
        if self.items[self.at].text in {"anything but", "anyone but", "any but", "all but"}:
            return True
        earlier = preceding(self.items, before)
        kept = earlier is not None and self.items[earlier].kind is Kind.KEEP
        return self.items[before].kind in {Kind.WHOLE, Kind.ANY} and not kept

    def _forget_another(self) -> None:
        """ "another colour than black" says which other one."""
        operator = self.operator
        after = self._after(SILENT | {Kind.WITH, Kind.HERE})
        named = after is not None and self.items[after].kind is Kind.VALUE
        if named and operator and operator.kind is Kind.OTHER and operator.targets:
            last = self.wishes[-1]
            same = after is not None and last.attribute == self.items[after].attribute
            relative = self.items[self.at].text.startswith("que ")
            relative |= self.items[self.at - 1].text in _RELATIVE  # "…, die nicht Nike ist"
            ended = bool(self.gap & JOINTS) and not relative
            if same and last.mode == "change" and last.value is None and not ended:
                self.wishes.pop()

    def _not_after(self, item: Item) -> None:
        """ "검은색 말고": what was named last, and what is joined with it, is not wanted."""
        if self.pending and self._postfix():
            if item.text.startswith(("없", "빼")) and len(self.pending) == 1:
                one = self.items[self.pending[0]]
                if one.attribute == "brand":  # "브랜드 없는"
                    self.left |= {self.pending.pop(), self.at}
                    return
                if one.attribute == "pattern":  # "무늬가 없는"
                    self._wish("change", replace(one, value="plain"), self.pending.pop())
            self._settle_pending("change")  # "브랜드는 별로"
            return
        if item.text in {"보다", "보다는"} and self.items[self.at - 1].kind is not Kind.VALUE:
            return  # "생각보다"
        before = preceding(self.items, self.at, SILENT | {Kind.SHOE})
        if before is not None and self.items[before].kind is Kind.UNKNOWN:
            self.unread.add(self.at)  # "뾰족한 거 말고 둥근 거"
        for wish in reversed(self.wishes):
            if wish.mode == "change" and wish.value is not None:
                wish.mode = "avoid"
            if not wish.joined or wish.joint is Kind.COMMA:
                break
        self._drop()

    def _keep(self, item: Item) -> None:
        if self._postfix() and not self._is_of_thing():
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
        if item.text in STAYS and not ahead and named and self.wishes[-1].mode == "change":
            self.wishes[-1].mode = "keep"
            return
        if item.text.endswith(("데", "고", "지만")):
            self.whole = True  # "디자인은 같은데 가죽으로"
            return
        if before is not None and self.items[before].kind is Kind.WHOLE:
            return  # "everything else stays the same"
        self._start(Kind.KEEP, item, "keep")

    def _is_of_thing(self) -> bool:
        """ "a brand with the same look": said of the shoe, not of its brand."""
        before, after = preceding(self.items, self.at), self._after()
        around = [self.items[place].kind for place in (before, after) if place is not None]
        return around == [Kind.WITH, Kind.SHOE]

    def _alike(self, item: Item) -> None:
        self.any = False  # "anything similar but red"
        after = self._after()
        if self._postfix():
            self._settle_pending("keep")
        elif after is not None and self.items[after].kind is Kind.ATTRIBUTE:
            named = following(self.items, after, SILENT | {Kind.IS})
            if named is None or self.items[named].attribute != self.items[after].attribute:
                # "I love the colour", but not "I love the colour red"
                self._start(Kind.KEEP, item, "keep")

    def _liked(self, item: Item) -> None:
        if self.pending and self._postfix():
            denied = self._after()
            if denied is not None and self.items[denied].text == "nicht":
                # "die Farbe gefällt mir nicht"
                self._settle_pending("change")
                self.at = denied
                return
            self._settle_pending("keep")

    def _other(self, item: Item) -> None:
        if self._postfix():
            self._settle_pending("change")
        elif not (self.operator and self.operator.kind is Kind.OTHER and not self.operator.targets):
            self._start(Kind.OTHER, item, "change")

    def _alter(self, item: Item) -> None:
        if not (self._exchanged(item) or self._is_changed_to(item) or self._exchange(item)):
            self._other(item)

    def _swap(self, item: Item) -> None:
        before = preceding(self.items, self.at)
        if before is not None and self.items[before].kind is Kind.IS and self.wishes:
            # "the laces are replaced by velcro"
            self._not_after(item)
        elif not self._exchange(item):
            after = self._after()
            if self.items[self.at + 1 : self.at + 2] and self.items[self.at + 1].text in _THEM:
                return  # "to replace them with black ones"
            attribute = after is not None and self.items[after].kind is Kind.ATTRIBUTE
            self._start(
                Kind.OTHER if attribute else Kind.NOT, item, "change" if attribute else "avoid"
            )

    def _correct(self, item: Item) -> None:
        """ "black, no wait, navy": what comes next replaces what was said of the same."""
        self._drop()
        parted = self.items[self.at + 1 : self.at + 2]
        self.corrected = "," if parted and parted[0].kind is Kind.COMMA else item.text

    def _take_back(self, item: Item) -> None:
        """Forget the last list of wishes about the attribute of ``item``."""
        said, self.corrected = self.corrected, ""
        last = next((w for w in reversed(self.wishes) if w.attribute == item.attribute), None)
        if last is None:
            if self.operator is None and said.endswith(" no"):
                # "like these, actually no laces"
                self._start(Kind.NOT, item, "avoid")
            return
        while last in self.wishes:
            place = self.wishes.index(last)
            self.wishes.remove(last)
            if not last.joined or last.joint is not Kind.OR:
                return
            last = self.wishes[place - 1]

    def _indifferent(self, item: Item) -> None:
        if self.pending:
            self.pending, self.operator = [], None
        else:
            self._start(Kind.INDIFFERENT, item, "change")

    def _needless(self, item: Item) -> None:
        """ "doesn't have to be leather", "나이키 아니어도": neither wished for nor avoided."""
        last = self.wishes[-1] if self.wishes else None
        if last and last.attribute == "gender" and last.place == self.at - 1 and self._has(item):
            self.wishes.pop()  # "my brother has them in red, I want blue"
            last = None
        if not item.text.isascii() and last and last.mode == "change":
            self.wishes.pop()
        else:
            self._start(Kind.NEEDLESS, item, "change")

    def _has(self, item: Item) -> bool:
        """Whether somebody only has or wears it, and does not want another."""
        wishes = any(one.text in {"wants", "needs"} for one in self.items[self.at :])
        return (
            item.text.split()[0] in {"has", "had", "wears", "wore", "hat", "tiene"} and not wishes
        )

    def _is_needless(self, item: Item) -> bool:
        operator = self.operator
        if operator is None or operator.kind is not Kind.NEEDLESS:
            return False
        goes_on = Kind.OR in self.gap and item.attribute == operator.last
        if operator.targets and not (goes_on or not self.gap):  # "I have the black leather ones"
            self._drop()
            return False
        operator.targets, operator.last = operator.targets + 1, item.attribute
        self.gap, self.pending = set(), []
        return True

    def _any(self, item: Item) -> None:
        self.any = True
        after = self._after()
        if after is not None and self.items[after].kind is Kind.ATTRIBUTE:
            self._start(Kind.ANY, item, "change")
