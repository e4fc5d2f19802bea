"""CSV and JSON from strangers as rows, and rows as CSV that no spreadsheet runs."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from catalog.exceptions import ImportRefused

MAX_BYTES = 200 * 1024 * 1024
MAX_CELL = 20_000
DELIMITERS = ",;\t|"


class Reader(Protocol):
    """What `csv.reader` gives; its type has no public name."""

    @property
    def line_num(self) -> int: ...
    def __next__(self) -> list[str]: ...


_ACTIVE = re.compile(r"'*[=+\-@\t\r]")
_QUOTED = re.compile(r"'+[=+\-@\t\r]")


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a CSV file or an item of a JSON list."""

    line: int
    """Where it ends in a CSV file (the header is line 1); the item's number in JSON."""
    cells: Mapping[str, str]
    error: str = ""
    """Why it cannot be read; then there are no cells."""


def rows_read(content: bytes, *, suffix: str) -> tuple[list[str], Iterator[Row]]:
    """The columns of a file, and its rows.

    Args:
        suffix: "csv" or "json".

    Raises:
        ImportRefused: nothing of the file can be read; the message says the mend.
    """
    text = text_decode(content)
    if suffix == "json":
        return _rows_of_json(text)
    if suffix == "csv":
        return _rows_of_csv(text)
    raise ImportRefused(f"“{suffix[:20]}” files are not read. Use CSV or JSON.")


def text_decode(content: bytes) -> str:
    """UTF-8 with or without its mark; a file in another encoding is refused, not guessed."""
    if len(content) > MAX_BYTES:
        raise ImportRefused(f"The file is larger than {MAX_BYTES // 1024 // 1024} MB. Split it.")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ImportRefused("The file is UTF-16. Save it as UTF-8 and try again.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ImportRefused(
            f"The file is not UTF-8 (line {line}). Save it as UTF-8 and try again."
        ) from error


def _rows_of_csv(text: str) -> tuple[list[str], Iterator[Row]]:
    first = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        columns = [column_name(cell) for cell in next(reader)]
    except (StopIteration, csv.Error) as error:
        raise ImportRefused("The file is empty or has no line of column names.") from error
    _check_columns(columns)
    return columns, _csv_rows(reader, columns)


def _csv_rows(reader: Reader, columns: list[str]) -> Iterator[Row]:
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Row(reader.line_num, {}, f"The line cannot be read: {error}.")
            continue
        if not any(cell_unquote(cell).strip() for cell in cells):
            continue
        if len(cells) != len(columns):
            message = f"The line has {len(cells)} cells, the header has {len(columns)}."
            yield Row(reader.line_num, {}, message)
        else:
            plain = {name: cell_unquote(cell) for name, cell in zip(columns, cells, strict=True)}
            yield _checked(reader.line_num, plain)


def _rows_of_json(text: str) -> tuple[list[str], Iterator[Row]]:
    try:
        items = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ImportRefused(f"The file is not JSON: {str(error)[:200]}.") from error
    if not isinstance(items, list):
        raise ImportRefused("The file must be a JSON list of objects.")
    names = {column_name(name) for item in items if isinstance(item, dict) for name in item}
    columns = sorted(names)
    _check_columns(columns)
    return columns, (_json_row(number, item) for number, item in enumerate(items, start=1))


def _json_row(number: int, item: object) -> Row:
    if not isinstance(item, dict):
        return Row(number, {}, "The item is not an object.")
    cells: dict[str, str] = {}
    for name, value in item.items():
        if isinstance(value, list) and all(isinstance(part, str) for part in value):
            value = "; ".join(value)
        if value is None:
            value = ""
        if isinstance(value, dict | list):
            return Row(number, {}, f"“{column_name(name)}” is neither text nor a number.")
        cells[column_name(name)] = str(value)
    return _checked(number, cells)


def _checked(line: int, cells: Mapping[str, str]) -> Row:
    for name, cell in cells.items():
        if "\0" in cell:
            return Row(line, {}, f"“{name}” holds a NUL character.")
        if len(cell) > MAX_CELL:
            return Row(line, {}, f"“{name}” is longer than {MAX_CELL} characters.")
    return Row(line, cells)


def _check_columns(columns: list[str]) -> None:
    twice = sorted({name for name in columns if name and columns.count(name) > 1})
    if twice:
        raise ImportRefused(f"The column “{twice[0][:40]}” is there twice.")


def column_name(text: str) -> str:
    """ "Style Code" → "style_code"."""
    return re.sub(r"[^a-z0-9]+", "_", str(text).strip().lower()).strip("_")[:60]


def cell_quote(value: object) -> str:
    """A cell that a spreadsheet shows and does not run (CSV injection, OWASP): what begins with
    = + - @ gets an apostrophe in front. `cell_unquote` takes it away."""
    text = "" if value is None else str(value)
    return f"'{text}" if _ACTIVE.match(text) else text


def cell_unquote(text: str) -> str:
    return text[1:] if _QUOTED.match(text) else text


def csv_write(columns: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """CSV text with every cell quoted against spreadsheets."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows([cell_quote(cell) for cell in row] for row in rows)
    return out.getvalue()
