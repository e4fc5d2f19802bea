"""``manage.py embed``: embed what waits, here and now, with a progress bar."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from search.exceptions import SearchError
from search.services import EmbedProgress, EmbedReport, embed_pending, evidence_pending

BUSY, INTERRUPTED = 3, 130


class Command(BaseCommand):
    help = (
        "Embed every photo that has no vector yet and publish as it goes. May be interrupted and "
        "run again at any time."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--limit", type=int, help="stop after so many photos")
        parser.add_argument(
            "--retry-failed", action="store_true", help="try photos that failed now, not when due"
        )
        parser.add_argument("--json", action="store_true", help="print the report as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["limit"] is not None and options["limit"] < 1:
            raise CommandError("--limit must be at least 1.")
        console = Console(stderr=True, highlight=False)
        columns = (
            TextColumn("Embedding"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(elapsed_when_finished=False),
        )
        try:
            with Progress(*columns, console=console, disable=options["json"]) as bar:
                task = bar.add_task("", total=None, rate="")

                def show(at: EmbedProgress) -> None:
                    done = at.embedded + at.failed
                    rate = f"{done / at.seconds:.1f} photos/s" if at.seconds else ""
                    bar.update(task, total=at.total, completed=done, rate=rate)

                report = embed_pending(
                    limit=options["limit"], retry_failed=options["retry_failed"], progress=show
                )
                if not report.embedded and not report.failed:
                    bar.update(task, total=0, completed=0, visible=False)
        except SearchError as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            message = "Interrupted. What is embedded is kept; run it again to go on."
            raise CommandError(message, returncode=INTERRUPTED) from None
        if not report.busy and not report.waiting:
            evidence_pending()
        self.tell(report, as_json=options["json"])
        if report.busy:
            raise CommandError(
                f"{report.busy} It also takes the photos that you meant.", returncode=BUSY
            )

    def tell(self, report: EmbedReport, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(asdict(report) | {"rate": report.rate}))
            return
        if report.embedded:
            self.stdout.write(
                f"{_photos(report.embedded)} embedded in {report.seconds:.1f} s "
                f"({report.rate:.1f} photos/s) with {report.encoder_id}."
            )
        elif not report.failed and not report.busy:
            self.stdout.write(f"Every photo has its vector of {report.encoder_id}.")
        if report.failed:
            self.stdout.write(
                f"{_photos(report.failed)} could not be embedded; the admin tells why under Failed "
                "photos. They are tried again later, or now with --retry-failed."
            )
        if report.waiting and not report.busy:
            self.stdout.write("More photos wait; run it again to go on.")


def _photos(count: int) -> str:
    return "1 photo" if count == 1 else f"{count:,} photos"
