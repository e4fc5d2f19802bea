"""Neighbours that mean one thing together: "white" + "sole", "dark" + "red", "hightop is high"."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from search.edits.lexicon import Kind, tables
from search.edits.scanning import Item

SILENT: Final = frozenset({Kind.FILLER, Kind.HARD, Kind.WANT})
_COLOURED: Final = frozenset({"colour", "material"})
_PLURAL_MARKS: Final = frozenset(
    {"stripes", "dots", "spots", "flowers", "checks", "streifen", "rayas"}
)
_PARTICLES: Final = frozenset({"은", "는", "이", "가", "을", "를"})
_TONES: Final = {"darker": "dark", "lighter": "light", "brighter": "bright"}
"""Tone of a wish → the word before a colour."""
_PLACES: Final = frozenset({"sole", "closure", "material", "pattern"})
_ON_IT: Final = frozenset({"for", "on", "at", "in", "an"})


def prepare(items: Sequence[Item]) -> list[Item]:
    """The same sentence with such neighbours joined or settled."""
    found = list(items)
    for step in (_names, _tones, _fur, _sole_after, _sole_before, _parts, _answers, _kinds):
        found = list(step(found))
    return found


def following(items: Sequence[Item], at: int, skip: frozenset[Kind] = SILENT) -> int | None:
    """The place of the next item behind ``at`` that is not of the kinds in ``skip``."""
    for place in range(at + 1, len(items)):
        if items[place].kind not in skip:
            return place
    return None


def preceding(items: Sequence[Item], at: int, skip: frozenset[Kind] = SILENT) -> int | None:
    for place in range(at - 1, -1, -1):
        if items[place].kind not in skip:
            return place
    return None


def _tones(items: list[Item]) -> Iterator[Item]:
    """ "pale blue" and "a light shade of blue" are light blue; for "dark beige" the catalog has no
    name of its own: beige. "Darker" alone stands in a colour's place."""
    known = tables()
    between = frozenset({Kind.ATTRIBUTE, Kind.WITH, *SILENT})
    skip = -1
    for at, item in enumerate(items):
        if at <= skip:
            continue
        if item.kind is not Kind.TONE:
            yield item
            continue
        next_to = at + 1
        while (
            next_to < len(items)
            and items[next_to].kind in between
            and (items[next_to].kind is not Kind.ATTRIBUTE or items[next_to].attribute == "colour")
        ):
            next_to += 1
        colour = items[next_to] if next_to < len(items) else None
        told = at + 1 == next_to or items[at + 1].kind is Kind.ATTRIBUTE
        if colour and told and colour.kind is Kind.VALUE and colour.attribute == "colour":
            tone = _TONES.get(item.value, item.value)
            slug = known.colours.get(f"{tone} {colour.value.replace('-', ' ')}", colour.value)
            yield replace(colour, start=item.start, text=f"{item.text} {colour.text}", value=slug)
            skip = next_to
        elif item.value in _TONES and not _of_a_part(items, at):
            yield item.turned(Kind.VALUE, "colour", item.value)
        else:
            yield item.turned(Kind.UNKNOWN)


def _of_a_part(items: Sequence[Item], at: int) -> bool:
    """ "a darker sole", "the sole is darker", "the logo is darker": not the colour of the shoe."""
    after, before = following(items, at), preceding(items, at, SILENT | {Kind.IS})
    said = [items[place] for place in (after, before) if place is not None]
    if any(one.kind is Kind.ATTRIBUTE and one.attribute in _PLACES for one in said):
        return True
    return before is not None and (items[before].kind is Kind.PART or _is_laces(items[before]))


def _fur(items: list[Item]) -> Iterator[Item]:
    """German "für" typed without its dots, before someone."""
    for at, item in enumerate(items):
        after = items[at + 1] if at + 1 < len(items) else None
        if item.text == "fur" and after and after.attribute == "gender":
            yield item.turned(Kind.WITH)
        else:
            yield item


def _sole_before(items: list[Item]) -> Iterator[Item]:
    """ "a white rubber sole": what stands right before the word is the sole's."""
    at = 0
    while at < len(items):
        run = at
        while run < len(items) and _of_sole(items[run]):
            run += 1
        if (
            run > at
            and run < len(items)
            and items[run].attribute == "sole"
            and (items[run].kind is Kind.ATTRIBUTE)
        ):
            first = _start_of_sole(items, at, run)
            yield from items[at:first]
            for item in items[first:run]:
                yield item.turned(Kind.VALUE, "sole", sole_named(item))
            at = run + 1
        else:
            yield items[at]
            at += 1


def sole_named(item: Item) -> str:
    """What a word says of a sole: gum is a material there, not a colour."""
    return tables().sole.get(item.text) or item.value


def _of_sole(item: Item) -> bool:
    if item.text in tables().sole:
        return True
    return item.kind is Kind.VALUE and item.attribute in {*_COLOURED, "sole"}


def _start_of_sole(items: list[Item], at: int, run: int) -> int:
    """Of "black white sole" the sole is white only."""
    colours = [
        place
        for place in range(at, run)
        if items[place].attribute == "colour" and items[place].text not in tables().sole
    ]
    return colours[-2] + 1 if len(colours) > 1 else at


def _sole_after(items: list[Item]) -> Iterator[Item]:
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
                found[before], found[at] = _gone(found[before]), _gone(item)
                continue
        if at and _of_sole(found[at - 1]):
            continue
        after = following(found, at, SILENT | {Kind.IS, Kind.NOT})
        linked = after is not None and any(
            one.kind in {Kind.IS, Kind.NOT} or one.text in _PARTICLES for one in found[at:after]
        )
        if after and found[after].text in _ON_IT and found[after].kind is Kind.WITH:
            after, linked = following(found, after), True
        if after and _of_sole(found[after]) and (linked or after == at + 1):
            found[after] = found[after].turned(Kind.VALUE, "sole", sole_named(found[after]))
            found[at] = _gone(item)
    return iter(found)


def _gone(item: Item) -> Item:
    return item.turned(Kind.FILLER)


def _parts(items: list[Item]) -> Iterator[Item]:
    """ "white laces" do not make a white shoe: the colour goes with the part, as free text."""
    for at, item in enumerate(items):
        after = items[at + 1] if at + 1 < len(items) else None
        before = items[at - 1] if at else None
        if (
            (
                item.attribute == "colour"
                and item.kind is Kind.VALUE
                and after
                and (after.kind is Kind.PART or _is_laces(after) or after.text in _PLURAL_MARKS)
            )
            or (
                _is_laces(item)
                and before
                and before.kind is Kind.VALUE
                and before.attribute == "colour"
            )
            or item.kind is Kind.PART
        ):
            yield item.turned(Kind.UNKNOWN)
        else:
            yield item


def _is_laces(item: Item) -> bool:
    return (
        item.attribute == "closure"
        and item.value == "laces"
        and item.text not in {"laced", "lace up"}
    )


def _names(items: list[Item]) -> Iterator[Item]:
    """Names that are also common words count where they are said to be names."""
    for at, item in enumerate(items):
        if not item.shy:
            yield item
            continue
        before = preceding(items, at, SILENT | {Kind.IS})
        after = items[at + 1] if at + 1 < len(items) else None
        said = (
            before is not None
            and items[before].attribute == item.attribute
            and (items[before].kind is Kind.ATTRIBUTE)
        )
        said |= (
            after is not None and after.kind is Kind.ATTRIBUTE and after.attribute == item.attribute
        )
        if item.attribute == "model" and at:
            said |= items[at - 1].kind is Kind.VALUE and items[at - 1].attribute == "brand"
        yield replace(item, shy=False) if said else item.as_common_word()


def _answers(items: list[Item]) -> Iterator[Item]:
    """ "hightop is High", "hightop: low", "hightop: yes": the name of a value as a question."""
    skip = -1
    for at, item in enumerate(items):
        if at <= skip:
            continue
        link = following(items, at) if item.kind is Kind.VALUE else None
        if link is None or items[link].kind is not Kind.IS:
            yield item
            continue
        answer = following(items, link)
        if answer is None:
            yield item
        elif items[answer].kind is Kind.YES:
            skip = answer
            yield item
        elif items[answer].text in {"no", "false", "nein", "not"} and _ends(items, answer):
            skip = answer
            yield items[answer].turned(Kind.NOT)
            yield item
        elif items[answer].kind is Kind.VALUE and items[answer].attribute == item.attribute:
            yield _gone(item)
        else:
            yield item


def _ends(items: list[Item], at: int) -> bool:
    after = following(items, at)
    return after is None or items[after].kind in {Kind.COMMA, Kind.STOP, Kind.BUT, Kind.AND}


def _kinds(items: list[Item]) -> Iterator[Item]:
    """ "similar sneakers", "these boots": the thing in the photo, not a wish for its kind."""
    for at, item in enumerate(items):
        if item.kind is Kind.VALUE and item.attribute == "category":
            before = at - 1
            while before >= 0 and (
                items[before].kind in SILENT | {Kind.VALUE}
                and items[before].text not in {"a", "an", "some"}
            ):
                before -= 1
            pointing = items[before].kind if before >= 0 else None
            if pointing is Kind.HERE or (
                pointing in {Kind.KEEP, Kind.ALIKE} and item.value == "sneaker"
            ):
                yield item.turned(Kind.SHOE)
                continue
        yield item
