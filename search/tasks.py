"""Jobs of the queue "embed": one worker process serves it.

Messages are hints, rows are the truth. Every task may be lost, doubled or killed; the schedule
starts `embed_pending` each minute, and that finds whatever was left.
"""

from __future__ import annotations

from typing import Any

import structlog
from celery import shared_task
from celery.signals import worker_ready

from search import services
from search.exceptions import IndexBusy, SearchError

log = structlog.get_logger(__name__)

QUEUE = "embed"

SLICE_SECONDS = 600.0
"""A task ends after this time and asks for another, so that others of the queue get their turn."""


@shared_task
def embed_pending() -> None:
    """Embed what waits; also repairs a broken index, runs a build that waits, and goes on with a
    change of the encoder."""
    report = services.embed_pending(seconds=SLICE_SECONDS)
    if report.busy:
        log.info("embed_pending_left_to_other", busy=report.busy)
    elif report.waiting:
        embed_pending.delay()
    else:
        services.recognisers_refresh()
        evidence_pending.delay()
    services.encoder_follow_setting()
    services.encoder_switch_resume()


@shared_task
def evidence_pending() -> None:
    """Count colours and outlines on photos; after the embedding, which searches wait for."""
    services.evidence_pending(seconds=SLICE_SECONDS)
    predictions_pending.delay()


@shared_task
def predictions_pending() -> None:
    """Predict what shops do not state, of what is embedded and counted."""
    services.predictions_pending(seconds=SLICE_SECONDS)


@shared_task
def index_rebuild(build_id: int) -> None:
    """Run a build that was asked for."""
    _unless_busy(lambda: services.index_rebuild_run(build_id=build_id))


@shared_task
def encoder_switch(switch_id: int) -> None:
    """Go on with a change of the encoder."""

    def go_on() -> None:
        switch = services.encoder_switch_run(switch_id=switch_id, seconds=SLICE_SECONDS)
        if switch is not None and switch.status == switch.Status.RUNNING:
            encoder_switch.delay(switch_id)

    _unless_busy(go_on)


@shared_task
def index_ensure() -> None:
    """Check the whole index against its checksums and the database, and mend it."""
    _unless_busy(services.index_ensure)


@shared_task
def recogniser_fit(fit_id: int) -> None:
    """Let a method of naming learn the catalog."""
    try:
        services.recogniser_fit_run(fit_id=fit_id)
    except SearchError as error:  # the row says it to those who must act
        log.warning("recogniser_fit_failed", fit=fit_id, error=str(error))


@shared_task
def evaluation_run(run_id: int) -> None:
    """Measure the catalog as was asked for."""
    from search.services import evaluating

    evaluating.evaluation_run(run_id=run_id)


@shared_task
def rules_replay(replay_id: int) -> None:
    """Judge stored photos anew, as was asked for."""
    replay = services.rules_replay_run(replay_id=replay_id, seconds=SLICE_SECONDS)
    if replay is not None and replay.status == replay.Status.PENDING:
        rules_replay.delay(replay_id)


@shared_task
def rules_replays_sweep() -> None:
    """Go on judging where the message was lost or the process died."""
    services.rules_replays_sweep()


@shared_task
def evaluations_sweep() -> None:
    """Take up evaluations whose message was lost or whose process died."""
    services.evaluations_sweep()


@shared_task
def uploads_sweep() -> None:
    """Delete visitors' photos that have expired."""
    from search.queries import query_photos_sweep

    query_photos_sweep()


@shared_task
def titles_weigh() -> None:
    """Let photos vote on titles that wait for a model, and on models that may be one."""
    services.titles_weigh()
    services.suggestions_weigh()


@shared_task
def rejected_sweep() -> None:
    """Delete photos that rules rejected long ago."""
    services.photos_forget_rejected()


@worker_ready.connect
def ensure_at_start(sender: Any, **kwargs: Any) -> None:
    """A worker that serves the queue begins with a look at the index."""
    if QUEUE in sender.app.amqp.queues.consume_from:
        index_ensure.delay()


def _unless_busy(call: Any) -> None:
    try:
        call()
    except IndexBusy as busy:
        # Not lost: builds that wait and broken indexes are taken up by the sweep of every minute.
        log.info("index_left_to_other", busy=str(busy))
