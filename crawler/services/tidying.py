"""What ended runs leave on the disk, deleted when nobody needs it any more."""

from __future__ import annotations

import shutil
from datetime import timedelta

from django.conf import settings
from django.db.models import Max
from django.utils import timezone

from crawler.models import CrawlRun
from crawler.services.ending import frontier_remove


def crawl_runs_tidy() -> int:
    """Delete the folders of runs that ended ``SHOEFINDER_RUN_LOG_DAYS`` ago, and what runs that
    ended early had still to visit once their source was crawled whole after them; how many folders
    were touched.

    Their rows stay, with all that is counted. A run that will go on by itself keeps everything.
    """
    touched = 0
    waiting = (*CrawlRun.ACTIVE, CrawlRun.Status.INTERRUPTED)
    ended = CrawlRun.objects.exclude(status__in=waiting).order_by("pk")
    before = timezone.now() - timedelta(days=settings.SHOEFINDER_RUN_LOG_DAYS)
    for run in ended.filter(finished_at__lt=before).iterator():
        if run.directory.is_dir():
            shutil.rmtree(run.directory, ignore_errors=True)
            touched += 1
    whole = CrawlRun.objects.filter(complete=True).order_by().values("source")
    for source, latest in whole.annotate(latest=Max("pk")).values_list("source", "latest"):
        for run in ended.filter(source=source, pk__lt=latest, status__in=CrawlRun.RESUMABLE):
            touched += frontier_remove(run)
    return touched
