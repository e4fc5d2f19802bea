"""Runs of `manage.py evaluate` beside each other: what became better, and by how much."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from search.evaluation.headings import METRICS
from search.models import EvaluationRun


@dataclass(frozen=True, slots=True)
class Figure:
    value: float
    low: float
    high: float
    change: float | None
    """Since the earlier run; None where that has no such figure."""
    apart: bool
    """Whether the two intervals do not meet: more than chance."""


@dataclass(frozen=True, slots=True)
class Line:
    method: str
    figures: tuple[Figure | None, ...]
    """Aligned with the columns of the comparison."""
    extras: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A run's figures as a table, with what they were before."""

    metrics: tuple[str, ...]
    headings: tuple[str, ...]
    """Of what is no metric."""
    lines: tuple[Line, ...]


def evaluations_comparable(*, run: EvaluationRun) -> list[EvaluationRun]:
    """Other finished runs of the same task and data, the latest first; at most 20."""
    runs = EvaluationRun.objects.filter(
        task=run.task, data=run.data, status=EvaluationRun.Status.DONE
    ).exclude(pk=run.pk)
    return list(runs.defer("extras")[:20])


def evaluation_compare(*, run: EvaluationRun, earlier: EvaluationRun | None) -> Comparison:
    """``earlier`` is any other run, or None where there is nothing to compare with."""
    there = {name for row in run.results.values() for name in row}
    metrics = tuple(name for name in METRICS if name in there)
    headings = tuple(dict.fromkeys(name for row in run.extras.values() for name in row))
    before = earlier.results if earlier else {}
    return Comparison(
        metrics=metrics,
        headings=headings,
        lines=tuple(
            Line(
                method=method,
                figures=tuple(
                    _figure(row.get(name), before.get(method, {}).get(name)) for name in metrics
                ),
                extras=tuple(run.extras.get(method, {}).get(heading, "") for heading in headings),
            )
            for method, row in run.results.items()
        ),
    )


def _figure(now: Mapping[str, float] | None, before: Mapping[str, float] | None) -> Figure | None:
    if now is None:
        return None
    return Figure(
        value=now["value"],
        low=now["low"],
        high=now["high"],
        change=now["value"] - before["value"] if before else None,
        apart=before is not None and (now["low"] > before["high"] or now["high"] < before["low"]),
    )
