"""The catalog as a gallery to learn from, and the owner's table of what models are like."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from django.conf import settings
from PIL.Image import Image

from catalog.colours import BY_SLUG
from catalog.images import photo_load
from catalog.models import ColorwayColour, Height, ImageStatus, ShoeImage, ShoeModel
from search.duplicates import near_duplicate_groups
from search.encoders import Encoder
from search.exceptions import RecognitionError
from search.models import ImageEmbedding, NameReport
from search.recognition.fits import FOLDER
from search.recognition.gallery import Facts, Gallery, Labels
from search.selectors import embeddings_read, vectors_of

MOST: Final = 64
"""Photos of a model that are learned from: beyond, more photos cost time and teach little."""
BATCH: Final = 2_000
IN_ONE: Final = 5_000
"""Ids in one statement: SQLite takes 32,766 parameters."""
LONGEST_SIDE: Final = 640
"""Pixels, as the engine decodes."""
NEARS: Final = (4, 2, 0)
"""Distances of perceptual hashes that count as the same picture, the first that leaves a model in
more than one group: side views on white differ by few bits."""
TABLE: Final = "features.csv"
COLUMNS: Final = ("model_id", "brand", "model", "height", "colours")


@dataclass(frozen=True)
class Lesson:
    """What a fit learns."""

    gallery: Gallery
    model_ids: tuple[int, ...]


def lesson_read(*, encoder: Encoder, shots: int = 0) -> Lesson:
    """Accepted photos of known models that have a vector, and accepted reports of visitors.

    ``shots``: at most so many photos of each model; 0 for up to ``MOST``.
    """
    encoder_id = str(encoder.id)
    photos = list(
        ShoeImage.objects.filter(
            status=ImageStatus.ACCEPTED,
            colorway__isnull=False,
            id__in=ImageEmbedding.objects.filter(encoder_id=encoder_id).values("image_id"),
        )
        .order_by("id")
        .values_list("id", "colorway__model_id", "perceptual_hash")
    )
    reports = list(
        NameReport.objects.filter(
            status=NameReport.Status.ACCEPTED, encoder_id=encoder_id, model__isnull=False
        )
        .order_by("id")
        .values_list("model_id", "vector")
    )
    model_ids = sorted({model for _, model, _ in photos} | {model for model, _ in reports if model})
    place = {model: i for i, model in enumerate(model_ids)}
    vectors = np.empty((len(photos) + len(reports), encoder.dim), np.float32)
    labels = np.array(
        [place[model] for _, model, _ in photos] + [place[m] for m, _ in reports if m], np.intp
    )
    kept = np.zeros(len(labels), np.bool_)
    row = {image: i for i, (image, _, _) in enumerate(photos)}
    for ids, part in embeddings_read(encoder=encoder, size=BATCH):
        rows = np.array([row.get(int(image), -1) for image in ids], np.intp)
        vectors[rows[rows >= 0]] = part[rows >= 0]
        kept[rows[rows >= 0]] = True
    if reports:
        vectors[len(photos) :] = vectors_of([raw for _, raw in reports], dim=encoder.dim)
        kept[len(photos) :] = True
    groups = groups_of([code for _, _, code in photos], labels[: len(photos)])
    # A visitor's photo is nobody's near-duplicate.
    groups = np.concatenate([groups, len(photos) + np.arange(len(reports))])
    gallery = Gallery.of(vectors, labels, model_facts(model_ids), groups).only(kept)
    return Lesson(gallery.only(gallery.draw(shots or MOST)), tuple(model_ids))


def catalog_pictures(most: int) -> list[Image]:
    """Up to ``most`` accepted photos, drawn from the whole catalog, without unreadable ones."""
    numbers = list(
        ShoeImage.objects.filter(status=ImageStatus.ACCEPTED).values_list("id", flat=True)
    )
    chosen = np.random.default_rng(0).permutation(sorted(numbers))[:most].tolist()
    found = []
    for photo in ShoeImage.objects.filter(id__in=chosen).order_by("id"):
        try:
            with photo.file.open("rb") as file:
                found.append(photo_load(file, longest_side=LONGEST_SIDE))
        except (OSError, ValueError):
            continue
    return found


def groups_of(hashes: list[str], labels: Labels) -> Labels:
    """A number for each photo; near-duplicates of one model share theirs."""
    groups = np.arange(len(hashes))
    codes = np.array([int(code or "0", 16) for code in hashes], np.uint64)
    told = np.array([bool(code) for code in hashes], np.bool_)
    order = np.argsort(labels, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(labels[order])) + 1):
        rows = rows[told[rows]]
        for near in NEARS:
            if len(rows) > 1:
                groups[rows] = rows[near_duplicate_groups(codes[rows], near=near)]
            if len(set(groups[rows].tolist())) > 1:
                break
    return groups


def model_facts(model_ids: Iterable[int]) -> list[Facts]:
    """What the catalog says of models, in the order of ``model_ids``, unless the owner's table
    (`features_path`) says otherwise. Raises ``RecognitionError`` for a table that cannot be read.
    """
    wanted = list(model_ids)
    found: dict[int, Facts] = {}
    for start in range(0, len(wanted), IN_ONE):
        part = wanted[start : start + IN_ONE]
        colours: dict[int, dict[str, None]] = {}
        rows = ColorwayColour.objects.filter(colorway__model_id__in=part, position=0)
        stated = rows.exclude(colorway__settled__contains="colours:predicted").order_by("colorway")
        for model, main in stated.values_list("colorway__model_id", "colour"):
            colours.setdefault(model, {})[main] = None
        shoes = ShoeModel.objects.filter(id__in=part).order_by()
        for number, brand, name, height in shoes.values_list("id", "brand__name", "name", "height"):
            found[number] = Facts(
                f"{brand} {name}".strip(), brand, height, tuple(colours.get(number, ()))
            )
    found |= _table(found)
    return [found.get(number, Facts("")) for number in wanted]


def features_path() -> Path:
    """The owner's table, made by `manage.py recognition features` and then theirs to edit."""
    return Path(settings.VAR_DIR) / FOLDER / TABLE


def features_write(path: Path) -> int:
    """Write what the catalog says of every model; returns how many."""
    shoes = ShoeModel.objects.filter(merged_into=None, colorways__isnull=False).distinct()
    numbers = list(shoes.order_by("brand__name", "name").values_list("id", flat=True))
    names = dict(ShoeModel.objects.filter(merged_into=None).values_list("id", "name"))
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}")
    with beside.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for number, facts in zip(numbers, model_facts(numbers), strict=True):
            writer.writerow(
                [number, facts.brand, names[number], facts.height, "/".join(facts.colours)]
            )
    beside.replace(path)
    return len(numbers)


def _table(known: dict[int, Facts]) -> dict[int, Facts]:
    """Rows of the owner's table for models that exist."""
    path = features_path()
    if not path.is_file():
        return {}
    found: dict[int, Facts] = {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            if set(COLUMNS) - set(rows.fieldnames or ()):
                raise ValueError(f"its columns must be {', '.join(COLUMNS)}")
            for row in rows:
                number = int(row["model_id"])
                if number in known:
                    found[number] = _facts(row)
    except (OSError, ValueError) as error:
        raise RecognitionError(
            f"The table of features {path} cannot be used ({error}): correct it, or make it anew "
            "with `manage.py recognition features`."
        ) from error
    return found


def _facts(row: dict[str, str]) -> Facts:
    brand, height = (row["brand"] or "").strip(), (row["height"] or "").strip().lower()
    colours = tuple(slug.strip() for slug in (row["colours"] or "").split("/") if slug.strip())
    if height and height not in Height.values:
        raise ValueError(f"{height!r} is no height; it is one of {', '.join(Height.values)}")
    if unknown := [slug for slug in colours if slug not in BY_SLUG]:
        raise ValueError(f"{unknown[0]!r} is no colour of the catalog")
    return Facts(f"{brand} {row['model'] or ''}".strip(), brand, height, colours)
