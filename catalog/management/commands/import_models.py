"""``manage.py import_models FILE``: see docs/catalog.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from catalog.management.imports import ImportCommand
from catalog.services.model_lists import FORMATS, model_list_import
from catalog.services.uniting import suggestions_find


class Command(ImportCommand):
    help = "Import a list of shoes: brand, line, model, colorway, style code."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--format", choices=FORMATS, default="table")
        parser.add_argument("--mapping", type=Path, help="JSON that names other columns")
        super().add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        self.run(
            "Importing models",
            lambda progress: model_list_import(
                path=options["file"],
                layout=options["format"],
                mapping=options["mapping"],
                dry_run=options["dry_run"],
                progress=progress,
            ),
            dry_run=options["dry_run"],
            report=options["report"],
        )
        if not options["dry_run"] and (found := suggestions_find()):
            self.stdout.write(
                f"{found} pairs may be one model: see Merge suggestions in the admin."
            )
