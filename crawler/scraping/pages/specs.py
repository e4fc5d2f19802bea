"""What a page's table of details says: HTML's own pairs of a name and a value.

``<th>Farbe:</th><td>Schwarz</td>``, ``<dt>Couleur</dt><dd>Noir</dd>``, ``<li>Color: Black</li>``.
Asked only where nothing meant for machines tells colour, brand, price, stock or code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from lxml.html import HtmlElement

from catalog.colours import colours_parse
from catalog.types import ListingDraft
from crawler.scraping.pages.options import option_is_colour
from crawler.scraping.pages.stock import availability_parse
from crawler.scraping.pages.values import clean, gtin_parse, price_parse

MAX_VALUE = 80
MAX_NAME = 40
MAX_RAW = 1_000
"""Of an item with its white space; a menu that is one item is longer."""
_NOT_OF_PRODUCT = ("nav", "header", "footer", "aside")
_NOT_SHOWN = ("script", "style", "template", "select")


_NO_COLOUR = re.compile(
    r"\d|\b(?:choose|select|see|pick|any|various|varies|wählen|siehe|choisir|voir|elegir|ver|scegli)\b"
    r"|n/a|[?!…]",
    re.IGNORECASE,
)
"""What stands beside "Color" and names none. A maker's own name for a colour may be any words."""
_BRAND_NAMES = {
    "brand", "brands", "manufacturer", "marke", "hersteller", "marque", "fabricant", "marca",
    "produttore", "fabricante", "merk", "märke", "varumärke", "merke", "mærke", "merkki", "marka",
    "producent", "značka", "márka", "бренд", "μάρκα", "ブランド", "品牌", "브랜드",
}  # fmt: skip
_SKU_NAMES = {
    "sku", "product code", "item code", "item no", "item number", "article", "article no",
    "article number", "art no", "artikelnummer", "artikel nr", "artikelnr", "art nr",
    "bestellnummer", "produktnummer", "référence", "référence produit", "réf", "referencia",
    "referência", "codice", "codice articolo", "codice prodotto", "código", "varenummer", "varenr",
    "tuotenumero", "kod produktu", "katalogové číslo", "cikkszám", "артикул", "код товара",
    "商品番号", "品番", "상품코드", "货号",
}  # fmt: skip
_GTIN_NAMES = {"gtin", "gtin 13", "ean", "ean code", "ean 13", "ean/gtin", "upc", "barcode", "jan"}
_PRICE_NAMES = {
    "price", "our price", "preis", "prix", "precio", "prezzo", "prijs", "preço", "pris", "hinta",
    "cena", "ár", "fiyat", "цена", "ціна", "τιμή", "価格", "가격", "价格",
}  # fmt: skip
_STOCK_NAMES = {
    "availability", "stock", "stock status", "verfügbarkeit", "disponibilité", "disponibilidad",
    "disponibilità", "disponibilidade", "beschikbaarheid", "tillgänglighet", "tilgængelighed",
    "saatavuus", "dostępność", "dostupnost", "stok durumu", "наличие", "наявність", "在庫", "재고",
}  # fmt: skip
_FIELDS = {
    "brand": _BRAND_NAMES, "sku": _SKU_NAMES, "gtin": _GTIN_NAMES, "price": _PRICE_NAMES,
    "availability": _STOCK_NAMES,
}  # fmt: skip
_FIELD_BY_NAME = {name: field for field, names in _FIELDS.items() for name in names}


def details_fill(draft: ListingDraft, tree: HtmlElement) -> ListingDraft:
    """A draft with what it leaves open, where the details tell just one value of it."""
    told: dict[str, dict[str, str]] = {}
    for name, value, is_sure in _pairs(tree):
        if option_is_colour(name, exactly=True):
            if colours_parse(value) or (is_sure and value and not _NO_COLOUR.search(value)):
                told.setdefault("colour", {}).setdefault(value.casefold(), value)
        elif value and (field := _FIELD_BY_NAME.get(_name(name))):
            told.setdefault(field, {}).setdefault(value.casefold(), value)
    alone = {name: next(iter(values.values())) for name, values in told.items() if len(values) == 1}
    if "colour" in alone and not draft.colour and _is_chosen(tree):
        del alone["colour"]
    return replace(draft, **_missing(draft, alone))


def _missing(draft: ListingDraft, told: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in ("colour", "brand"):
        if name in told and not getattr(draft, name):
            found[name] = told[name]
    if not draft.sku and " " not in (code := told.get("sku", "")):
        found["sku"] = code
    if not draft.gtin:
        found["gtin"] = gtin_parse({"gtin": told.get("gtin")})
    if not draft.availability:
        found["availability"] = availability_parse(told.get("availability"))
    if draft.price is None:
        price, currency = price_parse(told.get("price"), draft.currency)
        found |= {"price": price, "currency": draft.currency or currency}
    return found


def _name(written: str) -> str:
    return " ".join(re.sub(r"[.:_#*-]", " ", written.lower()).split())


def _is_chosen(tree: HtmlElement) -> bool:
    """Whether the page offers a choice of colours: its details name all of them."""
    for choice in tree.iter("select"):
        named = " ".join(choice.get(name) or "" for name in ("name", "id", "aria-label"))
        values = [o for o in choice.iter("option") if (o.get("value") or "").strip()]
        words = re.split(r"[\W_]+", named)
        if len(values) > 1 and any(option_is_colour(word, exactly=True) for word in words):
            return True
    return False


def _pairs(tree: HtmlElement) -> Iterator[tuple[str, str, bool]]:
    """Name and value; last whether HTML says that they are such, rather than a colon in a text."""
    yield from _shared(tree)
    yield from _labelled(tree)
    for element in tree.iter("tr", "dt", "li", "p"):
        if element.tag == "tr":
            cells = [cell for cell in element if cell.tag in {"th", "td"}]
            if len(cells) == 2:
                yield _said(cells[0]), _said(cells[1]), True
        elif element.tag == "dt":
            value = element.getnext()
            while value is not None and value.tag == "dd":
                yield _said(element), _said(value), True
                value = value.getnext()
        elif ":" in (raw := element.text_content()) and len(raw) < MAX_RAW:
            name, _, value = _said(element).partition(":")
            yield name, value.strip(), False


def _shared(tree: HtmlElement) -> Iterator[tuple[str, str, bool]]:
    """What is shown where the page is shared: ``twitter:label1`` and ``twitter:data1``."""
    told = {
        (meta.get("name") or meta.get("property") or "").lower(): meta.get("content") or ""
        for meta in tree.iter("meta")
    }
    for name, label in told.items():
        if name.startswith("twitter:label"):
            yield clean(label), clean(told.get(name.replace("label", "data"), "")), True


def _labelled(tree: HtmlElement) -> Iterator[tuple[str, str, bool]]:
    """A name that has an element of its own, and what stands behind it: ``<b>Colour:</b> Black``,
    ``<span>Colour</span><span>Black</span>``, ``<div>Colour: <span>Black</span></div>``."""
    for element in tree.iter("b", "strong", "span", "label", "div", "em", "h4", "h5", "h6"):
        name = _name(written) if len(written := element.text or "") <= MAX_NAME else ""
        if not (option_is_colour(name, exactly=True) or name in _FIELD_BY_NAME):
            continue
        if any(above.tag in _NOT_OF_PRODUCT for above in element.iterancestors()):
            continue
        if len(element):
            if not _is_choice(element):
                yield name, _said(element).partition(clean(written))[2].strip(" :"), False
            continue
        behind = element.getnext()
        if behind is not None and behind.tag == "br" and not clean(element.tail or ""):
            element, behind = behind, None
        if value := clean(element.tail or "").strip(" :"):
            yield name, value if len(value) <= MAX_VALUE else "", False
        elif behind is not None and not _is_choice(behind):
            yield name, _said(behind), False


def _is_choice(element: HtmlElement) -> bool:
    """Whether it has several parts to choose from, as swatches, rather than one value."""
    return len(element) > 1 or next(element.iter("button", "input", "ul"), None) is not None


def _said(element: HtmlElement) -> str:
    """The text of an element; "" where it is longer than a name or a colour ever is."""
    if next(element.iter(*_NOT_SHOWN), None) is not None:
        return ""
    said = clean(element.text_content())
    return said if len(said) <= MAX_VALUE else ""
