"""The pictures that a query asks about: opened, upright, cut to where the shoe is."""

from __future__ import annotations

from typing import Final

from django.db.models.fields.files import FieldFile
from PIL.Image import Image

from catalog.images import photo_load
from catalog.models import ImageStatus, ShoeImage
from search.crop import Crop
from search.exceptions import QueryError
from search.queries import query_photo_get
from search.query import NO_PHOTO, Query

AT_LEAST: Final = 400
"""Pixels that a photo's longest side keeps where it is looked at otherwise than by an encoder. A
visitor's photo of 1600 px is decoded at a quarter at once; an exact size takes longer than that."""
LONGEST_SIDE: Final = 640
"""Pixels that a crop is shrunk to."""


def query_files(query: Query) -> list[FieldFile]:
    """Where the visitor's photos lie, or the catalog's. Empty without any.

    Raises ``QueryPhotoExpired``, and ``QueryError`` for a photo that the catalog does not have.
    """
    if query.image_id is not None:
        return [catalog_photo(query.image_id).file]
    return [query_photo_get(token).file for token in query.photos]


def query_pictures(query: Query, *, at_least: int = AT_LEAST) -> list[Image]:
    """Those photos, decoded; the first cut to ``query.crop``. Raises as `query_files`."""
    return [
        picture_load(file, crop=None if place else query.crop, at_least=at_least)
        for place, file in enumerate(query_files(query))
    ]


def catalog_photo(image_id: int) -> ShoeImage:
    """An accepted photo. Raises ``QueryError`` where there is none of that id."""
    photo = ShoeImage.objects.filter(id=image_id, status=ImageStatus.ACCEPTED).first()
    if photo is None:
        raise QueryError(NO_PHOTO)
    return photo


def picture_load(kept: FieldFile, *, crop: Crop | None = None, at_least: int = AT_LEAST) -> Image:
    """A stored photo of ``at_least`` so many pixels where it has them, or its ``crop``."""
    with kept.open("rb") as file:
        # A frame around a corner still has the pixels that an encoder reads.
        image = photo_load(file, at_least=None if crop else at_least)
    if crop is None:
        return image
    image = image.crop(crop.box(image.size))
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    return image
