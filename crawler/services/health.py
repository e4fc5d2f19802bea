"""Whether a source still brings what it brought: compared with its earlier runs, alarms raised."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import structlog
from django.db.models import QuerySet
from django.utils import timezone

from crawler.models import CrawlRun, CrawlSource, SourceAlarm
from crawler.types import BAD_PAGE, FIELDS, GOOD_PAGE

log = structlog.get_logger(__name__)

BASELINE_RUNS = 5
MIN_PRODUCTS = 10
"""Of fewer products nothing is concluded: a handful may well be sold out."""
FALL = 0.5
"""Share of what was usual below which something counts as fallen."""
USUAL_RATE = 0.5
EXPECTED_RATE = 0.9
"""Share of products from which a page without the field is kept as an example."""
LOST_SHARE = 0.2
"""Of the pages that gave products before: so many without any are a changed layout."""
MIN_LOST = 3
ERROR_SHARE = 0.2
ERROR_RISE = 3.0


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a source's good runs brought."""

    products: float
    """The median."""
    error_share: float
    rates: dict[str, float]
    """Field → share of the products read that had it; no field of which too few were read."""


def source_baseline(source: CrawlSource, *, before: CrawlRun | None = None) -> Baseline | None:
    """What its last good runs brought; None while there is none."""
    runs = list(_good_runs(source, before)[:BASELINE_RUNS])
    if not runs:
        return None
    counts: Counter[str] = Counter()
    for run in runs:
        counts.update(run.field_counts)
    read = counts["read"]
    return Baseline(
        products=median(run.products for run in runs),
        error_share=median(run.errors / max(run.pages, 1) for run in runs),
        rates={name: counts[name] / read for name in FIELDS} if read >= MIN_PRODUCTS else {},
    )


def _good_runs(source: CrawlSource, before: CrawlRun | None) -> QuerySet[CrawlRun]:
    runs = source.runs.filter(complete=True, is_dry_run=False, alarms=None)
    return (runs.filter(pk__lt=before.pk) if before else runs).order_by("-pk")


def expected_fields(source: CrawlSource) -> frozenset[str]:
    """Fields that practically all of its products had."""
    baseline = source_baseline(source)
    rates = baseline.rates if baseline else {}
    return frozenset(name for name, rate in rates.items() if rate >= EXPECTED_RATE)


def drift_find(run: CrawlRun, baseline: Baseline) -> dict[str, str]:
    """Kind of drift → what is told of it."""
    found: dict[str, str] = {}
    counts: Counter[str] = Counter(run.field_counts)
    read, lost = counts["read"], counts["lost"]
    # Of a run that ended early only what it read can be judged.
    was_many = run.complete and baseline.products >= MIN_PRODUCTS
    if was_many and run.products < FALL * baseline.products:
        found["products"] = f"{run.products:,} products, where {baseline.products:,.0f} were usual."
    if lost >= MIN_LOST and lost > LOST_SHARE * (lost + read):
        found["pages"] = f"{lost:,} pages that gave products before give none now."
    if read >= MIN_PRODUCTS:
        for name, usual in baseline.rates.items():
            rate = counts[name] / read
            if usual >= USUAL_RATE and rate < FALL * usual:
                found[f"field-{name}"] = (
                    f"{rate:.0%} of the products read had a {FIELDS[name]}, where {usual:.0%} "
                    "were usual."
                )
    share = run.errors / max(run.pages, 1)
    if (
        run.pages >= MIN_PRODUCTS
        and share > ERROR_SHARE
        and share > ERROR_RISE * baseline.error_share
    ):
        found["errors"] = (
            f"{share:.0%} of the pages failed, where {baseline.error_share:.0%} were usual."
        )
    return found


def source_compare(*, run: CrawlRun) -> list[SourceAlarm]:
    """Compare an ended run with the earlier ones: raise alarms, close those that are over.

    The page that an alarm is about is kept beside the last good one, in the source's folder.

    Returns:
        The alarms that are open because of this run.
    """
    source = run.source
    baseline = source_baseline(source, before=run)
    found = drift_find(run, baseline) if baseline else {}
    was_open = {alarm.kind: alarm for alarm in source.alarms.filter(closed_at=None)}
    raised = [
        SourceAlarm(source=source, run=run, kind=kind, message=message)
        for kind, message in found.items()
        if kind not in was_open
    ]
    SourceAlarm.objects.bulk_create(raised)
    for kind, message in found.items():
        if kind in was_open:
            was_open[kind].message, was_open[kind].run = message, run
            was_open[kind].save(update_fields=["message", "run"])
    if not found and run.complete:
        source.alarms.filter(closed_at=None).update(closed_at=timezone.now())
    for alarm in raised:
        log.error("source_drifts", source=source.name, kind=alarm.kind, message=alarm.message)
    _keep_pages(run, drifts=bool(found), is_new=not was_open)
    return [alarm for alarm in source.alarms.filter(closed_at=None) if alarm.kind in found]


def _keep_pages(run: CrawlRun, *, drifts: bool, is_new: bool) -> None:
    """Of a good run its best page, of the first bad one the first page that lost something."""
    folder = run.source.samples_path
    if drifts:
        if is_new:
            _move(run.directory / BAD_PAGE, folder / BAD_PAGE)
    elif run.complete:
        _move(run.directory / GOOD_PAGE, folder / GOOD_PAGE)
    for name in (GOOD_PAGE, BAD_PAGE):
        (run.directory / name).unlink(missing_ok=True)


def _move(page: Path, to: Path) -> None:
    if page.exists():
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(page, to)


def source_alarm_close(*, alarm: SourceAlarm) -> None:
    """A person has seen to it; the next run that drifts raises it again."""
    SourceAlarm.objects.filter(pk=alarm.pk, closed_at=None).update(closed_at=timezone.now())
