"""Give every accepted photo its vector, and let searches find it while the work goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from catalog.models import ImageStatus, ShoeImage
from catalog.photo_rules import PhotoMeasures
from search import selectors
from search.active import active_encoder
from search.encoders import Encoder
from search.exceptions import IndexBusy, SearchError
from search.locking import writer_lock
from search.models import EmbedFailure, ImageEmbedding, IndexState
from search.services.building import ensure_index
from search.services.decoding import EncodedBatch, PhotoFailure, WaitingPhoto, encode_ahead
from search.services.photo_rules import photo_rules_apply
from search.services.photo_views import photo_views_apply
from search.services.switching import encoder_adopt
from search.services.syncing import Sync
from search.stores import get_store

log = structlog.get_logger(__name__)

PAGE = 512
"""Photos of the work list read at once."""

DEPTH = 4
"""Batches ahead of the one being written: at 32 photos more than a second of a fast encoder."""

JUDGED = 256
"""Photos that the photo rules are asked of at once; always before they are published."""

PUBLISH_SECONDS = 3.0
PUBLISH_SHARE = 10
"""Publish at most so often that it costs a tenth of the time, however large the index grows."""

FOLLOW_SECONDS = 60.0
"""Changed prices and deleted photos are followed this often during a long run."""

RETRY_FIRST = timedelta(minutes=10)
RETRY_LONGEST = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedProgress:
    """How far a run is."""

    embedded: int
    failed: int
    total: int
    """Photos that waited when the run began; more may have come since."""
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedReport:
    """What a run did."""

    encoder_id: str
    embedded: int = 0
    failed: int = 0
    seconds: float = 0.0
    waiting: bool = False
    """Photos are left for another run: the limit was reached, or another process has the lock."""
    busy: str = ""
    """Who has the lock; that process takes over what this one was called for."""

    @property
    def rate(self) -> float:
        """Photos per second."""
        return self.embedded / self.seconds if self.seconds else 0.0


def embed_pending(
    *,
    encoder: Encoder | None = None,
    limit: int | None = None,
    seconds: float | None = None,
    retry_failed: bool = False,
    progress: Callable[[EmbedProgress], None] | None = None,
) -> EmbedReport:
    """Embed every accepted photo that has no vector of this encoder, and publish as it goes.

    Safe to call at any time and from several processes: one works, the others return at once with
    ``busy`` set, and the one that works looks for their photos before it ends. Killed at any point,
    rows that were written stay, and the next call goes on from there. A photo that cannot be
    decoded is noted in `EmbedFailure`, tried again after 10 minutes, then ever later.

    Args:
        encoder: by default the active one.
        limit: stop after so many photos.
        seconds: stop after this time, with all that was done published.
        retry_failed: try photos that failed now, not when they are due.
        progress: called after every batch, in this thread.

    Raises:
        EncoderError: the encoder cannot be loaded, or stands under another's id.
        StoreError: the index cannot be written.
    """
    if is_active := encoder is None:
        encoder = active_encoder()
    run = _Run(encoder, limit=limit, seconds=seconds, retry_failed=retry_failed, progress=progress)
    # Whoever finds the lock taken goes away and relies on its holder. So look once more after
    # giving it back: what came between the last look and that moment has nobody else.
    while True:
        try:
            with writer_lock("embedding photos"), _failure_noted(str(encoder.id)):
                run.work()
        except IndexBusy as busy:
            return run.report(busy=str(busy))
        if is_active:
            encoder_adopt()
        waiting = run.anything_waits()
        if run.is_over or not waiting:
            return run.report(waiting=waiting)


def embed_failures_retry(*, failures: QuerySet[EmbedFailure]) -> int:
    """Make photos due that wait for another try, and start a run on commit; how many."""
    from search.tasks import embed_pending as task

    count = failures.update(retry_at=timezone.now())
    transaction.on_commit(lambda: task.delay(), robust=True)
    return count


@contextmanager
def _failure_noted(encoder_id: str) -> Iterator[None]:
    """Whoever watches photos wait reads why, and not only who reads the worker's log."""
    states = IndexState.objects.filter(encoder_id=encoder_id)
    try:
        yield
    except Exception as error:
        told = str(error) if isinstance(error, SearchError) else f"{type(error).__name__}: {error}"
        if not states.update(embed_error=told):
            IndexState.objects.create(encoder_id=encoder_id, embed_error=told)
        raise
    states.exclude(embed_error="").update(embed_error="")


class _Run:
    def __init__(
        self,
        encoder: Encoder,
        *,
        limit: int | None,
        seconds: float | None,
        retry_failed: bool,
        progress: Callable[[EmbedProgress], None] | None,
    ) -> None:
        self.encoder, self.encoder_id = encoder, str(encoder.id)
        self.store = get_store(encoder_id=self.encoder_id, dim=encoder.dim)
        self.limit, self.seconds = limit, seconds
        # Only the first pass retries all, or a photo that fails would keep the run going for good.
        self.retry_failed = retry_failed
        self.progress = progress
        self.embedded = self.failed = self.total = 0
        self.taken = 0
        self.began = time.perf_counter()

    @property
    def elapsed(self) -> float:
        return time.perf_counter() - self.began

    @property
    def is_over(self) -> bool:
        return (self.limit is not None and self.taken >= self.limit) or (
            self.seconds is not None and self.elapsed >= self.seconds
        )

    def report(self, *, waiting: bool = True, busy: str = "") -> EmbedReport:
        report = EmbedReport(
            encoder_id=self.encoder_id,
            embedded=self.embedded,
            failed=self.failed,
            seconds=self.elapsed,
            waiting=waiting,
            busy=busy,
        )
        if report.embedded or report.failed:
            log.info(
                "photos_embedded",
                encoder=report.encoder_id,
                embedded=report.embedded,
                failed=report.failed,
                seconds=round(report.seconds, 1),
                rate=round(report.rate, 1),
            )
        return report

    def anything_waits(self) -> bool:
        return selectors.photos_to_embed(encoder_id=self.encoder_id).exists()

    def work(self) -> None:
        """One pass over the work list, and the index brought to the database before and after."""
        ensure_index(encoder=self.encoder, store=self.store)
        sync = Sync(self.encoder, self.store)
        sync.run()
        if self.progress:
            waiting = selectors.photos_to_embed(
                encoder_id=self.encoder_id, retry_failed=self.retry_failed
            ).count()
            self.total = self.embedded + self.failed + waiting
        judging = _Judging(self.encoder)
        publishing = _Publishing(sync, before=judging.judge)
        batches = encode_ahead(
            self._work_list(),
            encoder=self.encoder,
            storage=ShoeImage._meta.get_field("file").storage,
            batch_size=settings.SHOEFINDER_EMBED_BATCH,
            decode_threads=settings.SHOEFINDER_DECODE_THREADS,
            depth=DEPTH,
            measured=bool(settings.SHOEFINDER_PHOTO_RULES),
        )
        for batch in batches:
            self.embedded += embeddings_write(encoder_id=self.encoder_id, batch=batch)
            self.failed += len(batch.failures)
            judging.add(batch)
            publishing.consider()
            self._tell()
        judging.judge()
        self.retry_failed = False
        # Photos of a run that was killed between writing and judging, or of before the rules.
        photo_rules_apply(encoder=self.encoder)
        photo_views_apply(encoder=self.encoder)
        sync.run()

    def _work_list(self) -> Iterator[WaitingPhoto]:
        photos = selectors.photos_to_embed(
            encoder_id=self.encoder_id, retry_failed=self.retry_failed
        ).order_by("pk")
        last = 0
        while page := list(photos.filter(pk__gt=last).values_list("pk", "file")[:PAGE]):
            for last, name in page:
                if self.is_over:
                    return
                self.taken += 1
                yield WaitingPhoto(last, name)

    def _tell(self) -> None:
        if self.progress:
            self.progress(
                EmbedProgress(
                    embedded=self.embedded,
                    failed=self.failed,
                    total=max(self.total, self.embedded + self.failed),
                    seconds=self.elapsed,
                )
            )


class _Judging:
    """Asks the photo rules of several batches at once, for the sake of the database."""

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder
        self.ids: list[int] = []
        self.measures: dict[int, PhotoMeasures] = {}

    def add(self, batch: EncodedBatch) -> None:
        self.ids += batch.image_ids
        self.measures |= batch.measures
        if len(self.ids) >= JUDGED:
            self.judge()

    def judge(self) -> None:
        if self.ids:
            photo_rules_apply(encoder=self.encoder, ids=self.ids, measures=self.measures)
            self.ids, self.measures = [], {}


class _Publishing:
    """Decides when what was written becomes visible; ``before`` it is called each time."""

    def __init__(self, sync: Sync, *, before: Callable[[], None]) -> None:
        self.sync = sync
        self.before = before
        self.pause = PUBLISH_SECONDS
        self.last = self.followed = time.monotonic()

    def consider(self) -> None:
        started = time.monotonic()
        if started - self.last < self.pause:
            return
        self.before()
        if started - self.followed >= FOLLOW_SECONDS:
            self.sync.run()
            self.followed = started
        else:
            self.sync.run_new()
        self.last = time.monotonic()
        self.pause = max(PUBLISH_SECONDS, PUBLISH_SHARE * (self.last - started))


def embeddings_write(*, encoder_id: str, batch: EncodedBatch) -> int:
    """Save a batch's vectors and note its failures, all or nothing; how many vectors were new.

    A photo that was deleted or rejected while it was being encoded is left out.
    """
    ids = [*batch.image_ids, *(failure.image_id for failure in batch.failures)]
    with transaction.atomic():
        alive = set(
            ShoeImage.objects.select_for_update(no_key=True)
            .filter(pk__in=ids, status=ImageStatus.ACCEPTED)
            .order_by("pk")
            .values_list("pk", flat=True)
        )
        rows = [
            ImageEmbedding(
                encoder_id=encoder_id, image_id=number, vector=vector.astype("<f4").tobytes()
            )
            for number, vector in zip(batch.image_ids, batch.vectors, strict=True)
            if number in alive
        ]
        ImageEmbedding.objects.bulk_create(rows, ignore_conflicts=True)
        _note([failure for failure in batch.failures if failure.image_id in alive])
        EmbedFailure.objects.filter(image_id__in=batch.image_ids).delete()
    return len(rows)


def _note(failures: list[PhotoFailure]) -> None:
    """Remember each failure and when to try again: after 10 minutes, then four times as long."""
    if not failures:
        return
    earlier = dict(
        EmbedFailure.objects.filter(
            image_id__in=[failure.image_id for failure in failures]
        ).values_list("image_id", "attempts")
    )
    now = timezone.now()
    rows = []
    for failure in failures:
        log.warning("photo_not_embedded", image=failure.image_id, reason=failure.reason)
        before = earlier.get(failure.image_id, 0)
        rows.append(
            EmbedFailure(
                image_id=failure.image_id,
                reason=failure.reason,
                message=failure.message[:500],
                attempts=min(before + 1, 1_000),
                failed_at=now,
                retry_at=now + min(RETRY_FIRST * 4 ** min(before, 10), RETRY_LONGEST),
            )
        )
    EmbedFailure.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["image"],
        update_fields=["reason", "message", "attempts", "failed_at", "retry_at"],
    )
