"""Neighbours that mean one thing together: "white" + "sole", "dark" + "red", "hightop is high"."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from catalog.colours import BY_SLUG
from search.edits.heels import heeled
from search.edits.judging import bettered, complained
from search.edits.lexicon import Kind, tables
from search.edits.naming import named
from search.edits.neighbours import SILENT, following, gone, preceding
from search.edits.parts import apart, is_of_a_part, worn_with
from search.edits.questions import asked
from search.edits.scanning import Item
from search.edits.soles import (
    of_sole,
    sole_after,
    sole_before,
    sole_corrected,
    sole_instead,
    sole_of_gum,
    sole_of_two,
)

_TONES: Final = {"darker": "dark", "lighter": "light", "brighter": "bright"}
"""Tone of a wish → the word before a colour."""
_PREFERRED: Final = frozenset({"prefer", "lieber", "eher", "besser", "prefiero", "mejor"})
_SMALL: Final = SILENT | {Kind.WITH}
_PRINTS: Final = frozenset({"print", "prints", "printed", "estampado", "estampada", "프린트"})
_GROUNDS: Final = frozenset({"snow", "sand", "desert", "forest", "stone", "moss"})
_LED_TO: Final = frozenset({Kind.VALUE, Kind.ATTRIBUTE, Kind.ALTER, Kind.SWAP})
_SO: Final = frozenset({"so", "then", "hence", "therefore", "also", "deshalb", "daher", "entonces"})
_MORE: Final = frozenset({"more", "mehr", "mas", "더"})
_ENDS: Final = frozenset({Kind.COMMA, Kind.STOP, Kind.BUT, Kind.AND})
_ANSWERS: Final = frozenset({"no", "yes", "nein", "ja", "nope"})
_SLIPS: Final = frozenset({"no", "nein", "nope", "sorry", "wait", "no no", "아니"})
"""Between signs, these take back what was said: "red - no, blue"."""


def prepare(items: Sequence[Item]) -> list[Item]:
    """The same sentence with such neighbours joined or settled."""
    found = list(items)
    for step in (
        _greeting, asked, _slips, named, _seen_on, _grounds, _tones, _shades, _fur, of_sole,
        sole_of_gum, sole_of_two, sole_after, sole_before, sole_instead, sole_corrected, heeled,
        apart, worn_with, complained, bettered, _excess, _raised, _therefore, _prints, _preferred,
        _answers, _kinds,
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
        elif item.value in _TONES and not is_of_a_part(items, at):
            yield item.turned(Kind.VALUE, "colour", item.value)
        else:
            yield item.turned(Kind.UNKNOWN)


def _shades(items: list[Item]) -> Iterator[Item]:
    """ "coral pink", "metallic red": one colour, named last as the catalog takes it
    (``catalog.colours.colour_parse``). Two basic names are two colours: "black white"."""
    for at, item in enumerate(items):
        after = items[at + 1] if at + 1 < len(items) else None
        both = _is_colour(item) and after is not None and _is_colour(after)
        tinged = item.text.endswith("ish") and item.attribute == "colour" and after is not None
        if tinged and after is not None and after.attribute == "colour":
            continue  # "reddish brown"
        if not (both and after and item.text not in BY_SLUG and after.text in BY_SLUG):
            yield item


def _is_colour(item: Item) -> bool:
    english = item.text.isascii() and item.text in tables().colours
    return item.kind is Kind.VALUE and item.attribute == "colour" and english


def _fur(items: list[Item]) -> Iterator[Item]:
    """German "für" typed without its dots, before someone."""
    for at, item in enumerate(items):
        after = items[at + 1] if at + 1 < len(items) else None
        if item.text == "fur" and after and after.attribute == "gender":
            yield item.turned(Kind.WITH)
        else:
            yield item


def _goes_on(items: list[Item], at: int) -> bool:
    return at < len(items) and items[at].kind is Kind.COMMA


def _greeting(items: list[Item]) -> Iterator[Item]:
    """ "Hi, do you have …", but not "Chuck 70 hi"."""
    for at, item in enumerate(items):
        yield gone(item) if item.text == "hi" and at == 0 and len(items) > 1 else item


def _slips(items: list[Item]) -> Iterator[Item]:
    """ "red, no, blue", "검정 아니 남색": not red. "No, I want red" only answers."""
    for at, item in enumerate(items):
        around = [items[at - 1].kind, items[at + 1].kind] if 0 < at < len(items) - 1 else []
        parted = around in (
            [Kind.COMMA, Kind.COMMA], [Kind.STOP, Kind.COMMA], [Kind.STOP, Kind.STOP],
        )  # fmt: skip
        answer = items[at + 1].text if item.text == "-" and at + 1 < len(items) else ""
        korean = item.kind is Kind.UNKNOWN and item.text == "아니"
        if korean or (parted and item.text in _SLIPS):
            yield item.turned(Kind.CORRECT)
        elif answer in _ANSWERS and _ends(items, at + 1) and not _goes_on(items, at + 2):
            yield item.turned(Kind.IS)  # "velcro - no. laces - yes"
        elif item.text in _SLIPS and at == 0 and items[1:2] and items[1].kind is Kind.COMMA:
            yield gone(item)
        else:
            yield item


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


def _raised(items: list[Item]) -> Iterator[Item]:
    """ "less formal more sporty": what follows is another matter."""
    for at, item in enumerate(items):
        before, after = preceding(items, at), following(items, at)
        lowered = before and at > 1 and items[before].kind is Kind.VALUE
        ends = lowered and any(one.kind is Kind.NOT for one in items[:at])
        if item.text in _MORE and ends and after and items[after].kind is Kind.VALUE:
            yield item.turned(Kind.STOP)
            continue
        if ends and item.kind is Kind.VALUE and item.text.split()[0] in _MORE:
            yield replace(item, kind=Kind.STOP, end=item.start)  # "more elegant" is one phrase
        yield item


def _prints(items: list[Item]) -> Iterator[Item]:
    """ "camo print" is camo; "estampado de flores" is floral."""
    for at, item in enumerate(items):
        near = [following(items, at, _SMALL), preceding(items, at, _SMALL)]
        said = [items[place] for place in near if place is not None]
        named = any(one.kind is Kind.VALUE and one.attribute == "pattern" for one in said)
        if item.text == "sin estampado" and named:
            yield item.turned(Kind.NOT)  # "sin estampado de flores"
        else:
            yield gone(item) if item.text in _PRINTS and named else item


def _seen_on(items: list[Item]) -> Iterator[Item]:
    """ "I saw this on a lady at church": nobody that it is for."""
    for at, item in enumerate(items):
        person = item.kind is Kind.VALUE and item.attribute == "gender"
        on = preceding(items, at) if person else None
        seen = on is not None and on < at - 1 and items[on].text in {"on", "an", "bei"}
        yield item.turned(Kind.UNKNOWN) if seen else item


def _grounds(items: list[Item]) -> Iterator[Item]:
    """ "for snow", "on sand": where it is worn, and no colour."""
    for at, item in enumerate(items):
        led = at and items[at - 1].text in {"for", "on", "through"}
        yield item.turned(Kind.UNKNOWN) if led and item.text in _GROUNDS else item


def _therefore(items: list[Item]) -> Iterator[Item]:
    """ "he can't do laces so velcro": what follows is another matter."""
    for at, item in enumerate(items):
        before, after = items[at - 1 : at], following(items, at)
        ended = bool(before) and before[0].kind in {Kind.VALUE, Kind.UNKNOWN}
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
    return after is None or items[after].kind in _ENDS


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
