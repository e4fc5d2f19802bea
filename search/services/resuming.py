"""Jobs that are asked for once, and taken up again when their message or their process is gone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final, TypeVar

import structlog
from django.db import IntegrityError, transaction
from django.utils import timezone

from search.jobs import ResumedJob

log = structlog.get_logger(__name__)

J = TypeVar("J", bound=ResumedJob)
Status = ResumedJob.Status

MOST_ATTEMPTS: Final = 3
LOST_MESSAGE: Final = timedelta(minutes=1)


def job_request(
    kind: type[J], start: Callable[[int], object], *, defaults: dict[str, Any], **alike: Any
) -> J:
    """Save a job that waits, and start it on commit; asking twice gives the same job.

    Args:
        start: sends its id to a worker.
        alike: what of two jobs is the same if one of them is enough.
    """
    rows = kind._default_manager
    try:
        with transaction.atomic():
            job, _ = rows.get_or_create(status=Status.PENDING, **alike, defaults=defaults)
    except IntegrityError:  # another request was a moment faster
        job = rows.get(status=Status.PENDING, **alike)
    # Robust: without a broker the row waits for the sweep all the same.
    transaction.on_commit(lambda: start(job.pk), robust=True)
    return job


def job_take(kind: type[J], number: int, **first: Any) -> J | None:
    """Make a waiting job this process's own; None if it is gone or has been taken.

    Args:
        first: what its row says from now on.
    """
    now, rows = timezone.now(), kind._default_manager
    waiting = rows.filter(pk=number, status=Status.PENDING)
    begun = {"status": Status.RUNNING, "started_at": now, "heartbeat_at": now, **first}
    if not waiting.update(**begun):
        return None
    job = rows.get(pk=number)
    job.attempts += 1
    job.save(update_fields=["attempts"])
    return job


def job_fail(job: ResumedJob, message: str) -> None:
    """The row tells why nothing came of it."""
    job.status = Status.FAILED
    job.error = message
    job.finished_at = timezone.now()
    job.save(update_fields=["status", "error", "finished_at"])
    log.warning("job_failed", kind=job._meta.model_name, job=job.pk, error=message)


def jobs_sweep(
    kind: type[J], start: Callable[[int], object], *, silent: timedelta, alike: str
) -> int:
    """Start again what lost its process or its message; how many were started.

    Given up after ``MOST_ATTEMPTS``: what kills its process each time must not do so for ever.

    Args:
        silent: one that has said nothing for so long has lost its process.
        alike: the field by which one waiting job is enough.
    """
    now, rows = timezone.now(), kind._default_manager
    for job in rows.filter(status=Status.RUNNING, heartbeat_at__lt=now - silent):
        another = rows.filter(status=Status.PENDING, **{alike: getattr(job, alike)})
        if job.attempts >= MOST_ATTEMPTS or another.exists():
            job_fail(job, "Interrupted: the process that did it is gone. Start it again.")
        else:
            job.status = Status.PENDING
            job.save(update_fields=["status"])
    lost = rows.filter(status=Status.PENDING, requested_at__lt=now - LOST_MESSAGE)
    numbers = list(lost.values_list("pk", flat=True))
    for number in numbers:
        start(number)
    return len(numbers)
