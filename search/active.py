"""Which encoder answers searches: what the last switch chose, else ``SHOEFINDER_ENCODER``.

Read from the database with every request, one query on an index, so that all processes follow a
switch at once. Whoever searches takes the encoder from here and asks for the store of *its* id: so
a vector of one encoder never meets the index of another.
"""

from __future__ import annotations

import threading

import structlog
from django.conf import settings
from django.db.models import F, Q
from PIL import Image

from search.encoders import Encoder, get_encoder
from search.exceptions import SearchError
from search.models import EncoderSwitch

log = structlog.get_logger(__name__)

PRELOADED_FROM = (
    EncoderSwitch.Stage.VERIFYING,
    EncoderSwitch.Stage.COMPARING,
    EncoderSwitch.Stage.SWAPPING,
)
"""Stages in which processes that search load the next encoder: late, for it takes memory."""

_preloading: set[str] = set()
_lock = threading.Lock()


def active_encoder() -> Encoder:
    """The encoder that answers now. Cheap, as `get_encoder` is.

    Raises ``EncoderError`` when it is not there any more; a switch or a rollback mends that.
    """
    name, upcoming = _names()
    if upcoming:
        _preload_beside(upcoming)
    return get_encoder(name)


def active_name() -> str:
    """Its name, as ``SHOEFINDER_ENCODER`` takes it."""
    return _names()[0]


def active_switch() -> EncoderSwitch | None:
    """The switch that chose the active encoder."""
    return (
        EncoderSwitch.objects.filter(status=EncoderSwitch.Status.DONE)
        .order_by("-swapped_at", "-pk")
        .first()
    )


def load(encoder: Encoder) -> None:
    """Load its weights, so that no search waits for them."""
    encoder.encode_texts(["a shoe"])
    encoder.encode_images([Image.new("RGB", (224, 224), "white")])


# Built once: with every search this would take as long as the query itself.
_SWITCHES = (
    EncoderSwitch.objects.filter(Q(status=EncoderSwitch.Status.DONE) | Q(unfinished=True))
    .order_by(F("swapped_at").desc(nulls_first=True), "-pk")
    .values_list("name", "status", "stage")
)


def _names() -> tuple[str, str]:
    """The active encoder's name, and that of the one to load for a swap that is near, or ""."""
    upcoming = ""
    for name, status, stage in _SWITCHES[:2]:
        if status == EncoderSwitch.Status.DONE:
            return name, upcoming
        if status == EncoderSwitch.Status.RUNNING and stage in PRELOADED_FROM:
            upcoming = name
    return settings.SHOEFINDER_ENCODER, upcoming


def _preload_beside(name: str) -> None:
    with _lock:
        if name in _preloading:
            return
        _preloading.add(name)
    threading.Thread(target=_preload, args=(name,), name="preload-encoder", daemon=True).start()


def _preload(name: str) -> None:
    try:
        load(get_encoder(name))
    except SearchError as error:  # the switch itself tells it to those who must act
        log.warning("encoder_not_preloaded", encoder=name, error=str(error))
        with _lock:
            _preloading.discard(name)
