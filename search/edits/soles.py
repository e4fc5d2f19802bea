"""What is said of a sole: "a white rubber sole", "the sole is white", "the colour of the sole"."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from search.edits.lexicon import Kind, endings, tables
from search.edits.neighbours import SILENT, following, gone, preceding
from search.edits.scanning import Item

COLOURED: Final = frozenset({"colour", "material"})
_PARTICLES: Final = frozenset({"은", "는", "이", "가", "을", "를", "만", "도"})
_RATHER: Final = frozenset({"mas", "muy", "more", "mehr", "etwas", "a bit", "좀", "더"})
_STAYS: Final = frozenset({"stay", "stays", "remain", "remains", "bleibt", "bleiben"})
_ONE: Final = frozenset({"a", "an", "einer", "una"})
_HAVING: Final = frozenset({"with", "w", "on", "mit", "con"})
_GUM_ENDS: Final = frozenset({Kind.COMMA, Kind.STOP, Kind.BUT, Kind.AND, Kind.INSTEAD})
_OF: Final = frozenset({"of", "von", "der", "de", "의"})
_ON_IT: Final = frozenset({"for", "on", "at", "in", "an", "aus", "made of", "made out of"})


def of_sole(items: list[Item]) -> Iterator[Item]:
    """ "the sole's colour", "the colour of the sole": only the sole."""
    for at, item in enumerate(items):
        if item.kind is Kind.ATTRIBUTE and item.attribute in COLOURED:
            before, after = preceding(items, at), following(items, at)
            owned = after is not None and items[after].text in _OF
            behind = following(items, after) if after is not None and owned else None
            if any(_is_sole(items[place]) for place in (before, behind) if place is not None):
                continue
        yield item


def _is_sole(item: Item) -> bool:
    return item.kind is Kind.ATTRIBUTE and item.attribute == "sole"


def sole_after(items: list[Item]) -> Iterator[Item]:
    """ "the sole is white", "sole: gum", "white for the sole"."""
    found = list(items)
    for at, item in enumerate(items):
        if item.kind is not Kind.ATTRIBUTE or item.attribute != "sole":
            continue
        before = preceding(found, at)
        if before is not None and found[before].kind is Kind.WITH and found[before].text in _ON_IT:
            colour = preceding(found, before)
            if colour is not None and found[colour].attribute == "colour":
                found[colour] = found[colour].turned(Kind.VALUE, "sole", found[colour].value)
                found[before], found[at] = gone(found[before]), gone(item)
                continue
        if at and _says_sole(found[at - 1]):
            continue
        after = _taken_up(found, at) or following(found, at, SILENT | {Kind.IS, Kind.NOT})
        if after is not None and found[after].text in _STAYS:
            after = following(found, after)  # "the sole stays white"
        linked = after is not None and any(
            one.kind in {Kind.IS, Kind.NOT}
            or one.text in _STAYS | {"it", "them", "a"}
            or one.text in _PARTICLES | _RATHER
            for one in found[at:after]
        )
        denied = after is not None and any(one.kind is Kind.NOT for one in found[at:after])
        leads = _ON_IT | {"to", "into", "zu"} | ({"of", "de"} if after == at + 1 else set())
        if after and found[after].text in leads and found[after].kind is Kind.WITH:
            after, linked = following(found, after), True
        if after and _says_sole(found[after]) and (linked or after == at + 1):
            found[after] = found[after].turned(Kind.VALUE, "sole", sole_named(found[after]))
            found[at] = gone(item)
            if denied and (other := _corrected(found, after)):
                found[other] = found[other].turned(Kind.VALUE, "sole", sole_named(found[other]))
    return iter(found)


def _taken_up(items: list[Item], at: int) -> int | None:
    """ "the sole, make it black": the place of "black"."""
    comma = at + 1 < len(items) and items[at + 1].kind in {Kind.COMMA, Kind.STOP, Kind.IS}
    it = following(items, at + 1 if comma else at)
    if it is None or items[it].text not in {"it", "them"}:
        return None
    return following(items, it, SILENT | {Kind.IS})


def _corrected(items: list[Item], at: int) -> int | None:
    """ "the sole not white but black": the place of "black"."""
    but = following(items, at)
    other = following(items, but) if but is not None and items[but].kind is Kind.BUT else None
    return other if other is not None and _says_sole(items[other]) else None


def sole_before(items: list[Item]) -> Iterator[Item]:
    """ "a white rubber sole": what stands right before the word is the sole's."""
    at = 0
    while at < len(items):
        run = at
        while run < len(items) and _says_sole(items[run]):
            run += 1
        if (
            run > at
            and run < len(items)
            and items[run].attribute == "sole"
            and (items[run].kind is Kind.ATTRIBUTE)
        ):
            first = _start_says_sole(items, at, run)
            yield from items[at:first]
            for item in items[first:run]:
                yield item.turned(Kind.VALUE, "sole", sole_named(item))
            at = run + 1
        else:
            yield items[at]
            at += 1


def sole_of_two(items: list[Item]) -> Iterator[Item]:
    """ "red with a white and black sole": both are the sole's."""
    for at, item in enumerate(items):
        led = at > 1 and items[at - 1].text in _ONE and items[at - 2].kind is Kind.WITH
        run = items[at : at + 4]
        two = len(run) == 4 and run[1].kind is Kind.AND and _is_sole(run[3])
        both = two and all(
            one.kind is Kind.VALUE and one.attribute == "colour" for one in run[:3:2]
        )
        yield item.turned(Kind.VALUE, "sole", item.value) if led and both else item


def sole_instead(items: list[Item]) -> Iterator[Item]:
    """ "black instead of white sole": both colours are the sole's."""
    for at, item in enumerate(items):
        near = items[at + 1 : at + 4]
        articles = bool(near[1:]) and near[1].kind is Kind.FILLER
        old = near[1 + articles : 2 + articles]
        replaced = bool(old) and near[0].kind is Kind.INSTEAD and old[0].kind is Kind.VALUE
        coloured = item.kind is Kind.VALUE and item.attribute == "colour"
        if coloured and replaced and old[0].attribute == "sole":
            yield item.turned(Kind.VALUE, "sole", sole_named(item))
        else:
            yield item


def sole_of_gum(items: list[Item]) -> Iterator[Item]:
    """ "white with gum", "no white sole, gum instead": a gum sole, not a second colour."""
    soles = sum(item.attribute == "sole" for item in items)
    for at, item in enumerate(items):
        led = at > 1 and items[at - 1].text in _HAVING and items[at - 2].kind is not Kind.NOT
        follows = following(items, at)
        last = follows is None or items[follows].kind in _GUM_ENDS
        named = item.text == "gum" and item.attribute == "colour"
        beside = items[at + 1].attribute if at + 1 < len(items) else ""
        led |= soles > 0 and "sole" not in {beside, items[at - 1].attribute if at else ""}
        yield item.turned(Kind.VALUE, "sole", "gum") if named and led and last else item


def sole_corrected(items: list[Item]) -> Iterator[Item]:
    """ "not the black sole but the white one": the white sole."""
    found = list(items)
    for at, item in enumerate(items):
        other = _corrected(found, at) if item.kind is Kind.VALUE else None
        if other and item.attribute == "sole":
            one = following(found, other)
            if one is not None and found[one].text in {"one", "ones"}:
                found[other] = found[other].turned(Kind.VALUE, "sole", sole_named(found[other]))
    return iter(found)


def sole_named(item: Item) -> str:
    """What a word says of a sole: gum is a material there, not a colour."""
    return _described(item.text) or item.value


def _described(word: str) -> str | None:
    """What an adjective says of a sole: "thick", "dicker", "gruesas"."""
    forms = (word, *endings(word)) if word.isascii() else (word,)
    return next((found for form in forms if (found := tables().sole.get(form))), None)


def _says_sole(item: Item) -> bool:
    if _described(item.text):
        return True
    return item.kind is Kind.VALUE and item.attribute in {*COLOURED, "sole"}


def _start_says_sole(items: list[Item], at: int, run: int) -> int:
    """Of "black white sole" the sole is white only."""
    colours = [
        place
        for place in range(at, run)
        if items[place].attribute == "colour" and not _described(items[place].text)
    ]
    return colours[-2] + 1 if len(colours) > 1 else at
