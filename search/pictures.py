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

LONGEST_SIDE: Final = 640
"""Pixels that a photo is decoded to: well above what any encoder reads."""


def query_pictures(query: Query) -> list[Image]:
    """The visitor's photos, or the catalog's; the first cut to ``query.crop``. Empty without any.

    Raises ``QueryPhotoExpired``, and ``QueryError`` for a photo that the catalog does not have.
    """
    if query.image_id is not None:
        return [picture_load(catalog_photo(query.image_id).file, crop=query.crop)]
    return [
        picture_load(query_photo_get(token).file, crop=None if place else query.crop)
        for place, token in enumerate(query.photos)
    ]


def catalog_photo(image_id: int) -> ShoeImage:
    """An accepted photo. Raises ``QueryError`` where there is none of that id."""
    photo = ShoeImage.objects.filter(id=image_id, status=ImageStatus.ACCEPTED).first()
    if photo is None:
        raise QueryError(NO_PHOTO)
    return photo


def picture_load(kept: FieldFile, *, crop: Crop | None = None) -> Image:
    """A stored photo at no more than ``LONGEST_SIDE``, cut to ``crop``."""
    with kept.open("rb") as file:
        # A frame around a corner still has the pixels that an encoder reads.
        image = photo_load(file, longest_side=None if crop else LONGEST_SIDE)
    if crop is None:
        return image
    image = image.crop(crop.box(image.size))
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    return image
