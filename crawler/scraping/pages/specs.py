"""What a page's table of details says: HTML's own pairs of a name and a value.

``<th>Farbe:</th><td>Schwarz</td>``, ``<dt>Couleur</dt><dd>Noir</dd>``, ``<li>Color: Black</li>``.
Asked only where nothing meant for machines tells the colour.
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml.html import HtmlElement

from catalog.colours import colours_parse
from crawler.scraping.pages.options import option_is_colour
from crawler.scraping.pages.values import clean

MAX_VALUE = 80
_NOT_SHOWN = {"script", "style", "template", "select"}


def colour_specified(tree: HtmlElement) -> str:
    """The colour as published; "" where the details tell none, or several that differ."""
    told: dict[str, str] = {}
    for name, value in _pairs(tree):
        if option_is_colour(name, exactly=True) and colours_parse(value):
            told.setdefault(value.casefold(), value)
    return next(iter(told.values())) if len(told) == 1 else ""


def _pairs(tree: HtmlElement) -> Iterator[tuple[str, str]]:
    for element in tree.iter("tr", "dt", "li", "p"):
        if element.tag == "tr":
            cells = [cell for cell in element if cell.tag in {"th", "td"}]
            if len(cells) == 2:
                yield _said(cells[0]), _said(cells[1])
        elif element.tag == "dt":
            value = element.getnext()
            while value is not None and value.tag == "dd":
                yield _said(element), _said(value)
                value = value.getnext()
        else:
            name, colon, value = _said(element).partition(":")
            if colon:
                yield name, value.strip()


def _said(element: HtmlElement) -> str:
    """The text of an element; "" where it is longer than a name or a colour ever is."""
    if any(inside.tag in _NOT_SHOWN for inside in element.iter()):
        return ""
    said = clean(element.text_content())
    return said if len(said) <= MAX_VALUE else ""
