"""Links from a product to its other colours: swatches, and "view all colours"."""

from __future__ import annotations

import re
from collections.abc import Collection

from lxml.html import HtmlElement

from crawler.scraping.pages.products import Place
from crawler.scraping.pages.urls import url_clean

MAX_COLOURS = 100
_PARENTS = 4
_SWATCH = re.compile(
    r"(?:^|[-_\s])(?:swatch(?:es)?|colou?rs?|colou?rways?|colou?r[-_]?(?:picker|options?|list|link)"
    r"|farben?|couleurs?|coloris)(?:$|[-_\s])",
    re.IGNORECASE,
)
_ALL = re.compile(
    r"\b(?:all|more|other|further|\d+)\s+colou?r(?:s|ways?)?\b|\b(?:alle|weitere|andere)\s+farben\b"
    r"|\b(?:toutes\s+les|autres)\s+couleurs\b|\b(?:todos\s+los|otros)\s+colores\b"
    r"|\btutti\s+i\s+colori\b",
    re.IGNORECASE,
)


def colour_links(tree: HtmlElement, place: Place, links: Collection[str]) -> list[str]:
    """Addresses of a product's other colours, in order.

    Args:
        links: what the page links to at all and may be followed.
    """
    known, found = set(links), dict[str, None]()
    for anchor in tree.iter("a"):
        url = url_clean(anchor.get("href") or "", base=place.base)
        if url in known and (_ALL.search(_said(anchor)) or _is_swatch(anchor)):
            found[url] = None
            if len(found) >= MAX_COLOURS:
                break
    return list(found)


def _is_swatch(anchor: HtmlElement) -> bool:
    element: HtmlElement | None = anchor
    for _ in range(_PARENTS):
        if element is None or element.tag in {"body", "main", "nav", "header", "footer"}:
            return False
        names = f"{element.get('class') or ''} {element.get('id') or ''}"
        if _SWATCH.search(names):
            return True
        element = element.getparent()
    return False


def _said(anchor: HtmlElement) -> str:
    shown = f"{anchor.text_content()} {anchor.get('title') or ''} {anchor.get('aria-label') or ''}"
    return shown[:200]
