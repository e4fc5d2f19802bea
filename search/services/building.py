"""Make an index anew from the database: beside the published one, then swapped in."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import structlog
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from search import selectors
from search.active import active_encoder
from search.encoders import Encoder
from search.exceptions import IndexDamaged, IndexMissing, IndexUnavailable
from search.locking import writer_lock
from search.models import IndexBuild, IndexState
from search.selectors import IdArray, IndexHealth, IndexStatus
from search.services.syncing import Sync, SyncReport, payloads_of
from search.stores import get_store
from search.stores.base import Payload, VectorStore
from search.types import Vectors

log = structlog.get_logger(__name__)

BATCH = 2_000
HEARTBEAT_SECONDS = 2.0
WAIT_SECONDS = 30.0
"""For another writer: the sweeps of every minute hold the lock for a moment only."""

Progress = Callable[[IndexBuild], None]


def index_rebuild_request(*, trigger: IndexBuild.Trigger) -> IndexBuild:
    """Save a build that waits and enqueue it on commit; asking twice gives the same build.

    The sweep of every minute starts a build whose message was lost.
    """
    from search.tasks import index_rebuild as task

    build = _waiting_build(encoder_id=str(active_encoder().id), trigger=trigger)
    # Robust: without a broker the row waits for the sweep all the same.
    transaction.on_commit(lambda: task.delay(build.pk), robust=True)
    return build


def index_rebuild(
    *,
    trigger: IndexBuild.Trigger,
    encoder: Encoder | None = None,
    progress: Progress | None = None,
) -> IndexBuild:
    """Build now, in this process; see `index_rebuild_run`."""
    encoder = encoder or active_encoder()
    build = _waiting_build(encoder_id=str(encoder.id), trigger=trigger)
    with writer_lock("building the index anew", wait_seconds=WAIT_SECONDS):
        sweep_interrupted()
        _build(build, encoder=encoder, store=_store(encoder), progress=progress)
    return build


def index_rebuild_run(*, build_id: int) -> IndexBuild | None:
    """Run a build that waits; None if it is gone, has been run, or is for another encoder.

    Searches are answered from the old index until the new one is whole. Memory stays bounded: rows
    are read by key in batches of 2,000.

    Raises:
        IndexBusy: another process writes; the build stays waiting and is started by the sweep.
        StoreError: the index cannot be written. The build says FAILED, the old index stays.
    """
    encoder = active_encoder()
    with writer_lock("building the index anew", wait_seconds=WAIT_SECONDS):
        sweep_interrupted()
        build = IndexBuild.objects.filter(pk=build_id, status=IndexBuild.Status.PENDING).first()
        if build is None:
            return None
        if build.encoder_id != str(encoder.id):
            _fail(build, f"The encoder is now {encoder.id}.")
            return None
        _build(build, encoder=encoder, store=_store(encoder))
    return build


def index_ensure_request() -> bool:
    """Have a worker check and mend the index, once a minute at most; whether it was asked.

    For the web, which finds a broken index in the middle of a request and must not build one there.
    """
    from search.tasks import index_ensure as task

    if not cache.add("search:index-ensure-requested", True, timeout=60):
        return False
    try:
        task.delay()
    except OperationalError:
        log.warning("index_ensure_not_enqueued", why="the broker does not answer")
        return False
    return True


def index_require() -> IndexStatus:
    """The status of an index that answers searches; for the web.

    Raises:
        IndexUnavailable: it does not; a worker has been asked to mend it.
    """
    status = selectors.index_status()
    if status.health is not IndexHealth.READY:
        index_ensure_request()
        raise IndexUnavailable(status.message)
    return status


def index_ensure(*, encoder: Encoder | None = None) -> SyncReport:
    """See that the index is whole and holds what the database holds; for the start of a worker.

    Reads every published file once against its checksum; rebuilds what is missing or damaged from
    the database, then compares all ids and payloads. Raises IndexBusy when another process writes:
    that one has done the same.
    """
    encoder = encoder or active_encoder()
    store = _store(encoder)
    with writer_lock("checking the index", wait_seconds=WAIT_SECONDS):
        ensure_index(encoder=encoder, store=store, thorough=True)
        return Sync(encoder, store).run(full=True)


def ensure_index(*, encoder: Encoder, store: VectorStore, thorough: bool = False) -> None:
    """Rebuild if the index is missing or damaged, or if a build waits. Under the writer's lock."""
    sweep_interrupted()
    waiting = IndexBuild.objects.filter(
        encoder_id=str(encoder.id), status=IndexBuild.Status.PENDING
    ).first()
    try:
        if thorough:
            store.verify()
        store.info()
    except (IndexMissing, IndexDamaged) as error:
        log.warning("index_repair", encoder=str(encoder.id), why=type(error).__name__)
        waiting = waiting or _waiting_build(
            encoder_id=str(encoder.id), trigger=IndexBuild.Trigger.REPAIR
        )
    if waiting:
        _build(waiting, encoder=encoder, store=store)


def sweep_interrupted() -> int:
    """Mark builds as failed whose process is gone. Under the writer's lock: whoever has it knows
    that nobody else builds."""
    return IndexBuild.objects.filter(status=IndexBuild.Status.RUNNING).update(
        status=IndexBuild.Status.FAILED,
        error="Interrupted: the process that built it is gone. Start it again.",
        finished_at=timezone.now(),
    )


def _build(
    build: IndexBuild,
    *,
    encoder: Encoder,
    store: VectorStore,
    progress: Progress | None = None,
) -> None:
    encoder_id = str(encoder.id)
    began = timezone.now()
    build.status, build.started_at, build.heartbeat_at = IndexBuild.Status.RUNNING, began, began
    build.encoder_id, build.dim, build.count = encoder_id, encoder.dim, 0
    build.total = selectors.embeddings_count(encoder_id=encoder_id)
    build.save()
    log.info("index_build_started", build=build.pk, encoder=encoder_id, total=build.total)
    last = selectors.embedding_newest(encoder_id=encoder_id)
    try:
        store.rebuild(_batches(build, encoder=encoder, progress=progress))
        info = store.info()
        IndexState.objects.update_or_create(
            encoder_id=encoder_id,
            defaults={
                "generation": info.generation,
                "embedding_id": last,
                "synced_until": began,
                "published_at": timezone.now(),
            },
        )
        # What changed while the rows were read.
        Sync(encoder, store).run()
        info = store.info()
    except BaseException as error:
        # Also on Ctrl-C: a row that says RUNNING for ever would be a lie.
        _fail(build, str(error) or type(error).__name__)
        raise
    build.count, build.kind, build.size_bytes = info.count, info.kind, info.size_bytes
    build.generation, build.checksum = info.generation, info.checksum
    build.status, build.finished_at = IndexBuild.Status.DONE, timezone.now()
    build.heartbeat_at = build.finished_at
    build.save()
    if progress:
        progress(build)
    log.info("index_built", build=build.pk, count=build.count, seconds=build.seconds)


def _batches(
    build: IndexBuild, *, encoder: Encoder, progress: Progress | None
) -> Iterator[tuple[IdArray, Vectors, list[Payload]]]:
    last = time.monotonic()
    for ids, vectors in selectors.embeddings_read(encoder=encoder, size=BATCH):
        yield ids, vectors, payloads_of(ids)
        build.count += len(ids)
        if progress:
            progress(build)
        if time.monotonic() - last >= HEARTBEAT_SECONDS:
            last, build.heartbeat_at = time.monotonic(), timezone.now()
            build.save(update_fields=["count", "heartbeat_at"])


def _waiting_build(*, encoder_id: str, trigger: IndexBuild.Trigger) -> IndexBuild:
    build, _ = IndexBuild.objects.get_or_create(
        encoder_id=encoder_id, status=IndexBuild.Status.PENDING, defaults={"trigger": trigger}
    )
    return build


def _fail(build: IndexBuild, why: str) -> None:
    build.status, build.error, build.finished_at = IndexBuild.Status.FAILED, why, timezone.now()
    build.save(update_fields=["status", "error", "finished_at"])
    log.error("index_build_failed", build=build.pk, error=why)


def _store(encoder: Encoder) -> VectorStore:
    return get_store(encoder_id=str(encoder.id), dim=encoder.dim)
