"""What of a sentence is left as free text: words that were read as no wish are not dropped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from search.edits.lexicon import CHEAPER, Kind
from search.edits.scanning import Item

_ENDS: Final = frozenset({Kind.COMMA, Kind.STOP, Kind.BUT})
_LEADING: Final = frozenset({Kind.WITH, Kind.NOT, Kind.TONE})
_ARTICLES: Final = frozenset(
    {
        "a",
        "an",
        "the",
        "more",
        "less",
        "very",
        "so",
        "some",
        "about",
        "ein",
        "eine",
        "un",
        "una",
        "더",
    }
)
_WITHIN: Final = _LEADING | {
    Kind.FILLER,
    Kind.SHOE,
    Kind.IS,
    Kind.HARD,
    Kind.AND,
    Kind.KEEP,
    Kind.ALIKE,
}
"""May stand within free text, but is not worth telling alone."""
_POLITE: Final = frozenset(
    {Kind.FILLER, Kind.WANT, Kind.HARD, Kind.SOFT, Kind.IS, Kind.AND, Kind.OR}
)
"""Around free text these add nothing: "please", "I want"."""
_THEM: Final = frozenset({"it", "them"})
_DEGREES: Final = _ARTICLES | {
    "up", "too", "much", "most", "mas", "muy", "mehr", "sehr", "zu", "no", "not",
}  # fmt: skip
_READ: Final = frozenset(
    {Kind.VALUE, Kind.KEEP, Kind.ALIKE, Kind.WHOLE, Kind.OTHER, Kind.ALTER, Kind.HERE,
     Kind.INDIFFERENT, Kind.NEEDLESS, Kind.CORRECT, Kind.ANY, Kind.SWAP}
)  # fmt: skip
"""A clause with one of these has been read, whether it became a wish or not."""
_OPERATORS: Final = frozenset({Kind.NOT, Kind.INSTEAD, Kind.EXCEPT, Kind.NOT_AFTER})
_LAST_RESORT: Final = _OPERATORS | {Kind.ATTRIBUTE, Kind.LIKED}
"""Told where nothing else would be: "no more", "the price"."""

Run = tuple[int, int]
"""Places of the first item and of the last one."""


def left_over(words: str, items: Sequence[Item], unread: set[int], wished: set[int]) -> str:
    """What was not understood, with the small words before and between, as it was written.

    Of a clause in which nothing was read, all of it; ``wished`` are the places of wishes.
    """
    clauses = list(_clauses(items))
    runs: list[Run] = []
    for clause in clauses:
        read = any(n in wished or items[n].kind in _READ for n in clause)
        whole = None if read or not _tells(items, clause, unread) else _trimmed(items, clause)
        runs += [whole] if whole else _runs(items, clause, unread, wished)
    if not runs and not wished:
        resort = [
            clause
            for clause in clauses
            if any(items[n].kind in _LAST_RESORT for n in clause)
            and all(items[n].kind not in _READ and items[n].text not in _THEM for n in clause)
        ]
        runs = [run for clause in resort if (run := _trimmed(items, clause))]
    return ", ".join(dict.fromkeys(_written(words, items, run) for run in runs))


def _clauses(items: Sequence[Item]) -> Iterator[range]:
    start = 0
    for place, item in enumerate(items):
        if item.kind in _ENDS:
            yield range(start, place)
            start = place + 1
    yield range(start, len(items))


def _tells(items: Sequence[Item], clause: range, unread: set[int]) -> bool:
    """Whether a clause says anything: an unknown word, or one like "shiny" beside no colour."""
    return any((n in unread and items[n].kind is Kind.UNKNOWN) or _tinges(items[n]) for n in clause)


def _tinges(item: Item) -> bool:
    return item.kind is Kind.FILLER and item.value == "none"


def _stands_alone(items: Sequence[Item], place: int) -> bool:
    """ "Red and not so shiny", but not "shiny red"."""
    near = items[max(0, place - 1) : place + 2]
    return _tinges(items[place]) and all(one.kind is not Kind.VALUE for one in near)


def _trimmed(items: Sequence[Item], clause: range) -> Run | None:
    """A clause without what is only polite at its ends."""
    told = [
        n
        for n in clause
        if (items[n].kind not in _POLITE and items[n].text not in _THEM)
        or items[n].text in _DEGREES
        or _tinges(items[n])
    ]
    return (told[0], told[-1]) if told else None


def _runs(
    items: Sequence[Item], clause: range, unread: set[int], wished: set[int]
) -> Iterator[Run]:
    """Of a clause with wishes, what stands beside them."""
    run: Run | None = None
    lead: int | None = None
    going = False
    for place in clause:
        item = items[place]
        operator = place in unread and item.kind in _OPERATORS
        if (place in unread and item.kind is Kind.UNKNOWN) or _stands_alone(items, place):
            if run and going:
                run = (run[0], place)
            else:
                if run:
                    yield run
                run = (place if lead is None else lead, place)
            lead, going = None, True
            continue
        denied = operator and item.kind is Kind.NOT_AFTER
        if run and going and (denied or _is_part(items, place, wished)):
            run = (run[0], place)  # "a darker sole"
            continue
        going = going and (item.kind in _WITHIN or operator)
        if item.kind in _LEADING or item.text in _ARTICLES or operator:
            lead = place if lead is None else lead
        else:
            lead = None
    if run:
        yield run


def _is_part(items: Sequence[Item], place: int, wished: set[int]) -> bool:
    """Whether the name of an attribute only says what the words before it are about."""
    item = items[place]
    if item.kind is not Kind.ATTRIBUTE or place == 0:
        return False
    if _tinges(items[place - 1]):
        return True  # "no bright colours"
    if place in wished:
        return False
    after = items[place + 1] if place + 1 < len(items) else None
    return items[place - 1].kind is Kind.UNKNOWN and (
        after is None or after.kind in _ENDS | {Kind.AND}
    )


def _says_more(item: Item) -> bool:
    """ "A cheaper material", but not "a cheaper price"."""
    named = item.kind is Kind.ATTRIBUTE and item.attribute != "price"
    return named or item.kind is Kind.UNKNOWN


def _written(words: str, items: Sequence[Item], run: Run) -> str:
    """The words of a run. A cheaper one is wished for in one wording, whatever the language."""
    first, last = run
    inner = items[first : last + 1]
    cheaper = [item for item in inner if item.value == CHEAPER and item.kind is Kind.UNKNOWN]
    if cheaper and not any(_says_more(item) for item in inner if item not in cheaper):
        return CHEAPER
    text, at = "", items[first].start
    for item in cheaper:
        text, at = text + words[at : item.start] + CHEAPER, item.end
    return text + words[at : items[last].end]
