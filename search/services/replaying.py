"""The photo rules' thresholds of now, applied by a worker to all that is stored."""

from __future__ import annotations

import time
from collections import Counter
from datetime import timedelta
from typing import Final

from django.db.models.functions import Coalesce
from django.utils import timezone

from catalog.models import PhotoCheck
from catalog.services.photo_checks import ReplayReport, photo_rules_replay
from search.models import RulesReplay
from search.services.resuming import job_fail, job_request, job_take, jobs_sweep

SILENT: Final = timedelta(minutes=5)
"""A batch of 500 photos takes a second or two."""


def rules_replay_request(*, is_dry_run: bool) -> RulesReplay:
    """Have a worker judge all photos anew, or find out what that would change; asking twice while
    it waits gives the same row."""
    from search.tasks import rules_replay as task

    return job_request(RulesReplay, task.delay, defaults={}, is_dry_run=is_dry_run)


def rules_replay_run(*, replay_id: int, seconds: float = float("inf")) -> RulesReplay | None:
    """Judge until all are judged or the time is over; None if the row is gone or has been taken.

    Each batch and what the row says of it are one transaction. A row whose time is over waits
    again: who calls asks for another slice.
    """
    began = Coalesce("started_at", timezone.now())
    replay = job_take(RulesReplay, replay_id, total=PhotoCheck.objects.count(), started_at=began)
    if replay is None:
        return None
    until = time.monotonic() + seconds
    report = ReplayReport(
        photos=replay.done, last=replay.last,
        rejected=Counter(replay.rejected), restored=Counter(replay.restored),
    )  # fmt: skip

    def keep(report: ReplayReport) -> bool:
        RulesReplay.objects.filter(pk=replay_id).update(
            done=report.photos, last=report.last, rejected=dict(report.rejected),
            restored=dict(report.restored), heartbeat_at=timezone.now(),
        )  # fmt: skip
        return time.monotonic() < until

    try:
        photo_rules_replay(dry_run=replay.is_dry_run, report=report, progress=keep)
    except Exception:
        job_fail(replay, "It failed for a reason of its own; the log of the worker tells it.")
        raise
    replay.refresh_from_db()
    if PhotoCheck.objects.filter(image_id__gt=replay.last).exists():
        replay.status, replay.attempts = RulesReplay.Status.PENDING, 0
    else:
        replay.status, replay.finished_at = RulesReplay.Status.DONE, timezone.now()
    replay.save(update_fields=["status", "attempts", "finished_at"])
    return replay


def rules_replays_sweep() -> int:
    """Start again what lost its process or its message, behind what was judged; how many."""
    from search.tasks import rules_replay as task

    return jobs_sweep(RulesReplay, task.delay, silent=SILENT, alike="is_dry_run")
