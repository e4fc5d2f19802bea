"""The JSON in a page's scripts, in the wrappings that frameworks give it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from lxml.html import HtmlElement

MAX_SCRIPT = 5_000_000
MAX_DEPTH = 40
_ASSIGNED = re.compile(
    r"(?:window\s*(?:\.\s*|\[\s*[\"'])|(?:var|let|const)\s+|^|[;\s])"
    r"(?:__)?[A-Za-z_$][\w$]*(?:state|data|props|product|products|productjson|page|store)(?:__)?"
    r"[\"'\]\s]*=\s*(?P<parse>JSON\.parse\(\s*)?(?=[{\[\"'])",
    re.IGNORECASE,
)
_FLIGHT = re.compile(r'__next_f\.push\(\[1,\s*("(?:[^"\\]|\\.)*")\]\)')
"""Next.js sends what its server rendered in pieces of text ..."""
_FLIGHT_ROW = re.compile(r"^[0-9a-f]+:(?=[\[{])", re.MULTILINE)
"""... which joined are rows of a number and, mostly, JSON."""
_ANGULAR = (("&q;", '"'), ("&s;", "'"), ("&l;", "<"), ("&g;", ">"), ("&a;", "&"))


def scripts_read(tree: HtmlElement) -> Iterator[Any]:
    """The objects and lists that scripts hold or assign, structured data apart."""
    flight: list[str] = []
    for script in tree.iter("script"):
        written = script.text or ""
        kind = (script.get("type") or "").lower()
        if not written.strip() or len(written) > MAX_SCRIPT or "ld+json" in kind:
            continue
        if "json" in kind or "x-magento-init" in kind:
            for value in _decoded(_plain(written.strip()), 0, quoted=False):
                is_nuxt = script.get("id") == "__NUXT_DATA__" or script.get("data-nuxt-data")
                yield _joined(value) if is_nuxt and isinstance(value, list) else value
        elif not kind or "javascript" in kind or kind == "module":
            for match in _ASSIGNED.finditer(written):
                yield from _decoded(written, match.end(), quoted=bool(match["parse"]))
            flight += _FLIGHT.findall(written)
    if flight:
        yield from _rows(flight)


def _decoded(written: str, start: int, *, quoted: bool) -> Iterator[Any]:
    """The JSON value at a place in a script; none if it is JavaScript rather."""
    try:
        value, _ = json.JSONDecoder().raw_decode(written, start)
        if quoted or isinstance(value, str):
            value = json.loads(value)
    except (ValueError, RecursionError, TypeError):
        return
    if isinstance(value, dict | list):
        yield value


def _plain(written: str) -> str:
    """Angular's own escapes taken back: ``{&q;name&q;:…}``."""
    if written[:20].lstrip("[{ ").startswith("&q;"):
        for escape, meant in _ANGULAR:
            written = written.replace(escape, meant)
    return written


def _rows(pieces: list[str]) -> Iterator[Any]:
    try:
        written = "".join(json.loads(piece) for piece in pieces)
    except ValueError:
        return
    for row in _FLIGHT_ROW.finditer(written[:MAX_SCRIPT]):
        yield from _decoded(written, row.end(), quoted=False)


def _joined(values: list[Any]) -> Any:
    """Nuxt's payload: one list of all values, in which objects and lists hold places in it."""
    made: dict[int, Any] = {}

    def one(place: Any, depth: int) -> Any:
        is_place = isinstance(place, int) and 0 <= place < len(values)
        if not is_place or depth > MAX_DEPTH:
            return None
        if place in made:
            return made[place]
        value = values[place]
        if isinstance(value, dict):
            told: dict[str, Any] = {}
            made[place] = told
            told.update((name, one(inner, depth + 1)) for name, inner in value.items())
        elif isinstance(value, list) and value and isinstance(value[0], str):
            # ["Reactive", 7], ["Date", "2026-…"]: a kind, and what it is of.
            inner = value[1] if len(value) > 1 else None
            made[place] = one(inner, depth + 1) if isinstance(inner, int) else inner
        elif isinstance(value, list):
            listed: list[Any] = []
            made[place] = listed
            listed.extend(one(inner, depth + 1) for inner in value)
        else:
            made[place] = value
        return made[place]

    return one(0, 0)
