"""``manage.py import_photos DIR --labels folder|features|csv``: see docs/catalog.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from catalog.management.imports import ImportCommand
from catalog.services.photo_imports import photos_import


class Command(ImportCommand):
    help = "Import a folder of labelled photos."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR")
        parser.add_argument(
            "--labels",
            choices=("folder", "features", "csv"),
            required=True,
            help="folder: photos lie in folders named BRAND_MODEL; features: named "
            "BRAND_HIGHTOP_COLOUR_SOLE_NAME, or DIR/features.csv tells it; csv: DIR/labels.csv "
            "names them",
        )
        super().add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        self.run(
            "Importing photos",
            lambda progress: photos_import(
                folder=options["folder"],
                labels=options["labels"],
                dry_run=options["dry_run"],
                progress=progress,
            ),
            dry_run=options["dry_run"],
            report=options["report"],
        )
