"""Tables of brands, models and colorways from files, in pieces, with a report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from import_export.results import RowResult

from catalog.exceptions import ImportRefused
from catalog.resources import FORMATS, LINE, RESOURCES, dataset_chunks, dataset_of
from catalog.tabular import csv_write

CHUNK = 500
"""Rows of one transaction: a crawl that writes at the same time waits for one piece at most."""

Progress = Callable[[int, int], None]
"""Called with (done, total)."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """A row or photo that was not taken in."""

    line: int
    """0 where the file has no lines."""
    what: str
    reason: str


@dataclass(slots=True)
class ImportReport:
    """What an import did, or would do."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: list[Rejection] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.created} new, {self.updated} changed, {self.unchanged} unchanged, "
            f"{len(self.rejected)} rejected"
        )

    def write(self, path: Path) -> None:
        """The rejected rows as CSV: line, what, reason."""
        rows = ((row.line, row.what, row.reason) for row in self.rejected)
        path.write_text(csv_write(("line", "what", "reason"), rows), encoding="utf-8", newline="")


def _nothing(done: int, total: int) -> None:
    pass


def catalog_import(
    *, kind: str, path: Path, dry_run: bool = False, progress: Progress = _nothing
) -> ImportReport:
    """Read a CSV or JSON file of brands, models or colorways; the same file twice changes nothing.

    Args:
        kind: brands, models or colorways.
        dry_run: say what would happen and write nothing. A row that needs an earlier row of the
            file sees it.

    Raises:
        ImportRefused: the file cannot be read at all.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ImportRefused(f"{path} cannot be read: {error.strerror}.") from error
    dataset = dataset_of(content, suffix=path.suffix.lower().lstrip("."))
    RESOURCES[kind].check_columns(dataset.headers)
    report = ImportReport()
    done = 0
    # A dry run is one piece, so that it sees its own rows until it is taken back.
    for chunk in dataset_chunks(dataset, max(1, len(dataset)) if dry_run else CHUNK):
        resource = RESOURCES[kind]()
        resource._meta.skip_html_diff = True
        result = resource.import_data(chunk, dry_run=dry_run)
        for failed in result.base_errors:
            raise ImportRefused(str(failed.error))
        for line, row in zip(chunk[LINE], result.rows, strict=True):
            _count(report, line, row)
        done += len(chunk)
        progress(done, len(dataset))
    return report


def _count(report: ImportReport, line: int, row: RowResult) -> None:
    if row.import_type == RowResult.IMPORT_TYPE_NEW:
        report.created += 1
    elif row.import_type == RowResult.IMPORT_TYPE_UPDATE:
        report.updated += 1
    elif row.import_type == RowResult.IMPORT_TYPE_SKIP:
        report.unchanged += 1
    elif row.validation_error is not None:
        report.rejected.append(Rejection(line, "row", " ".join(row.validation_error.messages)))
    else:
        report.rejected.append(Rejection(line, "row", str(row.errors[0].error)[:300]))


def catalog_export(*, kind: str, path: Path) -> int:
    """Write all brands, models or colorways as CSV or JSON; how many."""
    suffix = path.suffix.lower().lstrip(".")
    chosen = next((form for form in FORMATS if form().get_extension() == suffix), None)
    if chosen is None:
        raise ImportRefused(f"“{suffix[:20]}” files are not written. Use .csv or .json.")
    dataset = RESOURCES[kind]().export()
    path.write_text(chosen().export_data(dataset), encoding="utf-8", newline="")
    return len(dataset)
