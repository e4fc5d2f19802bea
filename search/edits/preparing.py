"""Neighbours that mean one thing together: "white" + "sole", "dark" + "red", "hightop is high"."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from catalog.colours import BY_SLUG
from search.edits.lexicon import Kind, Meaning, tables
from search.edits.neighbours import SILENT, following, gone, preceding
from search.edits.scanning import Item
from search.edits.soles import of_sole, sole_after, sole_before, sole_corrected

_PLURAL_MARKS: Final = frozenset(
    {"stripes", "dots", "spots", "flowers", "checks", "streifen", "rayas"}
)
_TONES: Final = {"darker": "dark", "lighter": "light", "brighter": "bright"}
"""Tone of a wish → the word before a colour."""
_PLACES: Final = frozenset({"sole", "closure", "material", "pattern"})
_PREFERRED: Final = frozenset({"prefer", "lieber", "eher", "besser", "prefiero", "mejor"})
_SMALL: Final = SILENT | {Kind.WITH}
_PRINTS: Final = frozenset({"print", "prints", "printed", "estampado", "estampada", "프린트"})
_GROUNDS: Final = frozenset({"snow", "sand", "desert", "forest", "stone", "moss"})
_LED_TO: Final = frozenset({Kind.VALUE, Kind.ATTRIBUTE, Kind.ALTER, Kind.SWAP})
_SO: Final = frozenset({"so", "then", "hence", "therefore", "also", "deshalb", "daher", "entonces"})
_MADE_BY: Final = frozenset({"by", "from", "made by", "von"})


def prepare(items: Sequence[Item]) -> list[Item]:
    """The same sentence with such neighbours joined or settled."""
    found = list(items)
    for step in (
        _greeting, _names, _grounds, _tones, _shades, _fur, of_sole, sole_after, sole_before,
        sole_corrected, _parts, _excess, _therefore, _prints, _preferred, _answers, _kinds,
    ):  # fmt: skip
        found = list(step(found))
    return found


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


def _shades(items: list[Item]) -> Iterator[Item]:
    """ "coral pink", "metallic red": one colour, named last as the catalog takes it
    (``catalog.colours.colour_parse``). Two basic names are two colours: "black white"."""
    for at, item in enumerate(items):
        after = items[at + 1] if at + 1 < len(items) else None
        both = _is_colour(item) and after is not None and _is_colour(after)
        if not (both and after and item.text not in BY_SLUG and after.text in BY_SLUG):
            yield item


def _is_colour(item: Item) -> bool:
    english = item.text.isascii() and item.text in tables().colours
    return item.kind is Kind.VALUE and item.attribute == "colour" and english


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
                and (_is_part(item, after) or after.text in _PLURAL_MARKS)
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


def _is_part(colour: Item, item: Item) -> bool:
    """ "red laces", "a gold buckle"."""
    metal = colour.value in {"gold", "silver"} and item.value in {"buckle", "zip"}
    return item.kind is Kind.PART or _is_laces(item) or metal


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
        if item.attribute == "brand" and at:
            said |= items[at - 1].text in _MADE_BY and not _is_value(item.otherwise)
        if item.attribute == "model" and at:
            said |= items[at - 1].kind is Kind.VALUE and items[at - 1].attribute == "brand"
        if at > 1 and item.otherwise is None and items[at - 1].kind in {Kind.OR, Kind.AND}:
            # "Asics or Brooks"
            said |= items[at - 2].attribute == item.attribute and not items[at - 2].shy
        yield replace(item, shy=False) if said else item.as_common_word()


def _is_value(meaning: Meaning | None) -> bool:
    return meaning is not None and meaning.kind is Kind.VALUE


def _greeting(items: list[Item]) -> Iterator[Item]:
    """ "Hi, do you have …", but not "Chuck 70 hi"."""
    for at, item in enumerate(items):
        yield gone(item) if item.text == "hi" and at == 0 and len(items) > 1 else item


def _excess(items: list[Item]) -> Iterator[Item]:
    """ "too high", "zu hoch", but not "blue works too", "schwarz zu rot"."""
    for at, item in enumerate(items):
        after = items[at + 1] if at + 1 < len(items) else None
        before = items[at - 1] if at else None
        denies = item.text in {"too", "zu"} and after is not None and after.kind is Kind.VALUE
        if denies and (before is None or before.kind not in _LED_TO):
            yield item.turned(Kind.NOT)
        else:
            yield item


def _prints(items: list[Item]) -> Iterator[Item]:
    """ "camo print" is camo; "estampado de flores" is floral."""
    for at, item in enumerate(items):
        near = [following(items, at, _SMALL), preceding(items, at, _SMALL)]
        said = [items[place] for place in near if place is not None]
        named = any(one.kind is Kind.VALUE and one.attribute == "pattern" for one in said)
        yield gone(item) if item.text in _PRINTS and named else item


def _grounds(items: list[Item]) -> Iterator[Item]:
    """ "for snow", "on sand": where it is worn, and no colour."""
    for at, item in enumerate(items):
        led = at and items[at - 1].text in {"for", "on", "through"}
        yield item.turned(Kind.UNKNOWN) if led and item.text in _GROUNDS else item


def _therefore(items: list[Item]) -> Iterator[Item]:
    """ "he can't do laces so velcro": what follows is another matter."""
    for at, item in enumerate(items):
        before, after = items[at - 1 : at], following(items, at)
        ended = bool(before) and before[0].kind is Kind.VALUE
        if item.text in _SO and ended and after and items[after].kind is Kind.VALUE:
            yield item.turned(Kind.STOP)
        else:
            yield item


def _preferred(items: list[Item]) -> Iterator[Item]:
    """ "I prefer suede to leather", "lieber braun als schwarz": instead of."""
    better = False
    for at, item in enumerate(items):
        before, after = preceding(items, at, _SMALL), following(items, at, _SMALL)
        if item.text in _PREFERRED:
            better = True
        elif item.kind in {Kind.STOP, Kind.COMMA, Kind.BUT}:
            better = False
        elif better and item.text in {"to", "als", "que"} and before is not None and after:
            one, other = items[before], items[after]
            if one.kind is other.kind is Kind.VALUE and one.attribute == other.attribute:
                yield item.turned(Kind.INSTEAD)
                continue
        yield item


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
            yield gone(item)
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
