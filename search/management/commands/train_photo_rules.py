"""``manage.py train_photo_rules``: fit the head of the photo rules to an encoder."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from search.encoders import get_encoder
from search.exceptions import SearchError


class Command(BaseCommand):
    help = (
        "Fit the head that scores photos for the photo rules to an encoder. Needed once for each "
        "encoder; without a head the rules of the encoder reject nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--encoder", help="by default SHOEFINDER_ENCODER")
        parser.add_argument("--data", type=Path, help="shoe photos; by default SHOEFINDER_DATA")
        parser.add_argument(
            "--good", type=Path, action="append", default=[], metavar="DIR",
            help="labelled photos that are good as well, of a kind that --data lacks",
        )  # fmt: skip
        parser.add_argument(
            "--others", type=Path, help="a folder of photos of anything but shoes, used as well"
        )
        parser.add_argument(
            "--out", type=Path, help="folder of heads; by default photo_rules in SHOEFINDER_VAR"
        )
        parser.add_argument("--limit", type=int, default=900, help="good photos of each data set")
        parser.add_argument(
            "--views", type=Path, action="append", metavar="DIR",
            help="learn only to tell views, from the photos of DIR whose view is told, and keep "
            "the rules; may be given several times",
        )  # fmt: skip
        parser.add_argument("--seed", type=int, default=0)

    def fit_views(self, options: dict[str, Any]) -> None:
        from search.evaluation.embeddings import EmbeddingCache
        from search.rules.scoring import head_load
        from search.training.photo_rules import head_empty, head_write
        from search.training.views import viewed_photos, views_fit

        try:
            encoder = get_encoder(options["encoder"])
            told = [one for folder in options["views"] for one in viewed_photos(folder)]
            told = [one for one in told if one.photo.split == "train"]
            cache = EmbeddingCache(encoder, Path(settings.VAR_DIR) / "evaluation" / "embeddings")
            head = head_load(str(encoder.id)) or head_empty(encoder)
            vectors = cache.embed([one.photo for one in told])
            out = options["out"] or Path(settings.VAR_DIR) / "photo_rules"
            head_write(views_fit(head, vectors, [one.view for one in told]), folder=out)
        except SearchError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Views fitted to {encoder.id} on {len(told)} photos, in {out}.")

    def handle(self, *args: Any, **options: Any) -> None:
        # Here, not above: importing them costs seconds that `manage.py help` should not take.
        from search.evaluation.datasets import PHOTO_SUFFIXES, read_labelled
        from search.training.photo_rules import head_fit, labelled_vectors

        if options["views"]:
            self.fit_views(options)
            return
        if options["limit"] < 1:
            raise CommandError("--limit must be at least 1.")
        folder = options["others"]
        if folder is not None and not folder.is_dir():
            raise CommandError(f"There is no folder {folder}.")
        others = (
            [path for path in folder.rglob("*") if path.suffix.lower() in PHOTO_SUFFIXES]
            if folder
            else []
        )
        console = Console(file=self.stderr, stderr=True)  # type: ignore[arg-type]
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
                   TimeRemainingColumn())  # fmt: skip
        try:
            encoder = get_encoder(options["encoder"])
            folders = [options["data"] or Path(settings.SHOEFINDER_DATA), *options["good"]]
            photos = [photo for folder in folders for photo in read_labelled(folder)]
            with Progress(*columns, console=console, transient=True) as bar:
                task = bar.add_task("Reading photos", total=None)
                labelled = labelled_vectors(
                    encoder,
                    photos,
                    others=others,
                    sides=("train", "validation"),
                    seed=options["seed"],
                    limit=options["limit"],
                    tell=lambda what, done, total: bar.update(
                        task, description=what, completed=done, total=total
                    ),
                )
            out = options["out"] or Path(settings.VAR_DIR) / "photo_rules"
            thresholds = head_fit(encoder, labelled, folder=out)
        except SearchError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Fitted to {encoder.id} on {len(labelled.labels)} photos, in {out}.")
        for rule, limit in thresholds.items():
            self.stdout.write(f"  {rule}: rejects from {limit}")
