"""Jobs of the queue "crawl". A task takes an id and makes one service call."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from celery.signals import worker_shutting_down

from crawler import services
from crawler.runner import run_until_ended


@shared_task(acks_late=True)
def run_crawl(run_id: int) -> None:
    """Carry out a run that was asked for."""
    run_until_ended(run_id=run_id)


@shared_task
def start_scheduled_crawl(source_id: int) -> None:
    """Note that a source's time has come; the sweep starts it, spread and outside quiet hours."""
    services.crawl_source_note_due(source_id=source_id)


@shared_task
def sweep_crawls() -> None:
    """Find runs and imports that stopped, and go on with them."""
    services.crawl_runs_sweep()
    services.photo_imports_sweep()


@shared_task
def tidy_crawls() -> None:
    """Delete what was given up long ago, and what old runs left on the disk."""
    services.letters_expire()
    services.crawl_runs_tidy()


@shared_task(acks_late=True)
def run_photo_import(import_id: int) -> None:
    """Look at a folder of photos, or take it in."""
    services.photo_import_run(import_id=import_id)


@worker_shutting_down.connect
def stop_children(**kwargs: Any) -> None:
    """A worker that ends waits for its tasks: let the crawls among them come to a halt first."""
    services.crawl_runs_interrupt_here()
