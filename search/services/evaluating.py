"""Measure the catalog, and keep what was measured.

Imported by whoever evaluates, not by the package: it brings the whole harness along.
"""

from __future__ import annotations

import time
from typing import Final

from django.utils import timezone

from search.active import active_encoder
from search.evaluation.own import CatalogSource
from search.evaluation.page import write_html
from search.evaluation.protocol import Measured, Request
from search.evaluation.tasks import run_task
from search.exceptions import SearchError
from search.models import EvaluationRun
from search.services.evaluations import report_folder
from search.services.resuming import job_fail, job_take

QUERIES: Final = 2_000
"""At most so many queries: what a large catalog's intervals need, in minutes."""
HEARTBEAT_SECONDS: Final = 2.0


def evaluation_record(*, measured: Measured, data: str) -> EvaluationRun:
    """Keep what a command measured, with its page."""
    now = timezone.now()
    run = EvaluationRun(
        task=measured.task, data=data, trigger=EvaluationRun.Trigger.COMMAND, started_at=now,
        status=EvaluationRun.Status.RUNNING, heartbeat_at=now,
    )  # fmt: skip
    run.save()
    _finish(run, measured)
    return run


def evaluation_run(*, run_id: int) -> EvaluationRun | None:
    """Measure the catalog; None if the run is gone or has been taken.

    What goes wrong stands in the row: whoever asked is not there to see an exception.
    """
    run = job_take(EvaluationRun, run_id, stage="Reading the catalog", done=0, total=0)
    if run is None:
        return None
    try:
        measured = _measure(run)
    except (SearchError, OSError) as error:
        job_fail(run, str(error))
    except Exception:
        job_fail(run, "It failed for a reason of its own; the log of the worker tells it.")
        raise
    else:
        _finish(run, measured)
    return run


def _measure(run: EvaluationRun) -> Measured:
    encoder = active_encoder()
    catalog = CatalogSource(encoder)
    request = Request(
        encoder=encoder, data=catalog, embedder=catalog, limit=QUERIES, report=_Reporter(run)
    )
    return run_task(run.task, request)


class _Reporter:
    """Writes progress to the row, not more often than anybody looks."""

    def __init__(self, run: EvaluationRun) -> None:
        self._run = run
        self._next = 0.0

    def __call__(self, what: str, done: int, total: int) -> None:
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + HEARTBEAT_SECONDS
        EvaluationRun.objects.filter(pk=self._run.pk).update(
            stage=what[:100], done=done, total=total, heartbeat_at=timezone.now()
        )


def _finish(run: EvaluationRun, measured: Measured) -> None:
    name = f"{run.pk}-{run.task}.html"
    write_html([measured], report_folder() / name)
    run.encoder_id = measured.encoder
    run.setting = measured.setting
    run.results = measured.as_json()["results"]
    run.extras = {method: dict(row) for method, row in measured.extras.items()}
    run.report = name
    run.status = EvaluationRun.Status.DONE
    run.finished_at = timezone.now()
    run.error = ""
    run.save()
