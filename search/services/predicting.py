"""Predict what shops do not state of colorways, from their photos' vectors, and keep it.

The predictors are those that answer searches: colours by words and counted pixels together
(`search.knowledge`), everything else by the vote of the nearest photos (`search.recognition`) of
other colorways. Predictions have no vote, so that one mistake does not breed others.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import structlog
from django.conf import settings

from catalog.models import AttributePrediction, Colorway, ImageStatus, ShoeImage
from catalog.services import Prediction, predictions_follow, predictions_write
from search import selectors
from search.active import active_encoder
from search.encoders import Encoder
from search.exceptions import IndexUnavailable
from search.hydration import MAX_IDS
from search.knowledge import Table, knowledge_of
from search.models import ImageEmbedding
from search.recognition.voting import NEIGHBOURS, attribute_vote
from search.stores import get_store
from search.stores.base import VectorStore
from search.texts import COLOUR_SLUGS, unit
from search.types import Hit, Vectors

log = structlog.get_logger(__name__)

BATCH: Final = 200
"""Colorways in one transaction: what a kill costs at most."""
PHOTOS: Final = 4
"""Photos of a colorway that are looked at, those it got first."""
Attribute = AttributePrediction.Attribute
VOTED: Final = (Attribute.BRAND, Attribute.HEIGHT, Attribute.CATEGORY, Attribute.GENDER)

_followed: float | None = None
"""The threshold that this process has brought the catalog to."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is stated or corrected of a colorway, by attribute; "" where nothing is."""

    colorway_id: int
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Pictured:
    """A colorway's photos: their ids, and the mean of their vectors."""

    image_ids: tuple[int, ...]
    vectors: Vectors


def predictions_pending(
    *,
    encoder: Encoder | None = None,
    store: VectorStore | None = None,
    seconds: float | None = None,
    tell: Callable[[int], None] = lambda done: None,
) -> int:
    """Predict for every colorway whose photos were embedded and not looked at with this encoder;
    how many. Killed at any point it goes on where it stopped; it stops after ``seconds``.

    Without an index there is nobody to ask, and nothing is done.
    """
    global _followed
    threshold = float(settings.SHOEFINDER_PREDICTION_CONFIDENCE)
    if _followed != threshold:
        predictions_follow()
        _followed = threshold
    encoder = encoder or active_encoder()
    ends = None if seconds is None else time.monotonic() + seconds
    waiting = selectors.colorways_to_predict(encoder_id=str(encoder.id)).select_related("brand")
    done, last = 0, 0
    while batch := list(waiting.filter(pk__gt=last)[:BATCH]):
        last = batch[-1].pk
        store = store or get_store(encoder_id=str(encoder.id), dim=encoder.dim)
        try:
            found = _predicted(batch, encoder, store)
        except IndexUnavailable as error:
            log.info("predictions_wait", reason=str(error))
            break
        predictions_write(predictions=found, encoder_id=str(encoder.id))
        done += len(batch)
        tell(done)
        if ends is not None and time.monotonic() >= ends:
            break
    if done:
        log.info("colorways_predicted", count=done)
    return done


def _predicted(batch: Sequence[Colorway], encoder: Encoder, store: VectorStore) -> list[Prediction]:
    table, _ = knowledge_of(encoder, store).table(store)
    pictured = _pictured(batch, encoder, table)
    rows = [row for row in batch if row.pk in pictured]
    if not rows:
        return []
    means = np.stack([unit(pictured[row.pk].vectors.mean(axis=0)) for row in rows])
    near = store.search(means, 2 * NEIGHBOURS)
    told = _told({hit.image_id for hits in near for hit in hits})
    kept = _kept(rows)
    found: list[Prediction] = []
    for row, hits in zip(rows, near, strict=True):
        said = {
            str(Attribute.COLOURS): _colour(table, pictured[row.pk].image_ids),
            **_votes(row.pk, hits, told),
        }
        own = _told_of(row)
        for attribute, (value, confidence) in said.items():
            prediction = Prediction(
                colorway_id=row.pk, attribute=attribute, value=value, confidence=confidence
            )
            if _worth_keeping(prediction, own.values[attribute], (row.pk, attribute) in kept):
                found.append(prediction)
    return found


def _worth_keeping(prediction: Prediction, stated: str, kept: bool) -> bool:
    """What is stated nowhere; what is surely otherwise than stated, for a person to look at; and
    colours always, as the mark of having been looked at."""
    if kept or not stated or prediction.attribute == Attribute.COLOURS:
        return True
    sure = prediction.confidence >= float(settings.SHOEFINDER_PREDICTION_CONFIDENCE)
    return bool(prediction.value) and prediction.value != stated and sure


def _pictured(batch: Sequence[Colorway], encoder: Encoder, table: Table) -> dict[int, Pictured]:
    """Photos that are indexed; a colorway none of whose photos is waits for the next time."""
    rows = (
        ImageEmbedding.objects.filter(
            encoder_id=str(encoder.id),
            image__colorway__in=batch,
            image__status=ImageStatus.ACCEPTED,
        )
        .order_by("image_id")
        .values_list("image__colorway_id", "image_id", "vector")
    )
    found: dict[int, list[tuple[int, bytes | memoryview]]] = {}
    for colorway, image, vector in rows:
        found.setdefault(colorway, []).append((image, vector))
    indexed = set(
        np.intersect1d([n for each in found.values() for n, _ in each], table.ids).tolist()
    )
    pictured = {}
    for colorway, photos in found.items():
        known = [(image, vector) for image, vector in photos if image in indexed][:PHOTOS]
        if known:
            pictured[colorway] = Pictured(
                tuple(image for image, _ in known),
                selectors.vectors_of([vector for _, vector in known], dim=encoder.dim),
            )
    return pictured


def _colour(table: Table, image_ids: Sequence[int]) -> tuple[str, float]:
    """The main colour, by the mean of what each photo says in log-probability."""
    logs = table.evidence(table.find(np.array(image_ids, np.int64))[0]).colours.mean(axis=0)
    shares = np.exp(logs - logs.max())
    best = int(np.argmax(shares))
    return COLOUR_SLUGS[best], float(shares[best] / shares.sum())


def _votes(
    colorway_id: int, hits: Sequence[Hit], told: Mapping[int, Told]
) -> dict[str, tuple[str, float]]:
    """Of the photos of other colorways, the nearest of which an attribute is told."""
    others = [
        hit for hit in hits
        if hit.image_id in told and told[hit.image_id].colorway_id != colorway_id
    ]  # fmt: skip
    found: dict[str, tuple[str, float]] = {}
    for attribute in VOTED:
        asked = [hit for hit in others if told[hit.image_id].values[attribute]][:NEIGHBOURS]
        found[attribute] = attribute_vote(
            np.array([hit.score for hit in asked]),
            [told[hit.image_id].values[attribute] for hit in asked],
        )
    return found


def _told(image_ids: set[int]) -> dict[int, Told]:
    """Of photos, what is stated or corrected of their colorways. One query per ``MAX_IDS``."""
    found: dict[int, Told] = {}
    ids = sorted(image_ids)
    for start in range(0, len(ids), MAX_IDS):
        photos = ShoeImage.objects.filter(
            id__in=ids[start : start + MAX_IDS],
            status=ImageStatus.ACCEPTED,
            colorway__isnull=False,
        ).select_related("colorway__brand")
        for photo in photos:
            if photo.colorway is not None:
                found[photo.pk] = _told_of(photo.colorway)
    return found


def _told_of(row: Colorway) -> Told:
    values = {
        Attribute.COLOURS: row.colour_key,
        Attribute.BRAND: row.brand.slug,
        Attribute.HEIGHT: row.height,
        Attribute.CATEGORY: row.category,
        Attribute.GENDER: row.gender,
    }
    predicted = {attribute for attribute, by in row.settled_by.items() if by == "predicted"}
    return Told(
        row.pk, {name: "" if name in predicted else value for name, value in values.items()}
    )


def _kept(rows: Sequence[Colorway]) -> set[tuple[int, str]]:
    """Which attributes have a row already, of another encoder or with a correction."""
    return set(
        AttributePrediction.objects.filter(colorway__in=rows)
        .order_by()
        .values_list("colorway_id", "attribute")
    )
