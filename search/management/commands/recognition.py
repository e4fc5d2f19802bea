"""How the naming of shoes stands, and its parts made anew."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from search.active import active_encoder
from search.exceptions import SearchError
from search.management.fitting import fit_shown, fit_told
from search.models import RecogniserFit
from search.query import methods_offered
from search.recognition.fits import fit_read, looks_read
from search.recognition.learning import features_path, features_write
from search.services.recognising import looks_learn


class Command(BaseCommand):
    help = "Fit the methods that name shoes, show how they stand, write the table of features"

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        actions.add_parser("fit", help="learn the catalog anew, by every method that is offered")
        actions.add_parser("status", help="what was learned, and how far it can be believed")
        features = actions.add_parser(
            "features",
            help="write what the catalog says of each model to a table that you may edit",
        )
        features.add_argument(
            "--force", action="store_true", help="write over a table that is there, with its edits"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, options["action"])(options)
        except SearchError as error:
            raise CommandError(str(error)) from error

    def fit(self, options: dict[str, Any]) -> None:
        looks_learn(encoder=active_encoder(), again=True)
        for method in methods_offered():
            self.stdout.write(fit_told(fit_shown(method)))

    def status(self, options: dict[str, Any]) -> None:
        encoder_id = str(active_encoder().id)
        self.stdout.write(f"encoder {encoder_id}")
        for method in methods_offered():
            last = RecogniserFit.objects.filter(encoder_id=encoder_id, method=method).first()
            served = fit_read(encoder_id=encoder_id, method=method)
            if last is None:
                self.stdout.write(f"{method}: never fitted; `manage.py recognition fit`")
                continue
            done = last.status == RecogniserFit.Status.DONE
            told = fit_told(last) if done else f"{last}. {last.error}".strip()
            self.stdout.write(f"{told} ({last.requested_at:%Y-%m-%d %H:%M})")
            if served is None:
                self.stdout.write(
                    f"{method}: no fit serves; the vote of the nearest photos stands in"
                )
                continue
            calibration = served.recogniser.calibration
            self.stdout.write(
                f"  temperature {calibration.temperature:.3g}, known from certainty "
                f"{calibration.reject:.2f}"
            )
        looks = "learned" if looks_read(encoder_id=encoder_id) else "not learned yet"
        self.stdout.write(f"turned photos and what is no shoe: {looks}")

    def features(self, options: dict[str, Any]) -> None:
        path = features_path()
        if path.exists() and not options["force"]:
            raise CommandError(
                f"{path} exists, and may hold your edits; add --force to write it anew."
            )
        count = features_write(path)
        self.stdout.write(f"{count} models in {path}; edit it, then `manage.py recognition fit`")
