"""A folder of labelled photos becomes part of the catalog."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from catalog.exceptions import ImportRefused, PhotoRejected
from catalog.images import photo_measure
from catalog.models import Colorway, ShoeImage, View, ViewBy
from catalog.services.colorways import colorway_get_or_create, style_code_clean
from catalog.services.editing import model_write
from catalog.services.importing import ImportReport, Progress, Rejection, _nothing
from catalog.services.names import (
    brand_find_in_title,
    brand_get_or_create,
    model_get_or_create,
)
from catalog.services.photo_features import TABLE, Features, features_of_name, features_table
from catalog.services.photo_views import view_state
from catalog.services.photos import photo_store
from catalog.tabular import rows_read
from catalog.text import name_clean, text_clean
from catalog.types import MAX_NAME, Outcome

LABELS_FILES = ("labels.csv", "products.csv")
"""The table of labels, the first that is there."""
MAX_FILES = 5_000_000

COLUMNS = {
    "file": ("file", "filename", "path", "image"),
    "brand": ("brand",),
    "model": ("model", "model_name", "name"),
    "colour": ("colour", "color", "colours", "colors"),
    "style_code": ("style_code", "mpn", "sku"),
    "view": ("view",),
}
"""What a labels.csv may tell, and the columns it is read from, the first that is there. The
columns of ``export_catalog colorways`` are among them."""

TWO_WORD_BRANDS = (
    "new balance", "under armour", "dr martens", "dr. martens", "le coq sportif", "air jordan",
    "steve madden", "red wing", "calvin klein", "hush puppies", "saint laurent", "on running",
    "common projects", "golden goose", "karhu helsinki", "la sportiva", "naked wolfe",
)  # fmt: skip
"""Brands of several words that a folder's name may begin with before the catalog knows them."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A photo's file and what is said about it."""

    line: int
    name: str
    """Relative to the folder, with "/"."""
    brand: str
    model: str
    colour: str = ""
    style_code: str = ""
    view: str = ""
    height: str = ""
    error: str = ""


def photos_import(
    *,
    folder: Path,
    labels: str,
    dry_run: bool = False,
    progress: Progress = _nothing,
    report: ImportReport | None = None,
) -> ImportReport:
    """Take in every labelled photo below a folder; the same folder twice changes nothing.

    Args:
        labels: "folder": each photo lies in a folder named BRAND_MODEL, words parted by "_", the
            brand being the longest known one, else a well-known one of several words, else the
            first word. "features": the folders are named BRAND_HIGHTOP_COLOUR_SOLE_NAME, or
            ``features.csv`` tells that of each. "csv": ``labels.csv`` (or ``products.csv``) in
            the folder names file, brand and model.
        dry_run: decode every photo and say what would happen; nothing is written.
        report: filled as it goes, for whoever shows it meanwhile.

    Raises:
        ImportRefused: no such folder, no or no readable labels.csv.
    """
    folder = folder.resolve()
    found = photos_labelled(folder=folder, labels=labels)
    report = ImportReport() if report is None else report
    colorways: dict[tuple[str, str, str, str], Colorway] = {}
    for number, item in enumerate(found, start=1):
        try:
            outcome = _take(folder, item, colorways, dry_run=dry_run)
        except (PhotoRejected, ImportRefused) as error:
            report.rejected.append(Rejection(item.line, item.name, str(error)))
        else:
            report.created += outcome is Outcome.CREATED
            report.updated += outcome is Outcome.UPDATED
            report.unchanged += outcome is Outcome.UNCHANGED
        progress(number, len(found))
    return report


def photos_labelled(*, folder: Path, labels: str) -> list[Labelled]:
    """Every photo below a folder and what is said about it; no photo is opened.

    Raises:
        ImportRefused: as `photos_import`.
    """
    if not folder.is_dir():
        raise ImportRefused(f"{folder} is not a folder.")
    readers = {"folder": _by_folder, "features": _by_features, "csv": _by_csv}
    return list(readers[labels](folder))


def _take(
    folder: Path,
    item: Labelled,
    colorways: dict[tuple[str, str, str, str], Colorway],
    *,
    dry_run: bool,
) -> Outcome:
    if item.error:
        raise ImportRefused(item.error)
    content = photo_read(folder, item.name)
    if dry_run:
        known = ShoeImage.objects.filter(sha256=hashlib.sha256(content).hexdigest()).exists()
        photo_measure(content)
        return Outcome.UNCHANGED if known else Outcome.CREATED
    label = (item.brand, item.model, item.colour, item.style_code)
    if label not in colorways:
        # Only for a photo that can be read: a broken one makes no empty model.
        photo_measure(content)
        colorways[label] = _colorway(item)
    stored = photo_store(
        content=content, url=f"file:{folder.name}/{item.name}", colorway=colorways[label]
    )
    view_state(image=stored.image, view=item.view, by=ViewBy.STATED)
    return stored.outcome


def photo_read(folder: Path, name: str) -> bytes:
    """The bytes of a file below a folder, one more than allowed at most.

    Raises:
        ImportRefused: it is not there, or outside of the folder.
    """
    folder = folder.resolve()
    path = (folder / name).resolve()
    if not path.is_relative_to(folder) or not path.is_file():
        raise ImportRefused("The file is not there, or outside of the folder.")
    # One byte more than allowed tells that it is too large, without reading it all.
    with path.open("rb") as file:
        return file.read(settings.SHOEFINDER_PHOTO_MAX_BYTES + 1)


def _colorway(item: Labelled) -> Colorway:
    brand, _ = brand_get_or_create(name=item.brand)
    model, _ = model_get_or_create(brand=brand, name=item.model)
    if item.height and not model.height:
        model_write(brand=brand, name=model.name, fields={"height": item.height})
    code = style_code_clean(item.style_code)
    return colorway_get_or_create(model=model, code=code, name=item.colour)[0]


def _by_folder(folder: Path) -> Iterator[Labelled]:
    for inside in sorted(path for path in folder.iterdir() if path.is_dir()):
        if inside.name.startswith("."):
            continue
        brand, model = folder_label(inside.name)
        for path in sorted(inside.rglob("*")):
            if path.is_file() and not path.name.startswith("."):
                name = path.relative_to(folder).as_posix()
                error = "" if model else f"The folder {inside.name} names no model after the brand."
                yield Labelled(0, name, brand, model, error=error)


def _by_features(folder: Path) -> Iterator[Labelled]:
    table = features_table(folder)
    for inside in sorted(path for path in folder.iterdir() if path.is_dir()):
        if inside.name.startswith("."):
            continue
        error, told = "", None
        try:
            found = features_of_name(inside.name) if table is None else table.get(inside.name)
        except ImportRefused as refused:
            found = str(refused)
        if isinstance(found, Features):
            told = found
        else:
            error = found or f"{TABLE} has no row for the folder {inside.name}."
        for path in sorted(inside.rglob("*")):
            if path.is_file() and not path.name.startswith("."):
                name = path.relative_to(folder).as_posix()
                if told is None:
                    yield Labelled(0, name, "", "", error=error)
                else:
                    yield Labelled(0, name, told.brand, told.name, told.colour, height=told.height)


def folder_label(name: str) -> tuple[str, str]:
    """ "new_balance_990" → ("New Balance", "990"), the brand as the catalog writes it if it can."""
    words = name_clean(name.replace("_", " "))
    known = brand_find_in_title(title=words)
    if known is not None:
        # The title begins with the name or with an alias, whichever is the longest.
        starts = [known.name, *known.aliases.values_list("name", flat=True)]
        length = max(len(start) for start in starts if words.lower().startswith(start.lower()))
        return known.name, _capitals(words[length:])
    first = next((b for b in TWO_WORD_BRANDS if words.lower().startswith(f"{b} ")), "")
    first = first or words.partition(" ")[0]
    return _capitals(words[: len(first)]), _capitals(words[len(first) :])


def _capitals(text: str) -> str:
    """First letters upper: a folder's name says nothing about case."""
    return name_clean(" ".join(word[:1].upper() + word[1:] for word in text.split()))


def _by_csv(folder: Path) -> Iterator[Labelled]:
    path = next((folder / name for name in LABELS_FILES if (folder / name).is_file()), None)
    if path is None:
        raise ImportRefused(f"There is no {LABELS_FILES[0]} in {folder}.")
    content = path.read_bytes()
    columns, rows = rows_read(content, suffix="csv")
    found = {name: [c for c in known if c in columns] for name, known in COLUMNS.items()}
    for name in ("file", "brand", "model"):
        if not found[name]:
            raise ImportRefused(f"{path.name} has no column “{name}”.")
    for row in rows:
        told = {
            name: text_clean(row.cells.get(there[0], ""), MAX_NAME) if there else ""
            for name, there in found.items()
        }
        yield _labelled(row.line, told, row.error)


def _labelled(line: int, told: dict[str, str], error: str) -> Labelled:
    view = told["view"].lower()
    if not error and view and view not in View.values:
        error = f"“{view[:40]}” is not a view. Known are {', '.join(View.values)}."
    brand, model = name_clean(told["brand"]), name_clean(told["model"])
    for column, value in (("file", told["file"]), ("brand", brand), ("model", model)):
        if not error and not value:
            error = f"“{column}” is empty."
    if brand and model.lower().startswith(f"{brand.lower()} "):
        model = name_clean(model[len(brand) :])
    return Labelled(
        line, told["file"], brand, model, told["colour"], told["style_code"], view, error=error
    )
