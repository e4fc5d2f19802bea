"""Text from outside, made safe to store and fit to compare."""

from __future__ import annotations

import html
import re
import unicodedata

from django.utils.text import slugify

from catalog.types import MAX_NAME

_MARKS = str.maketrans("", "", "™®©℠")
_BLANKS = re.compile(r"\s+")
_LINE_BLANKS = re.compile(r"[^\S\n]+")
_MANY_LINES = re.compile(r"\n{3,}")
_UNSAFE = {"Cc", "Cf", "Cs", "Cn", "Co"}
"""Control and format characters (NUL, bidirectional overrides), lone surrogates, unassigned."""


def text_clean(text: object, limit: int) -> str:
    """One line: entities read, control characters gone, blanks collapsed, cut at ``limit``.

    >>> text_clean("Old\\x00  Skool &amp; Co", 100)
    'Old Skool & Co'
    """
    if not isinstance(text, str):
        return ""
    # Cut roughly first: what follows walks over every character.
    text = unicodedata.normalize("NFC", html.unescape(text[: limit * 8]))
    text = "".join(" " if unicodedata.category(c) in _UNSAFE else c for c in text)
    return _BLANKS.sub(" ", text).strip()[:limit].strip()


def text_clean_lines(text: object, limit: int) -> str:
    """The same for texts of several lines, which keep them."""
    if not isinstance(text, str):
        return ""
    text = unicodedata.normalize("NFC", html.unescape(text[: limit * 8])).replace("\r\n", "\n")
    text = "".join(c if c == "\n" or unicodedata.category(c) not in _UNSAFE else " " for c in text)
    lines = (_LINE_BLANKS.sub(" ", line).strip() for line in text.split("\n"))
    return _MANY_LINES.sub("\n\n", "\n".join(lines)).strip()[:limit].strip()


def name_clean(text: object) -> str:
    """A brand's or model's name: without trademark signs and outer punctuation."""
    return text_clean(text, MAX_NAME).translate(_MARKS).strip(" \t-–—|/,:;·").strip()[:MAX_NAME]


def slug_for(name: str, *, fallback: str) -> str:
    """ASCII words joined with "-"; a name without any gives ``fallback``."""
    return slugify(name)[: MAX_NAME - 12].strip("-_") or fallback
