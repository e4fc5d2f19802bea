"""Folders named BRAND_HIGHTOP_COLOUR_SOLE_NAME, and their table of features."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from catalog.exceptions import ImportRefused
from catalog.models import Height
from catalog.tabular import rows_read
from catalog.text import name_clean, text_clean
from catalog.types import MAX_NAME

TABLE: Final = "features.csv"
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "folder": ("folder", "label", "class", "directory"),
    "brand": ("brand",),
    "hightop": ("hightop", "high_top", "height", "high"),
    "colour": ("colour", "color", "colours", "colors"),
    "sole": ("sole", "sole_colour", "sole_color"),
    "name": ("name", "model", "model_name"),
}
_HIGH = {"1", "yes", "true", "y", "high", "hightop", "high-top", "hi", "ht"}
_LOW = {"0", "no", "false", "n", "low", "lowtop", "low-top", "lo", "lt", ""}


@dataclass(frozen=True, slots=True)
class Features:
    """What a folder's name says of the shoe in its photos."""

    brand: str
    name: str
    height: str
    """A Height value; "" where it is not told."""
    colour: str
    """The shoe's colours, then the sole's: "Black / White sole"."""


def features_of_name(folder: str) -> Features:
    """ "Nike_1_black-red_white_Air Jordan 1" → brand, height, colours with the sole, and name.

    Raises:
        ImportRefused: it does not have five parts, or the second is neither high nor low.
    """
    parts = folder.split("_")
    if len(parts) < 5:
        raise ImportRefused(f"The folder {folder} is not named BRAND_HIGHTOP_COLOUR_SOLE_NAME.")
    brand, high, colour, sole = parts[:4]
    return features_of(brand=brand, high=high, colour=colour, sole=sole, name=" ".join(parts[4:]))


def features_of(*, brand: str, high: str, colour: str, sole: str, name: str) -> Features:
    """The same from the cells of a table."""
    brand, name, word = name_clean(brand), name_clean(name), high.strip().lower()
    if not brand or not name:
        raise ImportRefused("Brand or name is empty.")
    if word not in _HIGH | _LOW | {"mid"}:
        raise ImportRefused(f"“{high[:20]}” is neither high nor low; write 1 or 0.")
    height = Height.HIGH if word in _HIGH else Height.MID if word == "mid" else Height.LOW
    # "light-blue+white" or "black-red": a plus keeps a colour of two words together.
    parts = colour.replace("-", " ").split("+") if "+" in colour else re.split("[-/]", colour)
    colours = [one for one in parts if one.strip()]
    whole = " / ".join(name_clean(one).capitalize() for one in colours)
    under = name_clean(sole.replace("-", " "))
    if under:
        whole = f"{whole} / {under.capitalize()} sole".strip(" /")
    return Features(brand, name, "" if word == "" else height.value, text_clean(whole, MAX_NAME))


def features_table(folder: Path) -> dict[str, Features | str] | None:
    """Folder name → features, or why its row cannot be read; None where there is no table.

    Raises:
        ImportRefused: the table lacks a column.
    """
    path = folder / TABLE
    if not path.is_file():
        return None
    columns, rows = rows_read(path.read_bytes(), suffix="csv")
    chosen = {key: next((c for c in names if c in columns), "") for key, names in COLUMNS.items()}
    for key in ("folder", "brand", "name"):
        if not chosen[key]:
            raise ImportRefused(f"{TABLE} has no column “{key}”.")
    table: dict[str, Features | str] = {}
    for row in rows:
        told = {key: row.cells.get(name, "") if name else "" for key, name in chosen.items()}
        try:
            if row.error:
                raise ImportRefused(row.error)
            table[told["folder"].strip()] = features_of(
                brand=told["brand"], high=told["hightop"], colour=told["colour"],
                sole=told["sole"], name=told["name"],
            )  # fmt: skip
        except ImportRefused as error:
            table[told["folder"].strip()] = f"{TABLE}, line {row.line}: {error}"
    return table
