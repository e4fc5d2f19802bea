"""Photos whose view somebody told, and the part of a head that learns it from their vectors.

Real photos are told by `TABLE`: the first 16 hex digits of their SHA-256, and the view that a
person saw. A folder with a ``products.csv`` of the columns ``file`` and ``view`` (the export of the
demo shop) tells its own.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from search.evaluation.datasets import READERS, DatasetError, ShoePhoto, read_dataset
from search.evaluation.embeddings import digest_of
from search.rules.scoring import Head
from search.types import Vectors

TABLE: Final = Path(__file__).with_name("view_labels.csv")
DIGITS: Final = 16
STRENGTH: Final = 30.0
"""Inverse regularisation (C); 3 is never sure, 100 too often, on validation and test alike."""


@dataclass(frozen=True, slots=True)
class Viewed:
    """A photo and its view: a `catalog.models.View`, ``three-quarter``, or ``none`` of them."""

    photo: ShoePhoto
    view: str


def viewed_photos(data: Path) -> list[Viewed]:
    """The photos of a folder whose view is told: by its own table, else by `TABLE`.

    Raises:
        DatasetError: there are none.
    """
    own = data / "products.csv"
    photos = _told_beside(own) if own.is_file() else _told_by_digest(data)
    if not photos:
        raise DatasetError(f"Of no photo in {data} the view is told.")
    return photos


def _told_beside(table: Path) -> list[Viewed]:
    with table.open(newline="", encoding="utf-8") as lines:
        reader = csv.DictReader(lines)
        if missing := {"file", "view"} - set(reader.fieldnames or ()):
            raise DatasetError(f"{table} lacks the columns {', '.join(sorted(missing))}.")
        return [
            Viewed(
                ShoePhoto(
                    path=table.parent / row["file"],
                    dataset=table.parent.resolve().name,
                    group=row.get("model_id") or row["file"],
                ),
                row["view"],
            )
            for row in reader
            if row["view"]
        ]


def _told_by_digest(data: Path) -> list[Viewed]:
    with TABLE.open(newline="", encoding="utf-8") as lines:
        told = {row["sha256"]: row["view"] for row in csv.DictReader(lines)}
    photos = [
        photo for name in READERS if (data / name).is_dir() for photo in read_dataset(data, name)
    ]
    digests = [digest_of(photo)[:DIGITS] for photo in photos]
    return [
        Viewed(photo, told[digest])
        for photo, digest in zip(photos, digests, strict=True)
        if digest in told
    ]


def views_fit(head: Head, vectors: Vectors, views: Sequence[str]) -> Head:
    """``head`` with what tells the view: a softmax over the views of these vectors, (n, dim)."""
    model = LogisticRegression(C=STRENGTH, class_weight="balanced", max_iter=5000)
    model.fit(vectors, np.array(views))
    # In rows: safetensors keeps the bytes as they lie, and scikit-learn lays columns.
    weight: npt.NDArray[np.float32] = np.ascontiguousarray(model.coef_, np.float32)
    bias: npt.NDArray[np.float32] = model.intercept_.astype(np.float32)
    names = tuple(str(name) for name in model.classes_)
    if len(names) == 2:
        # Two classes are one boundary: a softmax over (0, x) is the same.
        weight = np.concatenate([np.zeros_like(weight), weight])
        bias = np.concatenate([np.zeros_like(bias), bias])
    return replace(head, views=names, view_weight=weight, view_bias=bias)
