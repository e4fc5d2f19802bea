"""Options of a product (colour, size …) as shops name them, in the languages of many shops."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from catalog.colours import colour_parse
from crawler.scraping.pages.values import each, text

_COLOUR_NAMES = {
    "color", "colour", "colorway", "colourway", "colors", "colours", "shade", "farbe", "farben",
    "couleur", "couleurs", "coloris", "colore", "colori", "color name", "cor", "cores", "kleur",
    "kleuren", "farve", "farg", "färg", "farge", "väri", "vari", "kolor", "barva", "farba", "szín",
    "culoare", "renk", "цвет", "колір", "χρώμα", "カラー", "色", "颜色", "顏色", "색상",
    "اللون", "צבע",
    "main color", "primary color", "upper color",
}  # fmt: skip
_SIZE_NAMES = {
    "size", "sizes", "shoe size", "größe", "grösse", "groesse", "schuhgröße", "taille", "pointure",
    "talla", "tallas", "taglia", "misura", "tamanho", "numeração", "maat", "schoenmaat",
    "størrelse", "storlek", "koko", "rozmiar", "velikost", "veľkosť", "méret", "marime", "mărime",
    "beden", "numara", "размер", "розмір", "μέγεθος", "サイズ", "尺寸", "尺码", "尺碼", "사이즈",
    "المقاس", "מידה", "width", "fit", "weite", "breite", "largeur", "ancho",
}  # fmt: skip
_SIZE_WORDS = re.compile(
    r"(?:eur?|us|uk|fr|it|br|jp|cm|mens?|womens?|[mwkcy]|kids?|youth|size|gr)?[\s./:-]*"
    r"\d{1,2}(?:[.,]\d|\s?1/2|\s?[½⅓⅔]|\s[12]/[23])?\s*(?:eur?|us|uk|cm|[mwkcy]|d|b|ee?)?"
    r"|x{0,3}s|m|l|x{1,4}l|one size|os|einheitsgröße|taille unique",
    re.IGNORECASE,
)
_SIZE_LABEL = "|".join(
    (*sorted(map(re.escape, _SIZE_NAMES), key=len, reverse=True), "eur?", "u[ks]", "gr")
)
_SPLIT = re.compile(r"\s*[/|,–-]\s*")
_CHOICES = ("values", "optionValues", "selections", "choices")
_CHOICE = ("description", "label", "name", "value")
"""Where a choice's own words stand; what people read before what scripts paint with."""
_DEFAULT = {"title", "default title", "default"}


def option_is_colour(name: str, *, exactly: bool = False) -> bool:
    """``exactly``: of the shoe as a whole, so that "Sole color" is none."""
    plain = _plain(name)
    return plain in _COLOUR_NAMES or (not exactly and re.search(r"\bcolou?r\b", plain) is not None)


def option_is_size(name: str, values: Iterable[str] = ()) -> bool:
    """By its name, else because every value reads like a size."""
    plain = _plain(name)
    if plain in _SIZE_NAMES or re.search(r"\bsizes?\b|größe", plain):
        return True
    told = [value for value in values if value]
    return bool(told) and all(is_size(value) for value in told)


def is_size(value: str) -> bool:
    """ "42", "US 9.5", "M 8 / W 10", "EU 42 ⅔", "XL"."""
    parts = [part for part in _SPLIT.split(value.strip()) if part]
    if _SIZE_WORDS.fullmatch(value.strip()):
        return True
    return bool(parts) and all(_SIZE_WORDS.fullmatch(part) for part in parts)


def without_size(title: str, size: str, colour: str) -> str:
    """A title that names one of its sizes at its end, without it: "Glide - Red, EU 42".

    A bare number may be the model's ("Kayano 30"), unless the colour stands before it.
    """
    if not size:
        return title
    before = rf"[-–—,;/|:(\[]\s*(?:{_SIZE_LABEL})?|\s(?:{_SIZE_LABEL})"
    if colour:
        before += rf"|(?<={re.escape(colour)})"
    end = rf"\s*(?:{before})[\s:.]*{re.escape(size)}\s*[)\]]?\s*$"
    return re.sub(end, "", title, flags=re.IGNORECASE) or title


def colour_index(names: Sequence[str], values: Sequence[Sequence[str]]) -> int | None:
    """Which option holds the colour: by name, else the one whose values are all colours.

    Args:
        names: of the options.
        values: of each option.
    """
    for index, name in enumerate(names):
        if option_is_colour(name):
            return index
    for index, told in enumerate(values):
        known = [value for value in told if value]
        if known and all(len(v.split()) <= 5 and _is_colour(v) for v in known):
            return index
    return None


def colour_chosen(options: Any) -> str:
    """The colour of a product whose option of that name leaves one choice; else "".

    ``[{"title": "Color", "selections": [{"value": "#000", "description": "Black"}]}]``
    """
    for option in each(options):
        if not isinstance(option, dict):
            continue
        name = text([option.get(key) for key in ("name", "title", "label", "displayName")])
        choices = next((list(each(option[key])) for key in _CHOICES if option.get(key)), [])
        if option_is_colour(name, exactly=True) and len(choices) == 1:
            (choice,) = choices
            told = [choice.get(k) for k in _CHOICE] if isinstance(choice, dict) else choice
            return text(told)
    return ""


def is_placeholder(name: str, value: str) -> bool:
    """Shopify's option of a product without options: "Title", "Default Title"."""
    return _plain(name) in _DEFAULT and _plain(value) in _DEFAULT


def _is_colour(value: str) -> bool:
    return any(colour_parse(part) for part in re.split(r"[/,&+]", value))


def _plain(name: str) -> str:
    return " ".join(name.lower().replace("_", " ").replace("-", " ").split()).strip(" :*")
