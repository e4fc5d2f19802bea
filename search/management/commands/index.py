"""``manage.py index status|sync|rebuild|verify``: look after the index."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import IO, Any, cast

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.serializers.json import DjangoJSONEncoder
from rich.console import Console
from rich.filesize import decimal as file_size
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from search.exceptions import IndexBusy, SearchError
from search.models import IndexBuild
from search.services import (
    IndexHealth,
    index_rebuild,
    index_status,
    index_sync,
    index_verify,
)

BAD, BUSY, INTERRUPTED = 1, 3, 130


class Command(BaseCommand):
    help = (
        "Look after the index of the current encoder. Exit status: 0 all is well, 1 the index is "
        "broken or differs from the database, 3 another process is writing it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parts = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        texts = {
            "status": "how the index stands and what waits",
            "sync": "bring the index to the database by the difference",
            "rebuild": "make the index anew from the database, beside the old one",
            "verify": "compare every vector and payload with the database; changes nothing",
        }
        for name, text in texts.items():
            part = parts.add_parser(name, help=text, description=text.capitalize())
            part.add_argument("--json", action="store_true", help="print the answer as JSON")
            if name == "sync":
                part.add_argument(
                    "--full", action="store_true", help="compare all photos, not what changed"
                )

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        # Rich writes whole lines itself; Django's wrapper would add an end to each part.
        out = cast(IO[str], getattr(self.stdout, "_out", self.stdout))
        self.console = Console(file=out, highlight=False)
        self.as_json = options["json"]
        actions: dict[str, Callable[[], None]] = {
            "status": self.status,
            "sync": lambda: self.sync(full=options["full"]),
            "rebuild": self.rebuild,
            "verify": self.verify,
        }
        try:
            actions[action]()
        except IndexBusy as error:
            raise CommandError(f"{error} Try again later.", returncode=BUSY) from error
        except SearchError as error:
            raise CommandError(str(error), returncode=BAD) from error
        except KeyboardInterrupt:
            message = "Interrupted. The index is as it was; run it again."
            raise CommandError(message, returncode=INTERRUPTED) from None

    def status(self) -> None:
        status = index_status()
        build = status.build
        if self.as_json:
            self.tell_json(
                asdict(status)
                | {
                    "waiting": status.waiting,
                    "age_seconds": status.age_seconds,
                    "oldest_waiting_seconds": status.oldest_waiting_seconds,
                    "build": build and {"id": build.pk, "status": build.status},
                }
            )
        else:
            info = status.info
            self.tell_table(
                "Index",
                [
                    ("health", status.health.value),
                    ("encoder", status.encoder_id or "–"),
                    ("photos in the catalog", f"{status.photos:,}"),
                    ("photos in the index", f"{status.indexed:,}"),
                    ("waiting to be embedded", f"{status.to_embed:,}"),
                    ("embedded, waiting for the index", f"{status.to_index:,}"),
                    ("failed, tried again later", f"{status.failed:,}"),
                    ("last embedding run", status.embed_error or "went well"),
                    ("kind", f"{info.kind}, {info.dim} dimensions" if info else "–"),
                    ("size", file_size(info.size_bytes) if info else "–"),
                    ("generation", str(info.generation) if info else "–"),
                    ("published", _ago(status.age_seconds) if status.published_at else "never"),
                    ("written now by", str(status.writer or "nobody")),
                    ("last build", f"{build.pk}: {build}" if build else "none"),
                ],
            )
        if status.health is not IndexHealth.READY:
            raise CommandError(status.message, returncode=BAD)

    def sync(self, *, full: bool) -> None:
        report = index_sync(full=full)
        if self.as_json:
            self.tell_json(asdict(report))
        else:
            self.console.print(f"{report} in {report.seconds:.2f} s.")

    def rebuild(self) -> None:
        with self.progress("Building") as bar:
            task = bar.add_task("", total=None)

            def show(build: IndexBuild) -> None:
                bar.update(task, total=build.total, completed=build.count)

            build = index_rebuild(trigger=IndexBuild.Trigger.COMMAND, progress=show)
        if self.as_json:
            self.tell_json(
                {
                    "id": build.pk,
                    "encoder_id": build.encoder_id,
                    "count": build.count,
                    "size_bytes": build.size_bytes,
                    "generation": build.generation,
                    "seconds": build.seconds,
                }
            )
        else:
            self.console.print(
                f"{build.count:,} vectors of {build.encoder_id} in {build.seconds or 0:.1f} s: "
                f"{build.kind}, {file_size(build.size_bytes)}, generation {build.generation}."
            )

    def verify(self) -> None:
        with self.progress("Comparing") as bar:
            task = bar.add_task("", total=None)
            report = index_verify(
                progress=lambda done, total: bar.update(task, total=total, completed=done)
            )
        if self.as_json:
            self.tell_json(asdict(report) | {"ok": report.ok})
        else:
            rows = [("photos that belong in the index", f"{report.photos:,}")]
            for name, part in report.differences.items():
                examples = ", ".join(map(str, part.examples)) + (
                    " …" if part.count > len(part.examples) else ""
                )
                rows.append((name, f"{part.count:,}" + (f" ({examples})" if part.count else "")))
            self.tell_table(f"Index of {report.encoder_id}", rows)
        if report.damage:
            raise CommandError(report.damage, returncode=BAD)
        if not report.ok:
            raise CommandError(
                "The index differs from the database. Run `manage.py index sync --full`, or "
                "`manage.py index rebuild` if vectors differ.",
                returncode=BAD,
            )
        if not self.as_json:
            self.console.print(f"The index holds what the database holds ({report.seconds:.1f} s).")

    def progress(self, title: str) -> Progress:
        columns = (TextColumn(title), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        return Progress(*columns, console=Console(stderr=True), disable=self.as_json)

    def tell_json(self, answer: dict[str, Any]) -> None:
        self.stdout.write(json.dumps(answer, indent=2, cls=_Encoder))

    def tell_table(self, title: str, rows: list[tuple[str, str]]) -> None:
        table = Table(title=title, show_header=False, title_justify="left")
        table.add_column(style="dim")
        table.add_column(overflow="fold")
        for name, value in rows:
            table.add_row(name, value)
        self.console.print(table)


class _Encoder(DjangoJSONEncoder):
    def default(self, o: Any) -> Any:
        return o.isoformat() if hasattr(o, "isoformat") else super().default(o)


def _ago(seconds: float) -> str:
    for size, unit in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit} ago"
    return f"{seconds:.0f} seconds ago"
