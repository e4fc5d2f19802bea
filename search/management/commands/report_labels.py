"""Write what people said as labels for evaluation and training: reports and corrections."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any, Final

import numpy as np
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.text import slugify

from catalog.models import ImageStatus
from catalog.selectors import corrections
from search.models import NameReport

CORRECTIONS: Final = (
    "colorway", "brand", "model", "attribute", "corrected", "stated", "predicted", "confidence",
    "encoder", "corrected_at", "photos",
)  # fmt: skip


class Command(BaseCommand):
    help = (
        "Write accepted reports to DIR: labels.csv, the vectors as vectors.npz, and the photos "
        "that were kept with consent, a folder for each model, as `evaluate --data` reads them; "
        "and corrections of colorways' attributes: corrections.csv"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR", help="made if it is not there")

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["folder"]
        rows = list(
            NameReport.objects.filter(status=NameReport.Status.ACCEPTED, model__isnull=False)
            .select_related("model__brand")
            .order_by("id")
        )
        try:
            photos = self._write(folder, rows)
            corrected = self._write_corrections(folder)
        except OSError as error:
            raise CommandError(f"{folder} cannot be written: {error}") from error
        self.stdout.write(
            f"{len(rows)} labels, {photos} photos, {corrected} corrections in {folder}"
        )

    def _write_corrections(self, folder: Path) -> int:
        """One line for each, with what was stated and predicted, and the colorway's photos."""
        count = 0
        with (folder / "corrections.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(CORRECTIONS)
            for row in corrections().prefetch_related("colorway__images"):
                images = row.colorway.images.all()
                accepted = [i.sha256 for i in images if i.status == ImageStatus.ACCEPTED]
                writer.writerow(
                    [row.colorway_id, row.colorway.model.brand.name, row.colorway.model.name,
                     row.attribute, row.corrected, row.stated, row.predicted,
                     f"{row.confidence:.3f}", row.encoder_id,
                     row.corrected_at.isoformat() if row.corrected_at else "", " ".join(accepted)]
                )  # fmt: skip
                count += 1
        return count

    def _write(self, folder: Path, rows: list[NameReport]) -> int:
        folder.mkdir(parents=True, exist_ok=True)
        photos = 0
        with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["report", "brand", "model", "encoder", "reported_at", "photo"])
            for row in rows:
                if row.model is None:
                    continue
                name = ""
                if row.photo and row.photo.storage.exists(str(row.photo.name)):
                    home = folder / slugify(str(row.model))
                    home.mkdir(exist_ok=True)
                    path = home / f"report-{row.pk}.jpg"
                    with row.photo.open("rb") as stored:
                        path.write_bytes(stored.read())
                    name = path.relative_to(folder).as_posix()
                    photos += 1
                writer.writerow(
                    [row.pk, row.model.brand.name, row.model.name, row.encoder_id,
                     row.reported_at.isoformat(), name]
                )  # fmt: skip
        for number, encoder_id in enumerate(sorted({row.encoder_id for row in rows})):
            own = [row for row in rows if row.encoder_id == encoder_id]
            np.savez(
                folder / (f"vectors-{number}.npz" if number else "vectors.npz"),
                encoder=np.array(encoder_id),
                reports=np.array([row.pk for row in own]),
                vectors=np.stack([np.frombuffer(bytes(row.vector), "<f4") for row in own]),
            )
        return photos
