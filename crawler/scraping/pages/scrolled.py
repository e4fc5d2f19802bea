"""Parts of a list that come as JSON, for a script that adds them to the page: endless scrolling.

``{"html": "<li>…", "next": "/list?page=3"}`` or ``{"products": [{"url": "/p/1"}], "next": …}``.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from typing import Any

MAX_DEPTH = 20
MAX_VALUES = 20_000
_URL = ("url", "href", "link", "producturl", "pdpurl", "permalink", "canonicalurl")
_NEXT = ("next", "nexturl", "nextpage", "nextpageurl", "nextlink")
_ADDRESS = re.compile(r"(?:https?:/)?/[^\s<>\"']+|\?[^\s<>\"']+")
_MARKUP = re.compile(r"<a\s[^>]*href", re.IGNORECASE)


def part_as_html(written: str) -> str:
    """The part as a page with its links; what it was where it is no JSON."""
    try:
        told = json.loads(written.lstrip("\ufeff"))
    except (ValueError, RecursionError):
        return written
    return f"<html><body>{''.join(_links(told))}</body></html>"


def _links(told: Any) -> Iterator[str]:
    stack: list[tuple[str, Any, int]] = [("", told, 0)]
    for _ in range(MAX_VALUES):
        if not stack:
            return
        name, value, depth = stack.pop()
        if isinstance(value, dict) and depth < MAX_DEPTH:
            stack.extend((str(n), v, depth + 1) for n, v in reversed(value.items()))
        elif isinstance(value, list) and depth < MAX_DEPTH:
            stack.extend((name, one, depth + 1) for one in reversed(value))
        elif isinstance(value, str):
            yield from _link(re.sub(r"[_-]", "", name.lower()), value)


def _link(name: str, value: str) -> Iterator[str]:
    if _MARKUP.search(value):
        yield value
    elif name in _URL + _NEXT and _ADDRESS.fullmatch(value):
        rel = ' rel="next"' if name in _NEXT else ""
        yield f'<a href="{html.escape(value)}"{rel}></a>'
