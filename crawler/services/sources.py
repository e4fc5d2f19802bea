"""Sources: what a valid one is, and its schedule kept in step with django-celery-beat."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django_celery_beat.models import CrontabSchedule, PeriodicTask
from django_celery_beat.validators import crontab_validator

from catalog.services import retailer_get_or_create
from crawler.exceptions import CrawlRefused, SourceInvalid
from crawler.kinds import params_dump, params_load
from crawler.models import CrawlRun, CrawlSource

TASK = "crawler.tasks.start_scheduled_crawl"
CRON_FIELDS = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")


def crawl_source_check(source: CrawlSource) -> None:
    """Refuse a source that could never be crawled.

    Raises:
        SourceInvalid: with what to change.
    """
    _ = source.told
    if not source.seed_list:
        raise SourceInvalid("Give at least one address to start from.")
    for seed in source.seed_list:
        try:
            parts = urlsplit(seed)
            wrong = parts.scheme not in {"http", "https"} or not parts.hostname
            _ = parts.port
        except ValueError:
            wrong = True
        if wrong:
            raise SourceInvalid(f"“{seed}” is not an address like https://shop.example/.")
        if parts.username or parts.password:
            raise SourceInvalid(f"“{seed}” holds a password; shops are crawled without one.")
    for host in source.allowed_hosts.split():
        try:
            parts = urlsplit(f"//{host}")
            wrong = not parts.hostname or parts.path != "" or "@" in host
            _ = parts.port
        except ValueError:
            wrong = True
        if wrong:
            raise SourceInvalid(f"“{host}” is not a host like shop.example or shop.example:8080.")
    if (source.quiet_from is None) != (source.quiet_until is None):
        raise SourceInvalid("Give both the beginning and the end of the quiet hours, or neither.")
    if source.quiet_from is not None and source.quiet_from == source.quiet_until:
        raise SourceInvalid("The quiet hours end where they begin; leave both empty for none.")
    if source.schedule == CrawlSource.Schedule.CRON:
        try:
            crontab_validator(" ".join(source.cron.split()))
        except (ValidationError, ValueError) as error:
            raise SourceInvalid(f"“{source.cron}” is not a cron expression: {error}") from error


def crawl_source_save(*, source: CrawlSource) -> CrawlSource:
    """Save a new or changed source, and bring its schedule into step.

    Raises:
        SourceInvalid: with what to change.
    """
    crawl_source_check(source)
    with transaction.atomic():
        source.save()
        _schedule(source)
    return source


def crawl_source_delete(*, source: CrawlSource) -> None:
    """Delete a source with its runs and its schedule; what it brought into the catalog stays.

    Raises:
        CrawlRefused: it is being crawled.
    """
    with transaction.atomic():
        # A run that is asked for meanwhile waits for the source's row, and finds it gone.
        CrawlSource.objects.select_for_update().filter(pk=source.pk).first()
        if (run := source.runs.filter(status__in=CrawlRun.ACTIVE).first()) is not None:
            raise CrawlRefused(
                f"“{source}” is being crawled. Cancel run {run.pk} first, then delete the source."
            )
        if source.periodic_task is not None:
            source.periodic_task.delete()
        path = source.memory_path
        folders = [source.samples_path, *(run.directory for run in source.runs.only("pk"))]
        source.delete()
        transaction.on_commit(lambda: memory_remove(path))
        for folder in folders:
            transaction.on_commit(partial(shutil.rmtree, folder, ignore_errors=True))


def memory_remove(path: Path) -> None:
    """Forget what a source's pages said: its next crawl reads all of them."""
    for one in path.parent.glob(f"{path.name}*"):
        one.unlink(missing_ok=True)


def crawl_source_discard(*, source: CrawlSource) -> None:
    """Delete a source that was made for a dry run only, and its shop if nothing else is of it."""
    retailer = source.retailer
    with transaction.atomic():
        crawl_source_delete(source=source)
        if not retailer.listings.exists() and not retailer.crawl_sources.exists():
            retailer.delete()


def crawl_source_ensure(
    *,
    name: str,
    seeds: Sequence[str],
    delay: float | None = None,
    retailer: str = "",
    allowed_hosts: Sequence[str] = (),
    spider: str = "structured",
    params: Mapping[str, Any] | None = None,
) -> CrawlSource:
    """The source of this name, made if there is none; an existing one is left as it is.

    Args:
        retailer: the shop's name, by default the source's.
        spider: the key of its kind.
        params: what the kind is told.

    Raises:
        SourceInvalid: with what to change.
    """
    existing = CrawlSource.objects.filter(name=name).first()
    if existing is not None:
        return existing
    website = seeds[0] if seeds else ""
    source = CrawlSource(
        name=name,
        seeds="\n".join(seeds),
        allowed_hosts="\n".join(allowed_hosts),
        delay=delay,
        spider=spider,
    )
    source.params = params_dump(params_load(source.kind.params, params or {}))
    crawl_source_check(source)
    source.retailer = retailer_get_or_create(name=retailer or name, website=website)
    return crawl_source_save(source=source)


def _schedule(source: CrawlSource) -> None:
    """Make, change or remove the row that beat reads."""
    task = source.periodic_task
    expression = _cron(source)
    if (expression is None or not source.enabled) and source.due_at is not None:
        source.due_at = None
        source.save(update_fields=["due_at", "updated_at"])
    if expression is None:
        if task is not None:
            source.periodic_task = None
            source.save(update_fields=["periodic_task", "updated_at"])
            task.delete()
        return
    told = dict(zip(CRON_FIELDS, expression.split(), strict=True))
    # No constraint keeps two of them from being equal: any of those will do.
    equal = CrontabSchedule.objects.filter(**told, timezone=settings.TIME_ZONE)
    crontab = equal.first() or CrontabSchedule.objects.create(**told, timezone=settings.TIME_ZONE)
    task = task or PeriodicTask()
    task.name = f"Crawl source {source.pk}: {source.name}"[:200]
    task.task = TASK
    task.crontab = crontab
    task.args = json.dumps([source.pk])
    task.enabled = source.enabled
    task.save()
    if source.periodic_task_id != task.pk:
        source.periodic_task = task
        source.save(update_fields=["periodic_task", "updated_at"])


def _cron(source: CrawlSource) -> str | None:
    """Five fields; daily and weekly ones are spread over the night."""
    minute, hour = source.pk * 7 % 60, 1 + source.pk % 5
    if source.schedule == CrawlSource.Schedule.DAILY:
        return f"{minute} {hour} * * *"
    if source.schedule == CrawlSource.Schedule.WEEKLY:
        return f"{minute} {hour} * * {source.pk % 7}"
    if source.schedule == CrawlSource.Schedule.CRON:
        return " ".join(source.cron.split())
    return None
