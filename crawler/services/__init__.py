"""Writes of the crawler: sources, runs from request to end, letters, and the sweep that heals."""

from crawler.services.budgets import disk_shortage
from crawler.services.ending import crawl_run_child_ended, crawl_run_finish
from crawler.services.health import source_alarm_close
from crawler.services.letters import (
    letters_expire,
    letters_forget,
    letters_retry,
    letters_write,
)
from crawler.services.photo_imports import (
    photo_import_create,
    photo_import_request,
    photo_import_run,
    photo_import_stop,
    photo_imports_sweep,
)
from crawler.services.previews import crawl_preview_add
from crawler.services.progress import RunState, crawl_embed_request, crawl_run_beat, crawl_run_claim
from crawler.services.runs import (
    crawl_run_cancel,
    crawl_run_delete,
    crawl_run_enqueue,
    crawl_run_request,
    crawl_run_resume,
)
from crawler.services.sources import (
    crawl_source_check,
    crawl_source_delete,
    crawl_source_discard,
    crawl_source_ensure,
    crawl_source_save,
)
from crawler.services.sweeping import crawl_runs_interrupt_here, crawl_runs_sweep
from crawler.services.tidying import crawl_runs_tidy
from crawler.services.timetable import crawl_source_note_due, quiet_end

__all__ = [
    "RunState",
    "crawl_embed_request",
    "crawl_preview_add",
    "crawl_run_beat",
    "crawl_run_cancel",
    "crawl_run_child_ended",
    "crawl_run_claim",
    "crawl_run_delete",
    "crawl_run_enqueue",
    "crawl_run_finish",
    "crawl_run_request",
    "crawl_run_resume",
    "crawl_runs_interrupt_here",
    "crawl_runs_sweep",
    "crawl_runs_tidy",
    "crawl_source_check",
    "crawl_source_delete",
    "crawl_source_discard",
    "crawl_source_ensure",
    "crawl_source_note_due",
    "crawl_source_save",
    "disk_shortage",
    "letters_expire",
    "letters_forget",
    "letters_retry",
    "letters_write",
    "photo_import_create",
    "photo_import_request",
    "photo_import_run",
    "photo_import_stop",
    "photo_imports_sweep",
    "quiet_end",
    "source_alarm_close",
]
