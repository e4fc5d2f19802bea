"""Choose anew how the mixture weighs its evidence; after an encoder has been trained or changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from search.encoders import get_encoder
from search.evaluation.datasets import DatasetError, read_dataset
from search.evaluation.protocol import EvaluationError, Request
from search.evaluation.tuning import listings_choose, recipe_choose, weights_learn
from search.evidence import weights
from search.exceptions import EncoderError
from search.fusion.mixture import FILE, recipe, recipe_about


class Command(BaseCommand):
    help = (
        "Choose on the validation share how much colour, outlines and likeness count in edited "
        "searches, and write it to search/fusion/recipe.json"
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--encoder", metavar="NAME", help="by default SHOEFINDER_ENCODER")
        parser.add_argument("--data", type=Path, metavar="DIR", help="by default SHOEFINDER_DATA")
        parser.add_argument(
            "--weights", action="store_true",
            help="first learn search/evidence/weights.npz anew from the training share",
        )  # fmt: skip
        parser.add_argument(
            "--listings", action="store_true",
            help="choose only how much it counts that shops write what was said",
        )  # fmt: skip
        parser.add_argument(
            "--dry-run", action="store_true", help="print what would be chosen, write nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        data: Path = options["data"] or settings.SHOEFINDER_DATA
        try:
            if options["weights"]:
                self._learn(data, write=not options["dry_run"])
            self._choose(data, options)
        except (DatasetError, EncoderError, EvaluationError) as error:
            raise CommandError(str(error)) from error

    def _learn(self, data: Path, *, write: bool) -> None:
        photos = [p for p in read_dataset(data, "footlocker") if p.split == "train"]
        learned = weights_learn(photos, self._report)
        self.stdout.write(f"Learned colours and outlines from {len(photos)} photos.")
        if write:
            learned.save()
            weights.cache_clear()

    def _choose(self, data: Path, options: dict[str, Any]) -> None:
        encoder = get_encoder(options["encoder"])
        request = Request(
            encoder=encoder,
            data=data,
            training_data=settings.SHOEFINDER_DATA,
            side="validation",
            cache=Path(settings.VAR_DIR) / "evaluation" / "embeddings",
            report=self._report,
        )
        best, reached = recipe(), None
        if not options["listings"]:
            best, reached = recipe_choose(request, self.stdout.write, start=best)
        best, tried = listings_choose(request, self.stdout.write, start=best)
        self.stdout.write(f"{best}: mAP {reached or max(tried.values()):.4f} on validation")
        if not options["dry_run"]:
            about = {**recipe_about(), "encoder": str(encoder.id), "split": "validation"}
            if reached is not None:
                about["map"] = round(reached, 4)
            about["map_with_words"] = round(tried[best.listings], 4)
            about["map_words_unread"] = round(tried[0.0], 4)
            best.save(FILE, **about)
            recipe.cache_clear()
            self.stdout.write(f"Written to {FILE}.")

    def _report(self, what: str, done: int, total: int) -> None:
        if done == total:
            self.stderr.write(f"{what}: {total}")
