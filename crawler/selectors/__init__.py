"""Reads for the admin: runs, how sources do, and reports."""

from crawler.selectors.overview import (
    growth_plots,
    real_runs,
    run_plots,
    sources_health,
    storage_now,
)
from crawler.selectors.report import run_report
from crawler.selectors.runs import letters_count, run_log_tail, sources_with_latest_run

__all__ = [
    "growth_plots",
    "letters_count",
    "real_runs",
    "run_log_tail",
    "run_plots",
    "run_report",
    "sources_health",
    "sources_with_latest_run",
    "storage_now",
]
