"""Lists of shoes (brand → line → model → colorway → style code) become models and colorways."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from django.db import transaction

from catalog.exceptions import CatalogError, ImportRefused
from catalog.models import Colorway, ShoeModel
from catalog.services.editing import colorway_write, model_write
from catalog.services.importing import ImportReport, Progress, Rejection, _nothing
from catalog.services.names import brand_find, brand_get_or_create, model_find
from catalog.services.photo_imports import folder_label
from catalog.tabular import Row, column_name, rows_read, text_decode
from catalog.text import name_clean, text_clean
from catalog.types import MAX_NAME
from catalog.words import category_parse, gender_parse, height_guess

FORMATS: Final = ("table", "all-shoes", "popular-shoes")
FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "brand": ("brand", "maker", "manufacturer"),
    "line": ("line", "series", "family", "collection"),
    "model": ("model", "name", "model_name", "silhouette", "shoe"),
    "aliases": ("aliases", "also_known_as", "nickname"),
    "colorway": ("colorway", "colourway", "colour", "color"),
    "style_code": ("style_code", "sku", "mpn", "style_id", "article"),
    "category": ("category", "type"),
    "gender": ("gender", "audience"),
    "popular": ("popular",),
}
"""What a list may tell, and the columns it is read from, the first that is there."""
LEVELS: Final = ("brand", "line", "model", "colorway", "style_code")
YES: Final = {"1", "yes", "true", "x", "popular", "y"}
CHUNK: Final = 500


def model_list_import(
    *,
    path: Path,
    layout: str = "table",
    mapping: Path | None = None,
    dry_run: bool = False,
    progress: Progress = _nothing,
) -> ImportReport:
    """Read a list of shoes; the same list twice changes nothing, and nothing is deleted.

    Args:
        layout: "table": CSV, a JSON list of objects, or JSON nested as brand → line → model →
            colorway → style code. "all-shoes" and "popular-shoes": a text file with one shoe a
            line, "Brand Model"; the second marks its models as popular.
        mapping: a JSON file for other layouts: ``{"columns": {"brand": "Hersteller"}, "values":
            {"brand": "Karo"}}`` names their columns, and what is true of every row.

    Raises:
        ImportRefused: the file or the mapping cannot be read at all.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ImportRefused(f"{path} cannot be read: {error.strerror}.") from error
    rows = list(
        _rows_of_lines(content, popular=layout == "popular-shoes")
        if layout != "table"
        else _rows_of_table(content, path.suffix.lower().lstrip("."), _mapping(mapping))
    )
    report = ImportReport()
    # A dry run is one piece, so that it sees its own rows until it is taken back.
    size = max(1, len(rows)) if dry_run else CHUNK
    for start in range(0, len(rows), size):
        with transaction.atomic():
            for line, told, error_text in rows[start : start + size]:
                _take(report, line, told, error_text)
            if dry_run:
                transaction.set_rollback(True)
        progress(min(start + size, len(rows)), len(rows))
    return report


def _take(report: ImportReport, line: int, told: dict[str, str], wrong: str) -> None:
    try:
        if wrong:
            raise ImportRefused(wrong)
        with transaction.atomic():
            created, changed = _write(told)
    except CatalogError as error:
        report.rejected.append(Rejection(line, "row", str(error)))
        return
    report.created += created
    report.updated += changed and not created
    report.unchanged += not changed and not created


def _write(told: dict[str, str]) -> tuple[bool, bool]:
    """Write one shoe; whether its model or colorway is new, and whether anything changed."""
    brand_name, model_name = name_clean(told.get("brand")), _full_name(told)
    if not brand_name or not model_name:
        raise ImportRefused("The row needs a brand and a model.")
    known = brand_find(name=brand_name)
    is_new = known is None or model_find(brand=known, name=model_name) is None
    brand, _ = brand_get_or_create(name=brand_name)
    aliases = [name_clean(one) for one in told.get("aliases", "").split(";")]
    fields = {
        "category": category_parse(told.get("category", "")),
        "gender": gender_parse(told.get("gender", "")),
        "height": height_guess(model_name),
    }
    model, changed = model_write(
        brand=brand, name=model_name, aliases=filter(None, aliases), fields=fields
    )
    if told.get("popular", "").strip().lower() in YES and not model.is_popular:
        ShoeModel.objects.filter(pk=model.pk).update(is_popular=True)
        changed = True
    colour, code = (
        text_clean(told.get("colorway"), MAX_NAME),
        text_clean(told.get("style_code"), 64),
    )
    if colour or code:
        before = Colorway.objects.filter(model=model).count()
        _, written = colorway_write(model=model, name=colour, style_code=code)
        is_new |= Colorway.objects.filter(model=model).count() > before
        changed |= written
    return is_new, changed


def _full_name(told: Mapping[str, str]) -> str:
    """The line's name stands in front, unless the model's begins with it: Air Max + 90."""
    line, model = name_clean(told.get("line")), name_clean(told.get("model"))
    brand = name_clean(told.get("brand"))
    if line and model and not model.lower().startswith(line.lower()):
        model = name_clean(f"{line} {model}")
    model = model or line
    if brand and model.lower().startswith(f"{brand.lower()} "):
        model = name_clean(model[len(brand) :])
    return model


_Told = tuple[int, dict[str, str], str]


def _rows_of_lines(content: bytes, *, popular: bool) -> Iterator[_Told]:
    for number, line in enumerate(text_decode(content).splitlines(), start=1):
        name = name_clean(line.split(",")[0] if line.count(",") else line)
        if not name or name.lower() in {"name", "shoe", "model", "shoes"}:
            continue
        brand, model = folder_label(name)
        told = {"brand": brand, "model": model, "popular": "yes" if popular else ""}
        yield number, told, "" if model else f"“{name}” names no model after the brand."


def _rows_of_table(content: bytes, suffix: str, mapping: Mapping[str, Any]) -> Iterator[_Told]:
    if suffix == "json" and text_decode(content).lstrip().startswith("{"):
        yield from enumerate_nested(content)
        return
    columns, rows = rows_read(content, suffix=suffix)
    chosen = {}
    for field, names in FIELDS.items():
        own = mapping["columns"].get(field)
        if own is not None and column_name(own) not in columns:
            raise ImportRefused(f"The mapping names the column “{own}”, which the file lacks.")
        names = (column_name(own),) if own is not None else names
        chosen[field] = next((name for name in names if name in columns), "")
    for field in ("brand", "model"):
        if not chosen[field] and field not in mapping["values"]:
            raise ImportRefused(
                f"No column tells the {field}. Columns are {', '.join(columns)[:200]}; name it in "
                "a mapping file (docs/catalog.md)."
            )
    for row in rows:
        yield row.line, _told(row, chosen, mapping["values"]), row.error


def _told(row: Row, chosen: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str]:
    told = {field: row.cells.get(name, "") for field, name in chosen.items() if name}
    return {**told, **{field: value for field, value in values.items() if not told.get(field)}}


def enumerate_nested(content: bytes) -> Iterator[_Told]:
    """JSON nested by `LEVELS`; a list stands for names without anything below."""
    try:
        whole = json.loads(text_decode(content))
    except (ValueError, RecursionError) as error:
        raise ImportRefused(f"The file is not JSON: {str(error)[:200]}.") from error
    number = 0

    def walk(node: object, told: dict[str, str], depth: int) -> Iterator[_Told]:
        nonlocal number
        if isinstance(node, dict) and node and depth < len(LEVELS):
            for name, below in node.items():
                yield from walk(below, {**told, LEVELS[depth]: str(name)}, depth + 1)
        elif isinstance(node, list) and node and depth < len(LEVELS):
            for name in node:
                yield from walk(name, told, depth)
        else:
            if isinstance(node, str | int) and depth < len(LEVELS):
                told = {**told, LEVELS[depth]: str(node)}
            number += 1
            wrong = "" if depth <= len(LEVELS) else "The list is nested too deep."
            yield number, told, wrong

    yield from walk(whole, {}, 0)


def _mapping(path: Path | None) -> dict[str, dict[str, str]]:
    if path is None:
        return {"columns": {}, "values": {}}
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        mapping = {part: dict(told.get(part, {})) for part in ("columns", "values")}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise ImportRefused(f"The mapping {path} cannot be read: {error}.") from error
    unknown = {*mapping["columns"], *mapping["values"]} - FIELDS.keys()
    if unknown:
        raise ImportRefused(
            f"The mapping names “{sorted(unknown)[0]}”. Known are {', '.join(FIELDS)}."
        )
    return {part: {k: str(v) for k, v in told.items()} for part, told in mapping.items()}
