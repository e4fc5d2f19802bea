"""XML as shops write it, made into XML: what would cost an item its text is put right first."""

from __future__ import annotations

import html.entities
import re
from collections.abc import Iterable, Iterator

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_DOCTYPE = re.compile(r"<!DOCTYPE[^\[>]{0,1000}(?:\[.*?\]\s*)?>", re.DOTALL)
_ROOT = re.compile(r"<([A-Za-z_][\w.:-]*)")
_TOKEN = re.compile(r"<!\[CDATA\[|\]\]>|&(#?\w{1,31};)?")
_OPEN, _CLOSE = "<![CDATA[", "]]>"
_PREDEFINED = {"amp;", "lt;", "gt;", "quot;", "apos;"}
_LONGEST = 40
"""Characters that a token may have: a piece that ends within one waits for the next."""
GOOGLE = "http://base.google.com/ns/1.0"


class MendedXml:
    """The pieces of an XML text without what a strict reader stumbles over.

    Bare "&", HTML's entities, characters that XML forbids, and a prefix ``g:`` that is not
    declared. Entities that a document declares itself are left out, with their declarations: no
    feed needs them, and bombs are made of them.
    """

    def __init__(self, pieces: Iterable[str]) -> None:
        self._pieces = pieces
        self._in_cdata = False
        self._tail = ""
        self._root = ""

    def __iter__(self) -> Iterator[str]:
        held, first = "", True
        for piece in self._pieces:
            text = held + _FORBIDDEN.sub(" ", piece)
            if first:
                text, first = self._head(text), False
            cut = max(text.rfind(sign, len(text) - _LONGEST) for sign in "&<]")
            held = text[cut:] if cut >= 0 else ""
            yield self._mended(text[: len(text) - len(held)])
        if held:
            yield self._mended(held)

    @property
    def is_whole(self) -> bool:
        """Whether the text ended with the end of its root element."""
        return bool(self._root) and re.search(
            rf"</\s*{re.escape(self._root)}\s*>\s*(?:<!--.*-->\s*)?$", self._tail, re.DOTALL
        ) is not None  # fmt: skip

    def _head(self, text: str) -> str:
        text = _DOCTYPE.sub("", _DECLARATION.sub("", text, count=1), count=1)
        found = _ROOT.search(text)
        if found:
            self._root = found[1]
            if "xmlns:g=" not in text[:5000]:
                text = f'{text[: found.end()]} xmlns:g="{GOOGLE}"{text[found.end() :]}'
        return text

    def _mended(self, text: str) -> str:
        text = _TOKEN.sub(self._token, text)
        self._tail = (self._tail + text)[-500:]
        return text

    def _token(self, found: re.Match[str]) -> str:
        token = found[0]
        if token in {_OPEN, _CLOSE}:
            self._in_cdata = token == _OPEN
            return token
        name = found[1]
        if self._in_cdata or name in _PREDEFINED or (name and name.startswith("#")):
            return token
        if name is None:
            return "&amp;"
        return html.entities.html5.get(name, "")
