"""``manage.py import_catalog brands|models|colorways FILE``: see docs/catalog.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from catalog.management.imports import ImportCommand
from catalog.resources import RESOURCES
from catalog.services.importing import catalog_import


class Command(ImportCommand):
    help = "Import brands, models or colorways from a CSV or JSON file."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("kind", choices=sorted(RESOURCES))
        parser.add_argument("file", type=Path)
        super().add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        self.run(
            f"Importing {options['kind']}",
            lambda progress: catalog_import(
                kind=options["kind"],
                path=options["file"],
                dry_run=options["dry_run"],
                progress=progress,
            ),
            dry_run=options["dry_run"],
            report=options["report"],
        )
