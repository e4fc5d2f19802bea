"""Questions that deny nothing: "don't you have them in red?", "habt ihr die nicht in rot?"."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from search.edits.lexicon import Kind
from search.edits.neighbours import gone
from search.edits.scanning import Item

_SUBJECTS: Final = frozenset(
    {"you", "u", "ya", "they", "there", "it", "this", "these", "i", "we", "anyone", "anybody"}
)
_VERBS: Final = frozenset({"is", "are", "do", "does", "did", "have", "has"})
_GERMAN: Final = frozenset(
    {"habt", "haben", "hat", "gibt", "gibts", "kann", "konnt", "konnten", "geht", "kommt", "hatten"}
)
_SPANISH: Final = frozenset(
    {"tienen", "teneis", "tienes", "hay", "venden", "vendeis", "vienen", "hacen", "existe",
     "existen", "tendran", "tendreis"}
)  # fmt: skip
_PRONOUNS: Final = frozenset({"lo", "la", "los", "las", "me", "nos"})
_PARTS: Final = frozenset({Kind.COMMA, Kind.STOP, Kind.BUT})


def asked(items: list[Item]) -> Iterator[Item]:
    """Without the denials of such questions."""
    for at, item in enumerate(items):
        yield gone(item) if item.kind is Kind.NOT and _only_asks(items, at) else item


def _only_asks(items: Sequence[Item], at: int) -> bool:
    text, texts = items[at].text, [item.text for item in items]
    before, after = texts[max(0, at - 2) : at], texts[at + 1 : at + 3]
    if after and after[0] in _SUBJECTS and _is_auxiliary(text):
        return True
    if before[-1:] == ["why"]:
        return True
    inverted = len(before) == 2 and before[0] in _VERBS and before[1] in _SUBJECTS
    if inverted and text in {"no", "not", "nothing"}:
        return True  # "is there no", "do you not have"
    if text in {"nicht"} or text.startswith("kein"):
        return _asks_in_german(items, at)
    if text == "no" and "que" not in before:
        verbs = after[1:] if after and after[0] in _PRONOUNS else after[:1]
        if any(verb in _SPANISH for verb in verbs):
            return True
    return text in {"no", "nothing"} and _is_whole_question(items, at)


def _is_auxiliary(text: str) -> bool:
    """ "don't", "isnt"; "do not you" is no question that anyone asks."""
    return text.endswith(("n't", "nt")) and " " not in text


def _asks_in_german(items: Sequence[Item], at: int) -> bool:
    """Whether the clause begins with its verb, and nothing has been named before the denial."""
    start = at
    while start and items[start - 1].kind not in _PARTS:
        start -= 1
        if items[start].kind is Kind.VALUE:
            return False
    return items[start].text in _GERMAN


def _is_whole_question(items: Sequence[Item], at: int) -> bool:
    """ "No red ones?", "nothing in red?"."""
    if at and items[at - 1].kind not in _PARTS:
        return False
    rest = items[at + 1 : at + 5]
    ends = next((n for n, item in enumerate(rest) if item.text == "?"), None)
    if ends is None:
        return False
    kinds = {item.kind for item in rest[:ends]}
    return kinds <= {Kind.VALUE, Kind.SHOE, Kind.WITH} and bool(kinds & {Kind.SHOE, Kind.WITH})
