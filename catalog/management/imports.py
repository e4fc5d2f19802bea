"""What the import commands share: a bar while they run, and the report at the end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from catalog.exceptions import ImportRefused
from catalog.services.importing import ImportReport, Progress

SHOWN = 10
"""Rejected rows that the terminal shows; the report file has all."""


class ImportCommand(BaseCommand):
    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say what would happen")
        parser.add_argument(
            "--report", type=Path, metavar="FILE", help="write what was rejected, as CSV"
        )

    def run(
        self,
        what: str,
        work: Callable[[Progress], ImportReport],
        *,
        dry_run: bool,
        report: Path | None,
    ) -> None:
        """Do ``work`` under a bar and tell how it went."""
        console = Console(file=self.stderr, stderr=True)  # type: ignore[arg-type]
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
                   TimeRemainingColumn())  # fmt: skip
        with Bar(*columns, console=console, transient=True) as bar:
            task = bar.add_task(what, total=None)
            try:
                done = work(lambda count, total: bar.update(task, completed=count, total=total))
            except ImportRefused as error:
                raise CommandError(str(error)) from error
        for row in done.rejected[:SHOWN]:
            where = f"line {row.line}" if row.line else row.what
            self.stderr.write(self.style.WARNING(f"{where}: {row.reason}"))
        if len(done.rejected) > SHOWN:
            hint = "" if report else " (--report FILE has them all)"
            self.stderr.write(f"… and {len(done.rejected) - SHOWN} more{hint}")
        if report is not None:
            done.write(report)
        self.stdout.write(f"{'Dry run, nothing written: ' if dry_run else ''}{done}")
