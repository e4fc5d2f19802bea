"""Load what the first search would wait for, beside the first requests."""

from __future__ import annotations

import threading

import structlog
from PIL import Image

from search.encoders import get_encoder
from search.exceptions import SearchError
from search.stores import get_store

log = structlog.get_logger(__name__)


def warm_up() -> None:
    """Load the encoder's weights and open the index; what is not there is told, never raised."""
    try:
        encoder = get_encoder()
        encoder.encode_texts(["a shoe"])
        encoder.encode_images([Image.new("RGB", (224, 224), "white")])
        get_store(encoder_id=str(encoder.id), dim=encoder.dim).info()
    except SearchError as error:
        log.warning("warm_up_incomplete", error=str(error))
    else:
        log.info("warm", encoder=str(encoder.id))


def warm_up_in_background() -> None:
    threading.Thread(target=warm_up, name="warm-up", daemon=True).start()
