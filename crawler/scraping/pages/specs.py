"""What a page's table of details says: HTML's own pairs of a name and a value.

``<th>Farbe:</th><td>Schwarz</td>``, ``<dt>Couleur</dt><dd>Noir</dd>``, ``<li>Color: Black</li>``.
Asked only where nothing meant for machines tells the colour or the brand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from lxml.html import HtmlElement

from catalog.colours import colours_parse
from catalog.types import ListingDraft
from crawler.scraping.pages.options import option_is_colour
from crawler.scraping.pages.values import clean

MAX_VALUE = 80
MAX_RAW = 1_000
"""Of an item with its white space; a menu that is one item is longer."""
_NOT_SHOWN = ("script", "style", "template", "select")


_BRAND_NAMES = {
    "brand", "brands", "manufacturer", "marke", "hersteller", "marque", "fabricant", "marca",
    "produttore", "fabricante", "merk", "märke", "varumärke", "merke", "mærke", "merkki", "marka",
    "producent", "značka", "márka", "бренд", "μάρκα", "ブランド", "品牌", "브랜드",
}  # fmt: skip


def details_fill(draft: ListingDraft, tree: HtmlElement) -> ListingDraft:
    """A draft with the colour and brand that it leaves open, if the details tell just one."""
    colours: dict[str, str] = {}
    brands: dict[str, str] = {}
    for name, value in _pairs(tree):
        if option_is_colour(name, exactly=True) and colours_parse(value):
            colours.setdefault(value.casefold(), value)
        elif name.strip(" :").lower() in _BRAND_NAMES and value:
            brands.setdefault(value.casefold(), value)
    if not draft.colour and len(colours) == 1 and not _is_chosen(tree):
        draft = replace(draft, colour=next(iter(colours.values())))
    if not draft.brand and len(brands) == 1:
        draft = replace(draft, brand=next(iter(brands.values())))
    return draft


def _is_chosen(tree: HtmlElement) -> bool:
    """Whether the page offers a choice of colours: its details name all of them."""
    for choice in tree.iter("select"):
        named = " ".join(choice.get(name) or "" for name in ("name", "id", "aria-label"))
        values = [o for o in choice.iter("option") if (o.get("value") or "").strip()]
        words = re.split(r"[\W_]+", named)
        if len(values) > 1 and any(option_is_colour(word, exactly=True) for word in words):
            return True
    return False


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
        elif ":" in (raw := element.text_content()) and len(raw) < MAX_RAW:
            name, _, value = _said(element).partition(":")
            yield name, value.strip()


def _said(element: HtmlElement) -> str:
    """The text of an element; "" where it is longer than a name or a colour ever is."""
    if next(element.iter(*_NOT_SHOWN), None) is not None:
        return ""
    said = clean(element.text_content())
    return said if len(said) <= MAX_VALUE else ""
