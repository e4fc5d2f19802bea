"""Methods of naming learn the catalog: on demand, and again when a crawl has changed it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import numpy as np
import structlog
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from catalog.models import Colorway, ImageStatus, ShoeImage
from search import selectors
from search.active import active_encoder
from search.encoders import Encoder
from search.encoders.base import patch_encoder
from search.exceptions import RecognitionError, SearchError
from search.models import ImageEmbedding, RecogniserFit
from search.query import methods_offered
from search.recognition.base import Report, silent
from search.recognition.fits import finder_save, fit_path, fit_save, looks_read, looks_save
from search.recognition.learning import catalog_pictures, lesson_read
from search.recognition.looks import ENOUGH, MOST, Looks
from search.recognition.neighbours import Memory
from search.recognition.recogniser import Recogniser
from search.recognition.regions import Finder
from search.recognition.registry import method_named
from search.texts import text_space

log = structlog.get_logger(__name__)

HEARTBEAT_SECONDS = 1.0
SILENT = timedelta(minutes=15)
"""A fit that runs and has not said so for this long belongs to a process that is gone."""
CHANGED = 0.02
"""Share of new or vanished photos from which a fit is made anew."""
PAUSE = timedelta(minutes=10)
"""Between two fits of one method because of changes: a crawl changes the catalog for hours."""
GROWN = 1.1
"""Times the models, from which the pause is not waited out: a model that a fit lacks is named as
another one, with confidence. Each such fit knows a tenth more, so that all of a crawl's together
cost no more than eleven of its last, at 70 models as at 5,000."""
DOUBLED = 2
"""Times the photos, from which it is not waited out either."""
RESTS = 5
"""Times as long as its last fit took a method rests even then: the worker also embeds."""
SHOTS = (1, 2, 4, 8, 16)

Progress = Callable[[RecogniserFit], None]


def recogniser_fit_request(
    *, method: str, shots: int = 0, trigger: RecogniserFit.Trigger
) -> RecogniserFit:
    """Save a fit that waits and enqueue it on commit; asking twice gives the same one.

    Raises ``RecognitionError`` for a method that does not exist, ``EncoderError``.
    """
    from search.tasks import recogniser_fit as task

    fit = _waiting(encoder_id=str(active_encoder().id), method=method, shots=shots, trigger=trigger)
    # Robust: without a broker the row waits for the sweep all the same.
    transaction.on_commit(lambda: task.delay(fit.pk), robust=True)
    return fit


def recogniser_fit(
    *,
    method: str,
    shots: int = 0,
    trigger: RecogniserFit.Trigger = RecogniserFit.Trigger.COMMAND,
    encoder: Encoder | None = None,
    progress: Progress | None = None,
) -> RecogniserFit:
    """Fit now, in this process, and serve it; see `recogniser_fit_run`."""
    encoder = encoder or active_encoder()
    fit = _waiting(encoder_id=str(encoder.id), method=method, shots=shots, trigger=trigger)
    _run(fit, encoder=encoder, progress=progress)
    return fit


def recogniser_fit_run(*, fit_id: int) -> RecogniserFit | None:
    """Run a fit that waits; None if it is gone, has been run, or is for another encoder.

    Names are given by the old fit until the new one is whole. Raises ``RecognitionError`` and
    ``EncoderError``; the row then says FAILED, and the old fit stays.
    """
    encoder = active_encoder()
    taken = RecogniserFit.objects.filter(pk=fit_id, status=RecogniserFit.Status.PENDING)
    fit = taken.first()
    if fit is None:
        return None
    if fit.encoder_id != str(encoder.id):
        _failed(fit, f"The encoder is now {encoder.id}.")
        return None
    _run(fit, encoder=encoder)
    return fit


def recognisers_refresh(*, at_once: bool = False) -> list[RecogniserFit]:
    """Enqueue fits of the methods that are offered, where the catalog has changed enough, and those
    that wait without a message. Two queries a method when there is nothing to do.

    ``at_once``: for who knows that a crawl is over; without a pause, and for a single new model.
    """
    from search.tasks import recogniser_fit as task

    encoder_id = str(active_encoder().id)
    recogniser_fits_sweep()
    newest = selectors.embedding_newest(encoder_id=encoder_id)
    if not newest:
        return []
    count = selectors.embeddings_count(encoder_id=encoder_id)
    due = []
    for method in methods_offered():
        last = RecogniserFit.objects.filter(encoder_id=encoder_id, method=method).first()
        if last is not None and last.status in RecogniserFit.UNFINISHED:
            if last.status == RecogniserFit.Status.PENDING and _is_old(last):
                task.delay(last.pk)
            continue
        if _is_due(
            last, method=method, encoder_id=encoder_id, newest=newest, count=count, at_once=at_once
        ):
            due.append(recogniser_fit_request(method=method, trigger=RecogniserFit.Trigger.CHANGE))
    return due


def recognisers_catch_up() -> bool:
    """For who waits after a crawl: whether every model is learned; what is not is asked for."""
    recognisers_refresh(at_once=True)
    return not RecogniserFit.objects.filter(status__in=RecogniserFit.UNFINISHED).exists()


def recogniser_fits_sweep() -> int:
    """Mark fits as failed whose process is gone."""
    return RecogniserFit.objects.filter(
        status=RecogniserFit.Status.RUNNING, heartbeat_at__lt=timezone.now() - SILENT
    ).update(
        status=RecogniserFit.Status.FAILED,
        error="Interrupted: the process that fitted it is gone. Start it again.",
        finished_at=timezone.now(),
    )


def _is_due(
    last: RecogniserFit | None,
    *,
    method: str,
    encoder_id: str,
    newest: int,
    count: int,
    at_once: bool,
) -> bool:
    if last is None:
        return True
    rested = _is_old(last)
    if (
        last.status == RecogniserFit.Status.FAILED
        or not fit_path(encoder_id=encoder_id, method=method).exists()
    ):
        return rested
    changed = abs(count - last.embeddings) + (newest > last.embedding_id)
    much = changed > CHANGED * max(last.embeddings, 1)
    if at_once:
        return much or _models_count(encoder_id=encoder_id) > last.shoe_models
    if not much or rested:
        return much
    return not _rests(last) and (
        count >= DOUBLED * last.embeddings
        or _models_count(encoder_id=encoder_id) >= GROWN * last.shoe_models
    )


def _rests(fit: RecogniserFit) -> bool:
    """Whether it is over for less than a few times as long as it took."""
    begun, over = fit.started_at or fit.requested_at, fit.finished_at or fit.requested_at
    return timezone.now() < over + RESTS * (over - begun)


def _models_count(*, encoder_id: str) -> int:
    """Models that a fit of now would know: a photo of each colorway is looked up, not all are read
    (46 ms for 5,000 models in 20,000 colorways).
    """
    vectors = ImageEmbedding.objects.filter(image=OuterRef("pk"), encoder_id=encoder_id)
    # Asked from colorways, as from models SQLite would look through all photos for each.
    photos = ShoeImage.objects.filter(
        Exists(vectors), colorway=OuterRef("pk"), status=ImageStatus.ACCEPTED
    )
    known = Colorway.objects.filter(Exists(photos)).order_by()
    return known.values("model_id").distinct().count()


def _is_old(fit: RecogniserFit) -> bool:
    return (fit.finished_at or fit.requested_at) < timezone.now() - PAUSE


def _waiting(
    *, encoder_id: str, method: str, shots: int, trigger: RecogniserFit.Trigger
) -> RecogniserFit:
    method_named(method)
    if shots and shots not in SHOTS:
        raise RecognitionError(f"Few-shot settings are {', '.join(map(str, SHOTS))}.")
    fit, _ = RecogniserFit.objects.get_or_create(
        encoder_id=encoder_id,
        method=method,
        status=RecogniserFit.Status.PENDING,
        defaults={"trigger": trigger, "shots": shots},
    )
    return fit


def _run(fit: RecogniserFit, *, encoder: Encoder, progress: Progress | None = None) -> None:
    now = timezone.now()
    # One update: of two workers with the same message one goes on.
    if not RecogniserFit.objects.filter(pk=fit.pk, status=RecogniserFit.Status.PENDING).update(
        status=RecogniserFit.Status.RUNNING, started_at=now, heartbeat_at=now
    ):
        return
    fit.refresh_from_db()
    told = _Telling(fit, progress)
    try:
        encoder_id = str(encoder.id)
        fit.embedding_id = selectors.embedding_newest(encoder_id=encoder_id)
        fit.embeddings = selectors.embeddings_count(encoder_id=encoder_id)
        if looks_learn(encoder=encoder, report=told):
            # Done once, it takes a minute and says nothing of how long the next fit takes.
            fit.started_at = timezone.now()
        told("Reading photos", 0, 1)
        lesson = lesson_read(encoder=encoder, shots=fit.shots)
        fit.photos = len(lesson.gallery)
        fit.shoe_models = int((lesson.gallery.counts > 0).sum())
        made = Recogniser.fit(fit.method, lesson.gallery, text_space(encoder), report=told)
        if isinstance(made.fitted, Memory):
            made = replace(made, fitted=_without_photos(made.fitted))
        fit_save(made, encoder_id=encoder_id, model_ids=lesson.model_ids)
    except BaseException as error:
        # Also on Ctrl-C: a row that says RUNNING for ever would be a lie.
        _failed(fit, str(error) or type(error).__name__)
        if isinstance(error, SearchError):
            log.warning("recogniser_not_fitted", method=fit.method, error=str(error))
        raise
    fit.status, fit.finished_at = RecogniserFit.Status.DONE, timezone.now()
    fit.heartbeat_at, fit.doing = fit.finished_at, ""
    fit.figures = made.calibration.figures
    fit.save()
    if progress:
        progress(fit)
    log.info("recogniser_fitted", method=fit.method, photos=fit.photos, models=fit.shoe_models)


def looks_learn(*, encoder: Encoder, again: bool = False, report: Report = silent) -> bool:
    """Learn how turned photos and what is no shoe look to ``encoder``, from photos of the catalog.

    Where the encoder gives patches, also where in a photo shoes are. Once for each encoder, unless
    ``again``; whether it was done. Not done with too few photos.
    """
    encoder_id = str(encoder.id)
    if not again and looks_read(encoder_id=encoder_id) is not None:
        return False
    photos = catalog_pictures(MOST)
    if len(photos) < ENOUGH:
        return False
    if patches := patch_encoder(encoder):
        finder = Finder.learn(photos, patches, report=report)
        if finder is not None:
            finder_save(finder, encoder_id=encoder_id)
    looks_save(Looks.learn(photos, encoder, report=report), encoder_id=encoder_id)
    return True


class _Telling:
    """Writes how far a fit is to its row, once a second at most."""

    def __init__(self, fit: RecogniserFit, progress: Progress | None) -> None:
        self.fit, self.progress = fit, progress
        self.last = 0.0

    def __call__(self, what: str, done: int, total: int) -> None:
        self.fit.doing, self.fit.count, self.fit.total = what, done, total
        if self.progress:
            self.progress(self.fit)
        if time.monotonic() - self.last >= HEARTBEAT_SECONDS:
            self.last, self.fit.heartbeat_at = time.monotonic(), timezone.now()
            self.fit.save(update_fields=["doing", "count", "total", "heartbeat_at"])


def _without_photos(memory: Memory) -> Memory:
    """Votes are counted in the index, which has the photos and the newest of them."""
    none = np.empty((0, memory.vectors.shape[1]), np.float32)
    return replace(memory, vectors=none, labels=np.empty(0, np.intp))


def _failed(fit: RecogniserFit, why: str) -> None:
    fit.status, fit.error, fit.finished_at = RecogniserFit.Status.FAILED, why, timezone.now()
    fit.save(update_fields=["status", "error", "finished_at", "photos", "shoe_models"])
