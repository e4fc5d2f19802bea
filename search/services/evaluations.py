"""Evaluations that an owner asks for, and the record of all that were made."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Final

from django.conf import settings

from search.models import EvaluationRun
from search.services.resuming import job_request, jobs_sweep

OFFERED: Final = ("recognise", "attributes", "edit")
"""Tasks that a catalog's own labels are enough for."""

CATALOG: Final = "the catalog"
"""What ``EvaluationRun.data`` says of runs over it."""

SILENT: Final = timedelta(minutes=10)
"""A run that has said nothing for so long has lost its process: no single step takes as long."""


def evaluation_request(*, task: str) -> EvaluationRun:
    """Save a run over the catalog that waits, and enqueue it; asking twice gives the same run.

    ``ValueError`` for a task that is not in ``OFFERED``.
    """
    from search.tasks import evaluation_run as job

    if task not in OFFERED:
        raise ValueError(f"The catalog can be measured by {', '.join(OFFERED)}, not by {task!r}.")
    defaults = {"data": CATALOG, "trigger": EvaluationRun.Trigger.ADMIN}
    return job_request(EvaluationRun, job.delay, defaults=defaults, task=task)


def evaluations_sweep() -> int:
    """Start again what lost its process or its message; how many were started."""
    from search.tasks import evaluation_run as job

    return jobs_sweep(EvaluationRun, job.delay, silent=SILENT, alike="task")


def evaluation_delete(*, run: EvaluationRun) -> None:
    """The row and its page."""
    page = report_path(run)
    run.delete()
    if page is not None:
        page.unlink(missing_ok=True)


def report_path(run: EvaluationRun) -> Path | None:
    """Where the page of a run is; None where it has none."""
    return report_folder() / run.report if run.report else None


def report_folder() -> Path:
    """Where the pages of runs are kept: not among the public photos, as they show drafts too."""
    return Path(settings.VAR_DIR) / "evaluation" / "reports"
