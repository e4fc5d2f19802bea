"""The catalog as a source of labelled photos, to learn from or, with its vectors, to measure by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from django.core.files.storage import default_storage

from catalog.selectors import LabelledPhoto, photos_labelled
from search.encoders import Encoder
from search.evaluation.datasets import DatasetError, ShoePhoto
from search.evaluation.splits import hash_groups
from search.selectors import embeddings_read
from search.services.evaluations import CATALOG
from search.types import Vectors

BATCH: Final = 2_000
MOST: Final = 50_000
"""Photos that are looked at; of a larger catalog those that were obtained last."""


class Catalog:
    """Accepted photos of known models, as they are on disk; read once, when first asked for."""

    def __init__(self) -> None:
        self._photos: list[ShoePhoto] | None = None

    def __str__(self) -> str:
        return CATALOG

    def has(self, dataset: str) -> bool:
        """No published set: everything is read alike."""
        return False

    def read(self, dataset: str) -> list[ShoePhoto]:
        raise DatasetError(f"The catalog is no published data set, so it holds no {dataset}.")

    def labelled(self) -> list[ShoePhoto]:
        if self._photos is None:
            self._photos = self._load()
        return self._photos

    def _load(self) -> list[ShoePhoto]:
        labelled = photos_labelled()[-MOST:]
        if not labelled:
            raise DatasetError("The catalog has no photo of a known model: crawl or import shoes.")
        return _shoe_photos(labelled)


class CatalogSource(Catalog):
    """Those that have a vector, which is not made anew."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self._encoder = encoder
        self._rows: dict[str, int] = {}
        self._vectors: Vectors = np.empty((0, encoder.dim), np.float32)

    def embed(self, photos: Sequence[ShoePhoto], progress: Callable[[int, int], None]) -> Vectors:
        """Vectors of photos that ``labelled`` gave, in order; nothing is encoded."""
        progress(len(photos), len(photos))
        return self._vectors[[self._rows[photo.digest] for photo in photos]]

    def _load(self) -> list[ShoePhoto]:
        labelled = photos_labelled()[-MOST:]
        by_id = {photo.image_id: photo for photo in labelled}
        parts, kept = [], []
        for ids, vectors in embeddings_read(
            encoder=self._encoder, size=BATCH, among=[photo.image_id for photo in labelled]
        ):
            parts.append(vectors)
            kept += [by_id[number] for number in ids.tolist()]
        if not kept:
            raise DatasetError(
                "No photo of a known model has a vector yet: crawl or import shoes, and let "
                "`manage.py embed` finish."
            )
        self._vectors = np.concatenate(parts)
        self._rows = {photo.sha256: row for row, photo in enumerate(kept)}
        return _shoe_photos(kept)


def _shoe_photos(photos: Sequence[LabelledPhoto]) -> list[ShoePhoto]:
    groups, _ = hash_groups(_hashes(photos))
    return [_shoe_photo(photo, int(group)) for photo, group in zip(photos, groups, strict=True)]


def _hashes(photos: Sequence[LabelledPhoto]) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """The perceptual hash of each photo; one without is given a hash that no other has near."""
    random = np.random.default_rng(0)
    return np.array(
        [
            int(photo.perceptual_hash, 16)
            if photo.perceptual_hash
            else int(random.integers(2**63, dtype=np.uint64))
            for photo in photos
        ],
        np.uint64,
    )


def _shoe_photo(photo: LabelledPhoto, group: int) -> ShoePhoto:
    return ShoePhoto(
        path=_path(photo.file),
        dataset=CATALOG,
        group=f"catalog:{group}",
        brand=photo.brand.lower(),
        model=photo.model.lower(),
        model_id=f"{photo.brand} {photo.model}",
        colours=photo.colours,
        category=photo.category,
        gender=photo.gender,
        height=photo.height,
        title=f"{photo.brand} {photo.model}",
        digest=photo.sha256,
    )


def _path(name: str) -> Path:
    """On disk; where photos are kept elsewhere, a name that no picture is found under."""
    try:
        return Path(default_storage.path(name))
    except NotImplementedError:
        return Path(name)
