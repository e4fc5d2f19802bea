"""The JSON in a page's scripts, in the wrappings that frameworks give it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from lxml.html import HtmlElement

from crawler.scraping.pages.literals import arguments_read, literal_read

MAX_SCRIPT = 5_000_000
MAX_DEPTH = 40
MAX_JOINED = 100_000
"""Values that references may grow into: a thing that holds itself twice would grow for ever."""
MAX_THING = 2_000
MAX_REFERENCES = 5
_ASSIGNED = re.compile(
    r"(?:window\s*(?:\.\s*|\[\s*[\"'])|(?:var|let|const)\s+|^|[;\s])"
    r"(?:__)?[A-Za-z_$][\w$]*(?:state|data|props|product|products|productjson|page|store|context)(?:__)?"
    r"[\"'\]\s]*=\s*(?P<parse>JSON\.parse\(\s*)?(?=[{\[\"'])",
    re.IGNORECASE,
)
_MEASURED = re.compile(
    r"\bdataLayer\s*(?:\.\s*push\(\s*(?=\{)|=\s*(?=\[\s*\{))|\bgtag\(\s*[\"']event[\"']\s*,\s*[\"']\w+[\"']\s*,\s*(?=\{)"
)
"""What a page tells Google Analytics of what is looked at."""
_NUXT = re.compile(
    r"__NUXT__\s*=\s*\(?\s*function\s*\((?P<names>[\w$,\s]*)\)\s*\{[^{}]*?\breturn\s*(?=\{)"
)
"""Nuxt 2 hands its state to a function, whose arguments are what occurs in it several times."""
_FLIGHT = re.compile(r'__next_f\.push\(\[1,\s*("(?:[^"\\]|\\.)*")\]\)')
"""Next.js sends what its server rendered in pieces of text ..."""
_FLIGHT_ROW = re.compile(r"^[0-9a-f]+:(?=[\[{])", re.MULTILINE)
"""... which joined are rows of a number and, mostly, JSON."""
_ANGULAR = (("&q;", '"'), ("&s;", "'"), ("&l;", "<"), ("&g;", ">"), ("&a;", "&"))


def scripts_read(tree: HtmlElement, *, having: str = "") -> Iterator[Any]:
    """The objects and lists that scripts hold or assign, structured data apart.

    Args:
        having: what a script must contain to be read.
    """
    flight: list[str] = []
    for script in tree.iter("script"):
        written = script.text or ""
        kind = (script.get("type") or "").lower()
        is_read = written.strip() and len(written) <= MAX_SCRIPT and having in written
        if not is_read or "ld+json" in kind:
            continue
        # VTEX writes its state into scripts without a type, which a template keeps from being run.
        if "json" in kind or "x-magento-init" in kind or written.lstrip().startswith("{"):
            for value in _decoded(_plain(written.strip()), 0, quoted=False):
                is_nuxt = script.get("id") == "__NUXT_DATA__" or script.get("data-nuxt-data")
                yield _joined(value) if is_nuxt and isinstance(value, list) else value
        elif not kind or "javascript" in kind or kind == "module":
            for match in _ASSIGNED.finditer(written):
                yield from _decoded(written, match.end(), quoted=bool(match["parse"]))
            for match in _MEASURED.finditer(written):
                yield from _decoded(written, match.end(), quoted=False)
            if called := _NUXT.search(written):
                yield from _returned(written, called)
            flight += _FLIGHT.findall(written)
    if flight:
        yield from _rows(flight)


def _decoded(written: str, start: int, *, quoted: bool) -> Iterator[Any]:
    """The JSON value at a place in a script, else JavaScript's; none if that has to be run."""
    try:
        try:
            value, _ = json.JSONDecoder().raw_decode(written, start)
        except ValueError:
            value, _ = literal_read(written, start)
        if quoted or isinstance(value, str):
            value = json.loads(value)
    except (ValueError, RecursionError, TypeError):
        return
    if isinstance(value, dict | list):
        yield value


def _returned(written: str, called: re.Match[str]) -> Iterator[Any]:
    """``(function(a,b){return {name:a,brand:b}}("Glide","Aero"))``: what it would return."""
    try:
        _, end = literal_read(written, called.end())
        values = arguments_read(written, written.index("(", end) + 1)
        names = dict(zip(re.findall(r"[\w$]+", called["names"]), values, strict=False))
        value, _ = literal_read(written, called.end(), names)
    except (ValueError, RecursionError):
        return
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
    left = iter(range(MAX_JOINED))

    def one(place: Any, depth: int) -> Any:
        is_place = isinstance(place, int) and 0 <= place < len(values)
        if not is_place or depth > MAX_DEPTH or next(left, None) is None:
            return None
        value = values[place]
        if isinstance(value, dict):
            return {name: one(inner, depth + 1) for name, inner in value.items()}
        if isinstance(value, list) and value and isinstance(value[0], str):
            # ["Reactive", 7], ["Date", "2026-…"]: a kind, and what it is of.
            inner = value[1] if len(value) > 1 else None
            return one(inner, depth + 1) if isinstance(inner, int) else inner
        return [one(inner, depth + 1) for inner in value] if isinstance(value, list) else value

    return one(0, 0)


def linked(state: dict[str, Any]) -> dict[str, Any]:
    """A cache of Apollo or Relay with its things joined; any other state as it is."""
    return _referred(state) if "ROOT_QUERY" in state or "client:root" in state else state


def _reference(value: dict[str, Any]) -> Any:
    """What a value refers to: ``{"__ref": name}``, or ``{"type": "id", "id": name}`` of old."""
    return value.get("id") if value.get("type") == "id" else value.get("__ref")


def _referred(state: dict[str, Any]) -> dict[str, Any]:
    """Apollo's cache: things by their names, and ``{"__ref": name}`` where they belong.

    Things hold one another in circles: each is followed a few steps from where it stands itself.
    """
    whole = iter(range(MAX_JOINED))
    left: Iterator[int] = iter(())  # of the thing that is being joined

    def one(value: Any, path: tuple[str, ...], depth: int) -> Any:
        if depth > MAX_DEPTH or next(left, None) is None or next(whole, None) is None:
            return None
        if isinstance(value, dict) and value.get("type") == "json":
            value = value.get("json")
        if isinstance(value, dict) and isinstance(name := _reference(value), str):
            is_far = name in path or len(path) >= MAX_REFERENCES
            return None if is_far else one(state.get(name), (*path, name), depth + 1)
        if isinstance(value, dict):
            return {name: one(inner, path, depth + 1) for name, inner in value.items()}
        return (
            [one(inner, path, depth + 1) for inner in value] if isinstance(value, list) else value
        )

    joined: dict[str, Any] = {}
    for name, thing in state.items():
        left = iter(range(MAX_THING))
        joined[name] = one(thing, (name,), 0)
    return joined
