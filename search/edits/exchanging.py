"""One value for another: "swap white for black", "from black to red"."""

from __future__ import annotations

from typing import Final

from search.edits.lexicon import Kind, words_of
from search.edits.neighbours import SILENT, following, preceding
from search.edits.notes import JOINTS, Notes
from search.edits.scanning import Item
from search.edits.soles import sole_named

_OBJECT: Final = frozenset({"을", "를", "에서"})
_TO: Final = frozenset({"to", "into", "->", "=>", "→"})


class Exchanging(Notes):
    """Reads exchanges as what is avoided and what is wished for in its place."""

    def _exchange(self, item: Item) -> bool:
        """ "swap white for black": the first goes, the second comes."""
        first = self._after(SILENT | {Kind.ATTRIBUTE, Kind.SHOE, Kind.HERE, Kind.WITH})
        return first is not None and self._exchange_from(first)

    def _exchanged(self, item: Item) -> bool:
        """ "검정을 흰색으로 바꿔": what was named as the object goes."""
        if item.text.isascii() or len(self.wishes) < 2:
            return False
        old, new = self.wishes[-2:]
        goes = old.mode == new.mode == "change" and old.attribute == new.attribute
        if goes and self.items[old.place + 1].text in _OBJECT:
            old.mode = "avoid"
            return True
        return False

    def _is_changed_to(self, item: Item) -> bool:
        """ "빨간색으로 바꿔줘": said of the value before it, and not of what comes."""
        before = preceding(self.items, self.at, SILENT | {Kind.ATTRIBUTE, Kind.WITH})
        last = self.wishes[-1] if self.wishes else None
        named = last is not None and last.place == before and last.mode == "change"
        return "가" <= item.text[0] <= "힣" and named

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
                self.at, self.swapped = second, len(self.wishes)
                return True
            elif item.kind is Kind.ATTRIBUTE and item.attribute != attribute:
                return False  # "the sole to gum and the material to nubuck"
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
        if self.swapped == len(self.wishes) and self.gap and self.gap <= JOINTS:
            # "swap black for brown and laces for zip"
            led |= after is not None and _leads_to(self.items[after])
        return (said or led) and self._exchange_from(self.at)


def _leads_to(item: Item) -> bool:
    return item.text in words_of("to") or item.text in {"in", "a", *_TO}
