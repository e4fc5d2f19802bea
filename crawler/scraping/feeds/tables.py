"""Feeds of CSV and TSV, row by row: a broken row costs itself and no other."""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator

from crawler.scraping.feeds.texts import CutShort
from crawler.scraping.feeds.types import FeedItem, Trouble

DELIMITERS = "\t;,|"
MAX_LINE = 1_000_000
"""Characters; a longer row is left out unread."""
MAX_COLUMNS = 2_000
MAX_ROW_LINES = 500
"""Lines of one row, whose quoted cells may hold line ends."""
_NUL = "\x00"
_UNEXPECTED_END = "unexpected end of data"


class _Long:
    """Stands in for a line that is too long."""


def table_items(
    pieces: Iterable[str], *, delimiter: str | None = None
) -> Iterator[FeedItem | Trouble]:
    """The rows of a table as items, named by its first row.

    Args:
        delimiter: one character; None to find out.
    """
    lines = _Lines(pieces)
    header = lines.next()
    while isinstance(header, str) and not header.strip("\r\n\t ;,|"):
        header = lines.next()
    if header is None:
        return
    if isinstance(header, _Long):
        yield Trouble("not-a-feed", f"Its first row is longer than {MAX_LINE:,} characters: this "
                      "is no table of products.")  # fmt: skip
        return
    if re.fullmatch(r"sep=.\s*", header, re.IGNORECASE):  # Excel
        delimiter, header = header[4], lines.next()
        if not isinstance(header, str):
            return
    delimiter = delimiter or max(DELIMITERS, key=header.count)
    columns = [column_name(cell) for cell in _cells([header], delimiter)]
    if len(columns) > MAX_COLUMNS:
        yield Trouble("not-a-feed", f"Its first row names {len(columns):,} columns; a feed has at "
                      f"most {MAX_COLUMNS:,}.")  # fmt: skip
        return
    yield from _rows(lines, columns, delimiter)


def _rows(lines: _Lines, columns: list[str], delimiter: str) -> Iterator[FeedItem | Trouble]:
    number = 0
    while (line := lines.next()) is not None:
        place = lines.number
        if isinstance(line, _Long):
            number += 1
            yield Trouble("invalid-row", f"Line {place} is longer than {MAX_LINE:,} characters.")
            continue
        if not line.strip():
            continue
        number += 1
        cells = _record(lines, line, len(columns), delimiter)
        if len(cells) < len(columns) or any(cells[len(columns) :]):
            if lines.ended and not line.endswith("\n"):
                message = f"The feed ends in the middle of line {place}; what came before is kept."
                yield Trouble("truncated", message)
            else:
                message = (
                    f"Line {place} has {len(cells):,} cells, the first row names {len(columns)}."
                )
                yield Trouble("invalid-row", message)
            continue
        if any(_NUL in cell for cell in cells):
            yield Trouble(
                "nul-characters", f"Line {place} holds NUL characters; they are left out."
            )
        fields: dict[str, list[str]] = {}
        for name, cell in zip(columns, cells, strict=False):
            if name and (value := cell.replace(_NUL, "").strip()):
                fields.setdefault(name, []).append(value)
        yield FeedItem(number, fields)
    if lines.cut:
        yield Trouble("truncated", f"The feed ends in the middle, behind line {lines.number} "
                      f"({lines.cut}); what came before is kept.")  # fmt: skip


def _record(lines: _Lines, line: str, width: int, delimiter: str) -> list[str]:
    """The cells of the row that begins with ``line``; takes further lines where a quote is open."""
    taken, size = [line], len(line)
    try:
        while (cells := _cells_if_closed(taken, delimiter)) is None:
            more = lines.next()
            if more is None or isinstance(more, _Long):
                break
            taken.append(more)
            size += len(more)
            if len(taken) > MAX_ROW_LINES or size > MAX_LINE:
                break
    except csv.Error:
        cells = None
    if cells is not None and (len(taken) == 1 or len(cells) == width):
        return cells
    # A quote that is opened and never closed: the row is this line alone.
    lines.put_back(taken[1:])
    cut = line.rstrip("\r\n").split(delimiter)
    return (
        [cell.strip().strip('"') for cell in cut]
        if len(cut) == width
        else _lenient(line, delimiter)
    )


def _cells_if_closed(taken: list[str], delimiter: str) -> list[str] | None:
    """The cells, or None while a quote is open."""
    if len(taken) > 1 and '"' not in taken[-1]:
        return None
    try:
        return _cells(taken, delimiter, strict=True)
    except csv.Error as error:
        if _UNEXPECTED_END in str(error):
            return None
        return _cells(taken, delimiter) if len(taken) == 1 else None


def _cells(taken: list[str], delimiter: str, *, strict: bool = False) -> list[str]:
    limit = csv.field_size_limit(MAX_LINE)
    try:
        rows = list(csv.reader(taken, delimiter=delimiter, strict=strict))
    finally:
        csv.field_size_limit(limit)
    return rows[0] if rows else []


def _lenient(line: str, delimiter: str) -> list[str]:
    try:
        return _cells([line], delimiter)
    except csv.Error:
        return line.rstrip("\r\n").split(delimiter)


def column_name(cell: str) -> str:
    """ "g:image link", "Image_Link" → "image_link"."""
    plain = cell.strip().lower().removeprefix("g:").removeprefix("g_")
    return re.sub(r"[\s\-.:]+", "_", plain).strip("_")[:100]


class _Lines:
    """Lines of a text that comes in pieces; a line that is too long is skipped, not held."""

    def __init__(self, pieces: Iterable[str]) -> None:
        self._source = self._split(pieces)
        self._back: deque[str] = deque()
        self.number = 0
        """Of the line that was given last, from 1."""
        self.ended = False
        self.cut = ""
        """Why the text ended early."""

    def next(self) -> str | _Long | None:
        line = self._back.popleft() if self._back else next(self._source, None)
        self.number += line is not None
        return line

    def put_back(self, lines: list[str]) -> None:
        self._back.extendleft(reversed(lines))
        self.number -= len(lines)

    def _split(self, pieces: Iterable[str]) -> Iterator[str | _Long]:
        held, skipping = "", False
        try:
            for piece in pieces:
                *whole, held = _ends_alike(held + piece).split("\n")
                for line in whole:
                    too_long = skipping or len(line) > MAX_LINE
                    yield _Long() if too_long else f"{line}\n"
                    skipping = False
                if len(held) > MAX_LINE:
                    held, skipping = "", True
        except CutShort as error:
            self.cut = str(error)
            held = ""
        self.ended = True
        if held or skipping:
            yield _Long() if skipping or len(held) > MAX_LINE else held


def _ends_alike(text: str) -> str:
    """Line ends of all systems as "\\n"; one that a piece ends in the middle of stays."""
    if "\r" not in text:
        return text
    tail = "\r" if text.endswith("\r") else ""
    text = text[: len(text) - len(tail)].replace("\r\n", "\n")
    return text.replace("\r", "\n") + tail
