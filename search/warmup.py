"""Load what the first search would wait for, beside the first requests."""

from __future__ import annotations

import threading

import structlog
from django.db import DatabaseError, connection

from search.active import active_encoder, load
from search.exceptions import SearchError
from search.knowledge import knowledge_of
from search.stores import get_store

log = structlog.get_logger(__name__)


def warm_up() -> None:
    """Load the encoder's weights and open the index; what is not there is told, never raised."""
    try:
        encoder = active_encoder()
        load(encoder)
        store = get_store(encoder_id=str(encoder.id), dim=encoder.dim)
        knowledge_of(encoder, store).table(store)
        some = store.fetch(store.ids()[:1])
        store.search(some, 1)  # what the store makes of its vectors at the first look
    except (SearchError, DatabaseError) as error:
        log.warning("warm_up_incomplete", error=str(error))
    else:
        log.info("warm", encoder=str(encoder.id))


def warm_up_in_background() -> None:
    threading.Thread(target=_warm_up_and_leave, name="warm-up", daemon=True).start()


def _warm_up_and_leave() -> None:
    try:
        warm_up()
    finally:
        connection.close()  # of this thread, which ends
