"""``manage.py tell_views``: predict the views of stored photos from their vectors."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from search.active import active_encoder
from search.exceptions import SearchError
from search.services.photo_views import photo_views_apply


class Command(BaseCommand):
    help = (
        "Predict the view of every judged photo whose view another head told, or none. Nothing is "
        "encoded. May be interrupted and run again; a run that embeds does the same."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        console = Console(file=self.stderr, stderr=True)  # type: ignore[arg-type]
        columns = (TextColumn("Telling views"), BarColumn(), MofNCompleteColumn())
        try:
            with Progress(*columns, console=console, transient=True) as bar:
                task = bar.add_task("", total=None)
                told = photo_views_apply(
                    encoder=active_encoder(),
                    progress=lambda done, total: bar.update(task, completed=done, total=total),
                )
        except SearchError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Views of {told} photos told.")
