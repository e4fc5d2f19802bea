"""Measure an encoder and the methods built on it, the same honest way each time."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, cast

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from search.encoders import get_encoder
from search.evaluation.datasets import DatasetError
from search.evaluation.page import write_html
from search.evaluation.protocol import EvaluationError, Measured, Request
from search.evaluation.report import print_table, write_json, write_markdown
from search.evaluation.tasks import ALL, TASKS, run_task
from search.exceptions import EncoderError
from search.models import EvaluationRun


class Command(BaseCommand):
    help = "Measure an encoder: " + "; ".join(f"{t.name}: {t.summary}" for t in TASKS.values())
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("task", metavar="TASK", help=f"one of: {', '.join(TASKS)}, all")
        parser.add_argument("--encoder", metavar="NAME", help="by default SHOEFINDER_ENCODER")
        parser.add_argument(
            "--method", default="all", metavar="NAME", help="a method of the task; by default all"
        )
        parser.add_argument(
            "--data", type=Path, metavar="DIR",
            help="labelled photos (docs/evaluation.md); by default SHOEFINDER_DATA",
        )  # fmt: skip
        parser.add_argument(
            "--gallery", type=Path, metavar="DIR", help="with --queries: photos to search among"
        )
        parser.add_argument("--queries", type=Path, metavar="DIR", help="photos to search with")
        parser.add_argument(
            "--split", choices=["train", "validation", "test", "all"],
            help="which share to judge; by default what training never saw. Tune on validation",
        )  # fmt: skip
        parser.add_argument("--limit", type=positive, metavar="N", help="at most N queries")
        parser.add_argument(
            "--seed", type=whole, default=0, metavar="N", help="of limit, resamples"
        )
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE")
        parser.add_argument("--html", type=Path, metavar="FILE", help="write a page to FILE")
        parser.add_argument(
            "--markdown", type=Path, metavar="FILE", help="write tables as in the documentation"
        )
        parser.add_argument(
            "--no-record", action="store_false", dest="record",
            help="leave no run in the database; without a database none is left anyway",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        names = list(ALL) if options["task"] == "all" else [options["task"]]
        out = cast(IO[str], self.stdout)
        console = Console(file=out, width=None if out.isatty() else 160)
        measured: list[Measured] = []
        failures: list[str] = []
        for name in names:
            try:
                measured.append(self.measure(name, options))
            except (DatasetError, EncoderError, EvaluationError) as error:
                failures.append(f"{name}: {error}")
                continue
            print_table(measured[-1], console)
        if options["record"]:
            self.record(measured, options)
        if measured and options["json"]:
            write_json(measured, options["json"])
        if measured and options["html"]:
            write_html(measured, options["html"])
        if measured and options["markdown"]:
            write_markdown(measured, options["markdown"])
        if failures:
            raise CommandError("\n".join(failures))

    def record(self, measured: Sequence[Measured], options: dict[str, Any]) -> None:
        """Keep the runs for the admin, where there is a database that has room for them."""
        if not measured or not _database_is_there():
            return
        from search.services.evaluating import evaluation_record

        data = str(options["data"] or settings.SHOEFINDER_DATA)
        if options["gallery"]:
            data = f"{options['gallery']} asked by {options['queries']}"
        if options["limit"]:
            data += f", at most {options['limit']} queries"
        for one in measured:
            evaluation_record(measured=one, data=data[:500])

    def measure(self, name: str, options: dict[str, Any]) -> Measured:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            bar = progress.add_task("Reading labels", total=None)

            def report(what: str, done: int, total: int) -> None:
                progress.update(bar, description=what, completed=done, total=total)

            request = Request(
                encoder=get_encoder(options["encoder"]),
                data=options["data"] or settings.SHOEFINDER_DATA,
                training_data=settings.SHOEFINDER_DATA,
                gallery=options["gallery"],
                queries=options["queries"],
                side=options["split"],
                method=options["method"],
                limit=options["limit"],
                seed=options["seed"],
                cache=Path(settings.VAR_DIR) / "evaluation" / "embeddings",
                report=report,
            )
            return run_task(name, request)


def _database_is_there() -> bool:
    """Whether runs can be kept; SQLite would make an empty file of a database that is not there."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite" and "memory" not in name and not Path(name).is_file():
        return False
    try:
        return EvaluationRun._meta.db_table in connection.introspection.table_names()
    except DatabaseError:
        return False


def positive(text: str) -> int:
    """A whole number of at least 1."""
    if (number := whole(text)) < 1:
        raise ArgumentTypeError(f"{text} is not at least 1")
    return number


def whole(text: str) -> int:
    """A whole number of at least 0."""
    try:
        number = int(text)
    except ValueError:
        number = -1
    if number < 0:
        raise ArgumentTypeError(f"{text!r} is not a whole number of at least 0")
    return number
