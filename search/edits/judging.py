"""What is said of a value or an attribute rather than wished for: "white gets dirty so quickly",
"velcro is for babies", "a nicer colour"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final

from search.edits.lexicon import CHEAPER, Kind, complaint
from search.edits.neighbours import SILENT, following, gone, preceding
from search.edits.scanning import Item

_JUDGED: Final = frozenset(
    {"colour", "material", "closure", "pattern", "sole", "height", "category", "brand"}
)
_ARE: Final = frozenset({"is", "are", "ist", "sind", "es", "son"})
_FOR: Final = frozenset({"for", "fur", "für", "para"})
_MADE_FOR: Final = frozenset({"colour", "material", "closure", "pattern", "sole"})
_SUBJECT: Final = SILENT | {Kind.SHOE}
_CLAUSE_ENDS: Final = frozenset(
    {Kind.COMMA, Kind.STOP, Kind.BUT, Kind.VALUE, Kind.ATTRIBUTE, Kind.AND, Kind.EXCEPT,
     Kind.INSTEAD}
)  # fmt: skip
_GROUND: Final = frozenset({Kind.UNKNOWN, Kind.IS, Kind.LIKED, Kind.OTHER, Kind.NOT, Kind.TONE})
"""Kinds that the words of a complaint may be read as."""
_RELATIVE: Final = frozenset({"that", "which", "who", "if", "when"})
_EXCESSIVE: Final = frozenset({"too", "zu", "demasiado", "demasiada", "너무"})
_DENIES_IN_SPANISH: Final = frozenset({"me", "le", "les", "nos", "se", "es", "son", "queda"})
_MORE: Final = frozenset({"more", "mas", "더", "좀", "좀 더", "etwas"})
_COMPARATIVE: Final = re.compile(r"[a-z]{3,}(?:er|ere|eren|erer)")
_BETTER: Final = frozenset({"better", "nicer", "mejor", "bessere", "besseren", "schonere"})
_LOOKED_AT: Final = frozenset({"colour", "material", "pattern"})


def complained(items: list[Item]) -> Iterator[Item]:
    """ "white gets dirty", "leather isn't for me", "el blanco se ensucia": it is not wanted. Of an
    attribute ("the material is too hot"): another one is."""
    skip = -1
    for at, item in enumerate(items):
        if at <= skip:
            continue
        yield item
        found = _complaint(items, at)
        if found is None:
            continue
        start, end = found
        yield from items[at + 1 : start]
        yield items[start].turned(Kind.NOT_AFTER if item.kind is Kind.VALUE else Kind.OTHER)
        yield from (gone(one) for one in items[start + 1 : end])
        skip = end - 1


def _complaint(items: Sequence[Item], at: int) -> tuple[int, int] | None:
    """Where what is said against the item at ``at`` starts and ends; None: nothing is."""
    item = items[at]
    if item.kind not in {Kind.VALUE, Kind.ATTRIBUTE} or item.attribute not in _JUDGED:
        return None
    start = at + 1
    while start < len(items) and items[start].kind in _SUBJECT and not _predicates(items[start]):
        if items[start].text in _RELATIVE:
            return None
        start += 1
    if start == len(items):
        return None
    if item.kind is Kind.VALUE and _is_for_others(items, at, start):
        return start, start + 3
    end = start
    while end < len(items) and items[end].kind not in _CLAUSE_ENDS:
        end += 1
    clause = items[start:end]
    if not clause:
        return None
    cut = end < len(items) and items[end].kind is Kind.VALUE
    if item.kind is Kind.VALUE and not cut and _denies(clause):
        return start, end
    topic = any(one.text in {"은", "는", "이", "가"} for one in items[at + 1 : start])
    if not (topic or _predicates(clause[0])):
        return None
    last = _last_bad(clause, item)
    if last is None:
        return None
    # Without a comma the next wish follows: "white gets dirty so fast need black".
    while last + 1 < len(clause) and (
        not cut or clause[last + 1].kind in _GROUND or clause[last + 1].kind is Kind.FILLER
    ):
        last += 1
    return start, start + last + 1


def _predicates(item: Item) -> bool:
    """Whether an item can lead what is said of something: "is", "gets", "stains"."""
    if item.kind is Kind.IS:
        return True
    stains = item.text in complaint("words") and item.text.endswith("s")
    return stains or item.text in complaint("verbs")


def _is_for_others(items: Sequence[Item], at: int, start: int) -> bool:
    """ "velcro is for babies", but not "velcro is for my son"."""
    said = [one.text for one in items[start : start + 3]]
    if items[at].attribute not in _MADE_FOR or len(said) < 3:
        return False
    return said[0] in _ARE and said[1] in _FOR and said[2] in complaint("wearers")


def _denies(clause: Sequence[Item]) -> bool:
    """ "isn't practical", "no me queda bien"."""
    texts = [one.text for one in clause]
    spanish = len(texts) > 2 and texts[0] == "no" and texts[1] in _DENIES_IN_SPANISH
    if not (spanish or texts[0] in complaint("denials")) or clause[0].kind is not Kind.NOT:
        return False
    words = {word for text in texts[1:] for word in text.split()}
    alone = texts[0].startswith("no me ")
    more = any(one.kind in {Kind.UNKNOWN, Kind.LIKED, Kind.WITH, Kind.FILLER} for one in clause[1:])
    operators = any(one.kind in {Kind.KEEP, Kind.ALTER, Kind.OTHER} for one in clause[1:])
    harmless = words & (complaint("harmless") | complaint("words"))
    return (alone or more) and not operators and not harmless


def _last_bad(clause: Sequence[Item], item: Item) -> int | None:
    """The last part of a clause that finds fault with ``item``, before anything is denied."""
    last = None
    for place, one in enumerate(clause):
        if one.kind is Kind.NOT and one.text not in _EXCESSIVE:
            return last
        rest = clause[place + 1].text if place + 1 < len(clause) else ""
        if _is_fault(one) or _is_too_much(one, rest, item):
            last = place
    return last


def _is_fault(item: Item) -> bool:
    if item.kind is Kind.UNKNOWN and "가" <= item.text[0] <= "힣":
        return any(word in item.text for word in _korean_faults())
    return not complaint("words").isdisjoint((item.text, *item.text.split()))


@cache
def _korean_faults() -> tuple[str, ...]:
    """Stems: they are found within a word."""
    return tuple(word for word in complaint("words") if "가" <= word[0] <= "힣")


def _is_too_much(item: Item, following_word: str, of: Item) -> bool:
    """ "too hot", "zu empfindlich"; but "the brown ones are too small" says nothing of brown."""
    first, *rest = item.text.split()
    what = rest[0] if rest else following_word
    if first not in _EXCESSIVE or not what or what in complaint("sizes"):
        return False
    return what not in complaint("costs") or of.attribute in {"material", "brand"}


def bettered(items: list[Item]) -> Iterator[Item]:
    """ "a nicer colour", "un color más alegre", "더 예쁜 색": another one."""
    found = list(items)
    for at, item in enumerate(items):
        if item.kind is not Kind.ATTRIBUTE or item.attribute not in _LOOKED_AT:
            continue
        place = at - 1
        if place >= 0 and _compares(items, place):
            found[place] = items[place].turned(Kind.OTHER)
            continue
        more, word = following(items, at, frozenset()), at + 2
        behind = more is not None and items[more].text in _MORE and word < len(items)
        if behind and items[word].kind in {Kind.UNKNOWN, Kind.LIKED}:
            found[word] = items[word].turned(Kind.OTHER)
    return iter(found)


def _compares(items: Sequence[Item], at: int) -> bool:
    """Whether the word at ``at`` asks for a better one: "calmer", "more neutral"."""
    item = items[at]
    if item.kind not in {Kind.UNKNOWN, Kind.LIKED, Kind.FILLER} or item.value == CHEAPER:
        return False
    if item.text in _BETTER:
        return True
    more = preceding(items, at, frozenset())
    raised = more is not None and items[more].text in _MORE
    if item.kind is Kind.FILLER:
        return False
    return raised or (item.kind is Kind.UNKNOWN and bool(_COMPARATIVE.fullmatch(item.text)))
