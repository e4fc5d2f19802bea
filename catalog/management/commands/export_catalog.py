"""``manage.py export_catalog brands|models|colorways FILE``: what import_catalog reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from catalog.exceptions import ImportRefused
from catalog.resources import RESOURCES
from catalog.services.importing import catalog_export


class Command(BaseCommand):
    help = "Export brands, models or colorways to a CSV or JSON file."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("kind", choices=sorted(RESOURCES))
        parser.add_argument("file", type=Path, help="its suffix, .csv or .json, decides the form")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            count = catalog_export(kind=options["kind"], path=options["file"])
        except (ImportRefused, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{count} {options['kind']} written to {options['file']}")
