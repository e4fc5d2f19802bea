"""Photos of the catalog with everything that is known of what they show."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from catalog.models import ColorwayColour, ImageStatus, ShoeImage

PREDICTED: Final = ":predicted"
"""How ``Colorway.settled`` marks what nobody stated."""


@dataclass(frozen=True, slots=True)
class LabelledPhoto:
    """Unknown is empty."""

    image_id: int
    file: str
    """Its name in the storage."""
    sha256: str
    perceptual_hash: str
    model_id: int
    brand: str
    model: str
    """Without the brand."""
    colours: tuple[str, ...]
    """Slugs, the main one first."""
    category: str
    gender: str
    height: str


def photos_labelled() -> list[LabelledPhoto]:
    """Accepted photos whose colorway is known, by id; two queries.

    Corrections are labels as what is stated is; predictions are none.
    """
    colours: dict[int, list[str]] = defaultdict(list)
    rows = ColorwayColour.objects.order_by("colorway", "position")
    for colorway, colour in rows.values_list("colorway", "colour").iterator():
        colours[colorway].append(colour)
    photos = ShoeImage.objects.filter(status=ImageStatus.ACCEPTED, colorway__isnull=False)
    fields = (
        "pk", "file", "sha256", "perceptual_hash", "colorway__model", "colorway__brand__name",
        "colorway__model__name", "colorway", "colorway__category", "colorway__gender",
        "colorway__height", "colorway__settled",
    )  # fmt: skip
    found = []
    for (
        pk, file, sha256, phash, model_id, brand, model, colorway, category, gender, height, settled
    ) in photos.order_by("pk").values_list(*fields).iterator():  # fmt: skip
        predicted = {
            part.removesuffix(PREDICTED) for part in settled.split() if part.endswith(PREDICTED)
        }
        found.append(
            LabelledPhoto(
                image_id=pk, file=file, sha256=sha256, perceptual_hash=phash, model_id=model_id,
                brand=brand, model=model,
                colours=() if "colours" in predicted else tuple(colours[colorway]),
                category="" if "category" in predicted else category,
                gender="" if "gender" in predicted else gender,
                height="" if "height" in predicted else height,
            )
        )  # fmt: skip
    return found
