"""Feeds of XML: RSS 2.0, Atom, and plain lists of products, in a stream with flat memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from lxml import etree

from crawler.scraping.feeds.mending import MendedXml
from crawler.scraping.feeds.texts import CutShort
from crawler.scraping.feeds.types import FeedItem, Trouble

ITEM_NAMES = {"item", "entry", "product", "offer", "shopitem", "article", "produkt", "artikel",
              "annonce", "job"}  # fmt: skip
MAX_VALUES = 100
"""Of one field of one item."""
MAX_VALUE = 40_000
"""Characters of one value."""
_PREDEFINED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
MAX_TOLD = 20
"""Mistakes of the feed that are told."""


def xml_items(pieces: Iterable[str]) -> Iterator[FeedItem | Trouble]:
    """The items of an XML feed; an item that the end of the feed cuts in two is left out.

    Entities are never expanded and nothing is fetched, so a bomb stays as small as it came.
    """
    # Everything is handed on as UTF-8, whatever the declaration said.
    parser: Any = etree.XMLPullParser(
        events=("start", "end"), recover=True, resolve_entities=False, no_network=True,
        remove_comments=True, remove_pis=True, encoding="utf-8",
    )  # fmt: skip
    state, text, trouble = _State(), MendedXml(pieces), ""
    try:
        for piece in text:
            parser.feed(piece.encode("utf-8"))
            yield from state.items(parser)
        if text.is_whole:
            # Elements that were never closed end here; of a feed cut short they would be halves.
            parser.close()
            yield from state.items(parser)
    except CutShort as error:
        trouble = str(error)
    except etree.XMLSyntaxError as error:
        trouble = f"it stops being XML: {error.msg}"[:300]
    if trouble or not text.is_whole:
        yield Trouble(
            "truncated",
            f"The feed ends in the middle, behind item {state.number}"
            f"{f' ({trouble})' if trouble else ''}; what came before is kept.",
        )
    for entry in list(parser.feed_error_log)[:MAX_TOLD]:
        yield Trouble("invalid-xml", f"Line {entry.line}: {entry.message}"[:300])


class _State:
    """Where in the feed the parser is."""

    def __init__(self) -> None:
        self.number = 0
        self._depth = 0
        self._tag: Any = None
        """Name of the elements that are items: of the first one that could be."""
        self._last: Any = None

    def items(self, parser: Any) -> Iterator[FeedItem]:
        for event, element in parser.read_events():
            if event == "start":
                self._depth += 1
                if self._tag is None and self._depth > 1 and local(element) in ITEM_NAMES:
                    self._tag = element.tag
                continue
            self._depth -= 1
            if element.tag == self._tag:
                self.number += 1
                yield FeedItem(self.number, fields_of(element))
                self._forget(element)

    def _forget(self, element: Any) -> None:
        """Give back an item's memory; it leaves the tree with the next one, when libxml2 has left
        it for sure."""
        element.clear()
        if self._last is not None and (parent := self._last.getparent()) is not None:
            parent.remove(self._last)
        self._last = element


def fields_of(element: Any) -> dict[str, list[str]]:
    """The fields of an item by local name in lower case; those of Google's namespace come first."""
    google: dict[str, list[str]] = {}
    plain: dict[str, list[str]] = {}
    for child in element:
        if not isinstance(child.tag, str):
            continue
        name = local(child)
        value = _value(child, name)
        if not value:
            continue
        fields = google if "base.google.com" in child.tag else plain
        values = fields.setdefault(name, [])
        if len(values) < MAX_VALUES:
            values.append(value[:MAX_VALUE])
    for name, value in element.attrib.items():
        plain.setdefault(str(name).rpartition("}")[2].lower(), []).append(str(value)[:MAX_VALUE])
    for name, values in plain.items():
        google.setdefault(name, []).extend(values)
    return google


def _value(child: Any, name: str) -> str:
    if name == "link" and child.get("href"):
        # Atom: of several links the one to the page itself.
        return str(child.get("href")) if child.get("rel", "alternate") == "alternate" else ""
    if name in {"content", "enclosure", "thumbnail"} and child.get("url"):
        kind = child.get("type") or child.get("medium") or "image"
        return str(child.get("url")) if kind.startswith("image") else ""
    parts = [child.text or ""]
    for inner in child.iterdescendants():
        if inner.tag is etree.Entity:
            parts.append(_PREDEFINED.get(inner.name, ""))
        elif isinstance(inner.tag, str):
            parts.append(f" {inner.text or ''} ")
        parts.append(inner.tail or "")
    return "".join(parts).strip()


def local(element: Any) -> str:
    """ "{http://base.google.com/ns/1.0}Image_Link" and "g:image_link" → "image_link"."""
    name = str(element.tag).rpartition("}")[2].rpartition(":")[2]
    return name.strip().lower().replace("-", "_")
