"""Reads for the admin: sources with their latest run, a run's letters and the end of its log."""

from __future__ import annotations

import os
from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery

from crawler.models import CrawlRun, CrawlSource, DeadLetter
from crawler.selectors.overview import crawls

TAIL_BYTES = 32_000


def sources_with_latest_run() -> QuerySet[CrawlSource, CrawlSource]:
    """Sources with ``latest_id``, ``latest_status``, ``latest_at``, ``latest_products``."""
    latest = crawls().filter(source=OuterRef("pk")).order_by("-id")

    def of(name: str) -> Subquery:
        return Subquery(latest.values(name)[:1])

    columns: dict[str, Any] = {
        "latest_id": of("id"),
        "latest_status": of("status"),
        "latest_at": of("created_at"),
        "latest_products": of("products"),
    }
    return CrawlSource.objects.select_related("retailer").annotate(**columns)


def letters_count(run: CrawlRun) -> dict[str, int]:
    """How many letters a run's source has, by their state."""
    letters = DeadLetter.objects.filter(source=run.source_id)
    return dict(
        letters.order_by().values("state").annotate(n=Count("pk")).values_list("state", "n")
    )


def run_log_tail(run: CrawlRun, *, lines: int = 60) -> str:
    """The last lines of a run's log; "" while there is none."""
    for path in (run.log_path, run.directory / "output.log"):
        try:
            with path.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - TAIL_BYTES))
                text = file.read().decode("utf-8", "replace")
        except OSError:
            continue
        if size > TAIL_BYTES:
            text = text.partition("\n")[2]
        if text.strip():
            return "\n".join(text.splitlines()[-lines:])
    return ""
