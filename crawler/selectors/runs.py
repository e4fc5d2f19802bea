"""Reads for the admin: sources with their latest run, and the end of a run's log."""

from __future__ import annotations

import os
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery

from crawler.models import CrawlRun, CrawlSource

TAIL_BYTES = 32_000


def sources_with_latest_run() -> QuerySet[CrawlSource, CrawlSource]:
    """Sources with ``latest_id``, ``latest_status``, ``latest_at``, ``latest_products``."""
    latest = CrawlRun.objects.filter(source=OuterRef("pk"), is_dry_run=False).order_by("-id")

    def of(name: str) -> Subquery:
        return Subquery(latest.values(name)[:1])

    columns: dict[str, Any] = {
        "latest_id": of("id"),
        "latest_status": of("status"),
        "latest_at": of("created_at"),
        "latest_products": of("products"),
    }
    return CrawlSource.objects.select_related("retailer").annotate(**columns)


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
