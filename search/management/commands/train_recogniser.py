"""Let one method of naming learn the catalog, now and here."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from search.exceptions import SearchError
from search.management.fitting import fit_shown, fit_told
from search.recognition.registry import METHODS
from search.services.recognising import SHOTS


class Command(BaseCommand):
    help = "Train a method of naming on the catalog's photos, with progress, and serve it"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("method", metavar="METHOD", help=f"one of: {', '.join(METHODS)}")
        parser.add_argument(
            "--shots", type=int, default=0, choices=(0, *SHOTS),
            help="photos of each model to learn from; 0, the default, is all",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            fit = fit_shown(options["method"], shots=options["shots"])
        except SearchError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(fit_told(fit))
