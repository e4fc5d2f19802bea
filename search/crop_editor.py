"""The crop as the page shows it: proposals, all of the photo, or a frame of one's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.http import QueryDict

from search.crop import Crop
from search.models import QueryPhoto
from search.proposals import crops_proposed
from search.query import Query

OWN = "own"
"""What the form sends instead of a crop when the four numbers beside it hold."""
SIDES = (
    ("crop_left", "From the left"),
    ("crop_top", "From the top"),
    ("crop_width", "Width"),
    ("crop_height", "Height"),
)
"""Names of the numbers, in per cent of the photo, and their labels."""


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    label: str
    chosen: bool
    crop: Crop | None = None
    """None for all of the photo."""


@dataclass(frozen=True, slots=True)
class Editor:
    photo: QueryPhoto
    choices: tuple[Choice, ...]
    own: bool
    """The frame is none of the choices."""
    frame: Crop
    numbers: tuple[tuple[str, str, float], ...]
    """Name, label and value in per cent."""

    @property
    def summary(self) -> str:
        chosen = [choice.label.lower() for choice in self.choices if choice.chosen]
        return chosen[0] if chosen else "your own frame"


def crop_editor(query: Query, photo: QueryPhoto | None) -> Editor | None:
    """None where there is no photo of the visitor's to cut."""
    if photo is None:
        return None
    proposed = crops_proposed(photo=photo)
    choices = [
        Choice(str(crop), _label(number, len(proposed)), query.crop == crop, crop)
        for number, crop in enumerate(proposed, start=1)
    ]
    choices.append(Choice("", "All of the photo", query.crop is None))
    frame = query.crop or Crop(0, 0, 1, 1)
    values = (frame.x, frame.y, frame.width, frame.height)
    return Editor(
        photo,
        tuple(choices),
        own=not any(choice.chosen for choice in choices),
        frame=frame,
        numbers=tuple(
            (name, label, round(100 * value, 1))
            for (name, label), value in zip(SIDES, values, strict=True)
        ),
    )


def crop_applied(params: QueryDict) -> None:
    """Put the four numbers of the form into ``crop`` where they are chosen.

    What is no number stays one that `Crop.parse` refuses in the visitor's words.
    """
    if params.get("crop") == OWN:
        params["crop"] = ",".join(_fraction(params, name) for name, _ in SIDES)


def _fraction(params: Mapping[str, str], name: str) -> str:
    text = (params.get(name) or "")[:20]
    try:
        return f"{float(text.replace(',', '.')) / 100:.4f}"
    except ValueError:
        return "?"


def _label(number: int, count: int) -> str:
    return "The shoe" if count == 1 else f"Shoe {number}"
