"""A sentence as words and signs, folded so that spellings of one word are equal."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

HANGUL: Final = "가-힣"
_TOKEN: Final = re.compile(
    rf"w/o(?:ut)?\b|(?<![\w/])w/(?!\d)|h&m\b|->|=>|!=|<>|[{HANGUL}ㄱ-ㅎㅏ-ㅣ]+|[^\W_{HANGUL}ㄱ-ㅎㅏ-ㅣ]+(?:'[^\W_{HANGUL}]+)*|[^\w\s]"
)
_KEPT: Final = {
    "’": "'",
    "‘": "'",
    "`": "'",
    "´": "'",
    "–": "-",
    "—": "-",
    "−": "-",
    "‐": "-",
    "≠": "≠",
}


@dataclass(frozen=True, slots=True)
class Token:
    text: str
    """Folded."""
    start: int
    """Where it stands in the sentence."""
    end: int

    @property
    def is_word(self) -> bool:
        return self.text[0].isalnum() or self.text in {"w/o", "h&m"}


def fold(text: str) -> str:
    """Lower case without accents. As long as ``text``, so that places are the same in both.

    >>> fold("Für Mädchen, in ROT")
    'fur madchen, in rot'
    """
    return "".join(_fold(char) for char in text)


def spellings(phrase: str) -> set[str]:
    """How a listed phrase may be typed: without accents, and in German with ae, oe, ue and ss."""
    plain = fold(phrase)
    typed = phrase.lower()
    for char, written in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss")):
        typed = typed.replace(char, written)
    return {plain, plain.replace("ß", "ss"), fold(typed)}


def tokenize(folded: str) -> list[Token]:
    """Words and signs in order; "women's" is women."""
    found = []
    for match in _TOKEN.finditer(folded):
        text = match.group()
        if len(text) > 2 and text.endswith("'s"):
            text = text[:-2]
        if text == "w/out":
            text = "w/o"
        if text == "w/":
            text = "w"
        found.append(Token(text, match.start(), match.end()))
    return found


@lru_cache(maxsize=4096)
def _fold(char: str) -> str:
    if char in _KEPT:
        return _KEPT[char]
    if "가" <= char <= "힣":
        return char
    bare = "".join(
        part for part in unicodedata.normalize("NFKD", char) if not unicodedata.combining(part)
    ).lower()
    return bare if len(bare) == 1 else char.lower() if len(char.lower()) == 1 else char
