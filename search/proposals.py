"""Crops that the page proposes for a visitor's photo, looked for once and kept with it."""

from __future__ import annotations

import structlog
from django.conf import settings

from search.active import active_encoder
from search.crop import Crop
from search.exceptions import SearchError
from search.models import QueryPhoto
from search.pictures import picture_load
from search.recognition.fits import finder_read
from search.recognition.regions import crops_propose

log = structlog.get_logger(__name__)


def crops_proposed(*, photo: QueryPhoto) -> tuple[Crop, ...]:
    """Where the shoes in a photo are, the greatest first; empty where all of it is best compared,
    or where ``SHOEFINDER_CROP`` is off. A search goes on without them if they cannot be had."""
    if not settings.SHOEFINDER_CROP:
        return ()
    if photo.crops is None:
        try:
            encoder = active_encoder()
            found = crops_propose(
                picture_load(photo.file),
                encoder=encoder,
                finder=finder_read(encoder_id=str(encoder.id)),
            )
        except (SearchError, OSError) as error:
            log.warning("crops_not_proposed", error=str(error))
            return ()
        photo.crops = [str(crop) for crop in found]
        QueryPhoto.objects.filter(pk=photo.pk).update(crops=photo.crops)
    return tuple(Crop.parse(text) for text in photo.crops)
