"""``manage.py crawl_run ID``: carry out one waiting run in this process (what a worker starts)."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from crawler.processes import database_unmap, die_with_parent
from crawler.runner import NOTHING_TO_DO
from crawler.services import crawl_run_claim, crawl_run_finish


class Command(BaseCommand):
    help = "Carry out one waiting crawl run in this process; workers start this."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("run_id", type=int)
        parser.add_argument("--parent", type=int, help="end when this process ends")

    def handle(self, *args: Any, run_id: int, parent: int | None, **options: Any) -> None:
        if parent is not None and not die_with_parent(parent):
            sys.exit(NOTHING_TO_DO)
        database_unmap()
        plan = crawl_run_claim(run_id=run_id)
        if plan is None:
            sys.exit(NOTHING_TO_DO)
        # Scrapy and its libraries take half a second to load; a run that is gone needs none of it.
        from crawler.scraping.process import crawl

        crawl_run_finish(run_id=run_id, end=crawl(plan))
