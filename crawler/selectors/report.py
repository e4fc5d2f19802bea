"""What a run's report says."""

from __future__ import annotations

from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.template.defaultfilters import filesizeformat

from crawler.models import CrawlRun
from crawler.selectors.overview import crawls, run_plots
from crawler.types import FIELDS

_ROWS = (
    ("Pages asked", "pages"), ("of them unchanged", "pages_unchanged"), ("Products", "products"),
    ("Listings new", "listings_new"), ("Listings changed", "listings_changed"),
    ("Listings missing for the first time", "listings_missing"),
    ("Listings no longer there", "listings_vanished"), ("Photos new", "photos_new"),
    ("Photos rejected", "photos_rejected"), ("Errors", "errors"),
)  # fmt: skip


def run_report(run: CrawlRun) -> dict[str, Any]:
    """The run beside the one before it, what its pages told, its alarms, and what went wrong."""
    before = crawls().filter(source=run.source_id, pk__lt=run.pk).order_by("-pk").first()

    def each(one: CrawlRun | None, name: str) -> str:
        return "–" if one is None else str(intcomma(getattr(one, name)))

    numbers = [(label, each(run, name), each(before, name)) for label, name in _ROWS]
    sizes = ["–" if one is None else filesizeformat(one.bytes) for one in (run, before)]
    spent = ["–" if one is None else str(one.elapsed) for one in (run, before)]
    read = run.field_counts.get("read", 0)
    return {
        "run": run,
        "numbers": [*numbers, ("Downloaded", *sizes), ("Time", *spent)],
        "fields": [
            (label.capitalize(), 100 * run.field_counts.get(name, 0) / read)
            for name, label in FIELDS.items()
            if read
        ],
        "alarms": list(run.alarms.all()),
        "kinds": list(run.error_kinds.all()),
        "plots": run_plots(run.source, until=run),
    }
