"""Sitemaps, indexes of them, and feeds that stand for one, read to the last entry that can be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from itertools import islice
from typing import Any

from lxml import etree

MAX_ENTRIES = 200_000
"""sitemaps.org allows 50,000."""
_LINE = re.compile(rb"https?://[^\s<>\"]+(?:[ \t]*[\r\n]|$)", re.IGNORECASE)
_OF_FEEDS = ("item", "entry")
_NAMES = ("url", "sitemap", "Url", "Sitemap", "URL", "SITEMAP", *_OF_FEEDS)
_TAGS = [f"{{*}}{name}" for name in _NAMES]
_ROOT = re.compile(rb"<(?:[\w.-]{1,40}:)?(?:urlset|sitemapindex|rss|feed|rdf)[\s>]", re.IGNORECASE)
"""sitemaps.org takes RSS 2.0 and Atom for sitemaps too."""


@dataclass(slots=True)
class SitemapEntry:
    """A page, or another sitemap."""

    loc: str = ""
    is_sitemap: bool = False
    lastmod: str = ""
    photos: list[str] = field(default_factory=list)
    """Of the image extension, as written."""
    alternates: dict[str, str] = field(default_factory=dict)
    """Language → address of the same page in it (xhtml:link)."""


def is_sitemap(body: bytes) -> bool:
    start = body[:3000].lstrip(b"\xef\xbb\xbf \t\r\n")
    if _LINE.match(start):
        return True
    return start.startswith(b"<") and _ROOT.search(start[:1000]) is not None


def sitemap_read(body: bytes) -> Iterator[SitemapEntry]:
    """The entries of a sitemap, those behind a mistake too; entities are not expanded.

    One of plain text has an address a line, and nothing else (sitemaps.org).

    Each is let go before the next is read: as one tree, 50,000 of them are 35 MB.

    Raises:
        ValueError: after the last entry, if it is not whole.
    """
    if not body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        lines = body.decode("utf-8-sig", "replace").split()
        yield from (SitemapEntry(loc=line) for line in lines[:MAX_ENTRIES])
        return
    reader = etree.iterparse(
        BytesIO(body.strip()), tag=_TAGS, recover=True, resolve_entities=False, no_network=True,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        yield from islice(_entries(reader), MAX_ENTRIES)
    except etree.XMLSyntaxError as error:
        raise ValueError("it is not XML") from error
    if reader.error_log:
        first = reader.error_log[0]
        raise ValueError(f"line {first.line}: {first.message}")


def _entries(reader: etree.iterparse[Any]) -> Iterator[SitemapEntry]:
    for _, element in reader:
        root = element.getparent()
        if root is None or (root.getparent() is not None and root.tag != "channel"):
            continue
        name = etree.QName(element).localname.lower()
        entry = _feed_entry(element) if name in _OF_FEEDS else _entry(element, name == "sitemap")
        if entry.loc:
            yield entry
        element.clear()
        while element.getprevious() is not None:
            del root[0]


def _feed_entry(element: etree._Element) -> SitemapEntry:
    """An item of a feed. When it was published (``pubDate``) says nothing of its price since."""
    entry = SitemapEntry()
    for child in element:
        name = str(child.tag).rpartition("}")[2].lower()
        text = (child.text or "").strip()
        if name == "link" and child.get("rel", "alternate") == "alternate":
            entry.loc = entry.loc or child.get("href") or text
        elif name == "updated":
            entry.lastmod = text
    return entry


def _entry(element: etree._Element, is_sitemap: bool) -> SitemapEntry:
    entry = SitemapEntry(is_sitemap=is_sitemap)
    for child in element:
        name = str(child.tag).rpartition("}")[2].lower()
        text = (child.text or "").strip()
        if name == "loc":
            entry.loc = text
        elif name == "lastmod":
            entry.lastmod = text
        elif name == "image":
            entry.photos += [
                (one.text or "").strip()
                for one in child
                if str(one.tag).endswith("}loc") and (one.text or "").strip()
            ]
        elif name == "link" and child.get("hreflang") and child.get("href"):
            entry.alternates[child.get("hreflang").lower()] = child.get("href")
    return entry
