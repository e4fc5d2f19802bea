"""Which kind of feed a file is, and its items."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path

from crawler.scraping.feeds.tables import table_items
from crawler.scraping.feeds.texts import CutShort, decoded
from crawler.scraping.feeds.types import FeedItem, Trouble
from crawler.scraping.feeds.xml import xml_items


def feed_read(
    path: Path, *, charset: str = "", delimiter: str | None = None
) -> Iterator[FeedItem | Trouble]:
    """The items of a feed, one after the other; what cannot be read is told between them.

    Args:
        path: XML, CSV or TSV, also gzipped.
        charset: what the server said of its encoding.
        delimiter: of a table; None to find out.
    """
    pieces = decoded(path, charset=charset)
    try:
        first = next((piece for piece in pieces if piece.strip()), "")
    except CutShort as error:
        yield Trouble("truncated", f"The feed cannot be read: {error}.")
        return
    start = first.lstrip("\ufeff \t\r\n")[:1000].lower()
    whole: Iterable[str] = itertools.chain([first], pieces)
    if not start:
        yield Trouble("empty-feed", "The feed is empty.")
    elif start.startswith(("<!doctype html", "<html")):
        yield Trouble("not-a-feed", "This is a web page, not a feed.")
    elif start.startswith("<"):
        yield from xml_items(whole)
    elif start.startswith(("{", "[")):
        yield Trouble("not-a-feed", "This is JSON. Feeds are read as XML, CSV or TSV; a Shopify or "
                      "WooCommerce shop has a kind of its own.")  # fmt: skip
    elif start.startswith(("pk\x03\x04", "%pdf")):
        yield Trouble("not-a-feed", "This is an archive or a document. Give the feed itself, or "
                      "gzip (.gz).")  # fmt: skip
    else:
        yield from table_items(whole, delimiter=delimiter)
