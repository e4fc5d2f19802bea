"""Evaluations that an owner asks for, and the record of all that were made."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Final

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from search.models import EvaluationRun

log = structlog.get_logger(__name__)

OFFERED: Final = ("recognise", "attributes", "edit")
"""Tasks that a catalog's own labels are enough for."""

CATALOG: Final = "the catalog"
"""What ``EvaluationRun.data`` says of runs over it."""

SILENT: Final = timedelta(minutes=10)
"""A run that has said nothing for so long has lost its process: no single step takes as long."""
MOST_ATTEMPTS: Final = 3


def evaluation_request(*, task: str) -> EvaluationRun:
    """Save a run over the catalog that waits, and enqueue it; asking twice gives the same run.

    ``ValueError`` for a task that is not in ``OFFERED``.
    """
    from search.tasks import evaluation_run as job

    if task not in OFFERED:
        raise ValueError(f"The catalog can be measured by {', '.join(OFFERED)}, not by {task!r}.")
    try:
        with transaction.atomic():
            run, _ = EvaluationRun.objects.get_or_create(
                task=task,
                status=EvaluationRun.Status.PENDING,
                defaults={"data": CATALOG, "trigger": EvaluationRun.Trigger.ADMIN},
            )
    except IntegrityError:  # another request was a moment faster
        run = EvaluationRun.objects.get(task=task, status=EvaluationRun.Status.PENDING)
    # Robust: without a broker the row waits for the sweep all the same.
    transaction.on_commit(lambda: job.delay(run.pk), robust=True)
    return run


def evaluations_sweep() -> int:
    """Start again what lost its process or its message; how many were started.

    Given up after ``MOST_ATTEMPTS``: what kills its process each time must not do so for ever.
    """
    from search.tasks import evaluation_run as job

    silent = EvaluationRun.objects.filter(
        status=EvaluationRun.Status.RUNNING, heartbeat_at__lt=timezone.now() - SILENT
    )
    for run in silent:
        waiting = EvaluationRun.objects.filter(task=run.task, status=EvaluationRun.Status.PENDING)
        if run.attempts >= MOST_ATTEMPTS or waiting.exists():
            evaluation_fail(run, "Interrupted: the process that measured is gone. Start it again.")
        else:
            run.status = EvaluationRun.Status.PENDING
            run.save(update_fields=["status"])
    lost = EvaluationRun.objects.filter(
        status=EvaluationRun.Status.PENDING, requested_at__lt=timezone.now() - timedelta(minutes=1)
    )
    numbers = list(lost.values_list("pk", flat=True))
    for number in numbers:
        job.delay(number)
    return len(numbers)


def evaluation_delete(*, run: EvaluationRun) -> None:
    """The row and its page."""
    page = report_path(run)
    run.delete()
    if page is not None:
        page.unlink(missing_ok=True)


def report_path(run: EvaluationRun) -> Path | None:
    """Where the page of a run is; None where it has none."""
    return report_folder() / run.report if run.report else None


def evaluation_fail(run: EvaluationRun, message: str) -> None:
    """The row tells why nothing was measured."""
    run.status = EvaluationRun.Status.FAILED
    run.error = message
    run.finished_at = timezone.now()
    run.save(update_fields=["status", "error", "finished_at"])
    log.warning("evaluation_failed", run=run.pk, task=run.task, error=message)


def report_folder() -> Path:
    """Where the pages of runs are kept: not among the public photos, as they show drafts too."""
    return Path(settings.VAR_DIR) / "evaluation" / "reports"
