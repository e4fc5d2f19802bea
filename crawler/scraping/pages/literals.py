"""JavaScript's literals as values: what stands in scripts where JSON is expected, or nearly JSON.

Names without quotes, quotes of each kind, comments, commas too many, ``!0`` for true: none of it is
JSON, all of it is what pages hand to their own scripts. Nothing is run: what would have to be
(calls, sums, functions) is None.

chompjs, which Scrapy's users take for this, gives up at a call or a comment within, and makes a
string of a name, where Nuxt's states need what the name stands for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

MAX_PIECES = 100_000
MAX_DEPTH = 60
_SPACE = r"(?>\s+|//[^\n]*(?:\n|$)|/\*.*?\*/)*+"
_TOKEN = re.compile(
    _SPACE + r"(?P<piece>"
    r'"(?:[^"\\]|\\.)*"' + r"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|[{}\[\]():,;]|![01]\b"
    r"|(?!/\*)[^\s{}\[\]():,;\"'`]+)",
    re.DOTALL,
)
_BETWEEN = re.compile(_SPACE + r"(?:[,;]" + _SPACE + r")*+")
_WORDS: dict[str, Any] = {"true": True, "!0": True, "false": False, "!1": False}
_NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_OPEN, _CLOSED = "{[(", "}])"
_BYTE = re.compile(r"\\x([0-9a-fA-F]{2})")
_NEEDLESS = re.compile(r"\\(?![\"\\/bfnrtu])(.)", re.DOTALL)


def literal_read(
    written: str, start: int = 0, names: Mapping[str, Any] | None = None
) -> tuple[Any, int]:
    """The value of the literal at a place in a script, and where it ends.

    Args:
        names: what the names of variables stand for; others are None.

    Raises:
        ValueError: if there is none, or it does not end.
    """
    reader = _Reader(written, start, names or {})
    return reader.value(0), reader.place


def arguments_read(written: str, start: int) -> list[Any]:
    """What a function is called with, from behind the bracket on; else as ``literal_read``."""
    return _Reader(written, start, {}).elements(0, ")")


def literals_read(written: str) -> list[Any]:
    """The values of several literals, one behind the other, with or without commas between.

    Raises:
        ValueError: if one is none.
    """
    found: list[Any] = []
    end = 0
    while _BETWEEN.fullmatch(written, end) is None:
        start = _BETWEEN.match(written, end)
        value, end = literal_read(written, start.end() if start else end)
        found.append(value)
    return found


class _Reader:
    def __init__(self, written: str, place: int, names: Mapping[str, Any]) -> None:
        self.written, self.place, self.names = written, place, names
        self.left = MAX_PIECES

    def look(self) -> str:
        """The next piece, which stays the next one."""
        match = _TOKEN.match(self.written, self.place)
        if match is None:
            raise ValueError(f"it ends too early: char {self.place}")
        return match["piece"]

    def take(self) -> str:
        match = _TOKEN.match(self.written, self.place)
        self.left -= 1
        if match is None or self.left < 0:
            raise ValueError(f"it does not end: char {self.place}")
        self.place = match.end()
        return match["piece"]

    def value(self, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise ValueError("it is too deep")
        piece = self.take()
        if piece == "{":
            return self.members(depth)
        if piece == "[":
            return self.elements(depth)
        if piece in "}]),:;":
            raise ValueError(f"no value: char {self.place}")
        is_whole = self.place >= len(self.written) or depth == 0 or self.look() in "}]),;"
        if not is_whole or piece == "(":
            self.pass_over(piece)
            return None
        return self.plain(piece)

    def members(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while (piece := self.take()) != "}":
            if piece == ",":
                continue
            name = _string(piece) if piece[0] in "\"'`" else piece
            if self.take() != ":":
                raise ValueError(f"no name and value: char {self.place}")
            found[name] = self.value(depth + 1)
        return found

    def elements(self, depth: int, end: str = "]") -> list[Any]:
        found: list[Any] = []
        while (piece := self.look()) != end:
            if piece == ",":
                self.take()
                continue
            found.append(self.value(depth + 1))
        self.take()
        return found

    def pass_over(self, first: str) -> None:
        """What is left of an expression, up to the comma or bracket behind it."""
        depth = int(first in _OPEN)
        while depth or self.look() not in {",", ";", *_CLOSED}:
            piece = self.take()
            depth += (piece in _OPEN) - (piece in _CLOSED)

    def plain(self, piece: str) -> Any:
        if piece[0] in "\"'`":
            return _string(piece)
        if piece in _WORDS:
            return _WORDS[piece]
        if _NUMBER.fullmatch(piece):
            return float(piece) if set(piece) & set(".eE") else int(piece[:300])
        return self.names.get(piece)


def _string(piece: str) -> str:
    inner = _NEEDLESS.sub(r"\1", _BYTE.sub(r"\\u00\1", piece[1:-1]))
    if piece[0] != '"':
        inner = re.sub(r'(?<!\\)((?:\\\\)*)"', r'\1\\"', inner)
    return str(json.loads(f'"{inner}"', strict=False))
