"""Crawls of sources: their state, and what went wrong in each."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from crawler.models.sources import CrawlSource, RunLimits


class CrawlRun(RunLimits):
    """One crawl of a source, from the request to its end. The row is the truth of its state."""

    class Status(models.TextChoices):
        PENDING = "pending", "Waiting to start"
        RUNNING = "running", "Running"
        CANCELLING = "cancelling", "Being cancelled"
        CANCELLED = "cancelled", "Cancelled"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        INTERRUPTED = "interrupted", "Interrupted"

    class Trigger(models.TextChoices):
        ADMIN = "admin", "Admin"
        COMMAND = "command", "Command"
        SCHEDULE = "schedule", "Schedule"

    PAUSES = ("quiet-hours", "disk-full")
    """Values of ``stopped_by`` of a run that goes on by itself when what stopped it is over."""
    LIST_WAITS = "list-waits"
    """Value of ``stopped_by`` of a run that left out a list for which its shop asks to wait."""
    ACTIVE = (Status.PENDING, Status.RUNNING, Status.CANCELLING)
    RESUMABLE = (Status.CANCELLED, Status.INTERRUPTED, Status.FAILED)

    source = models.ForeignKey(CrawlSource, on_delete=models.CASCADE, related_name="runs")
    status = models.CharField(max_length=12, choices=Status, default=Status.PENDING)
    trigger = models.CharField(max_length=10, choices=Trigger)
    is_dry_run = models.BooleanField("dry run", default=False, db_default=False)
    """Shows the first products and stores none; no witness of what a shop has or lacks."""
    is_retry = models.BooleanField("of letters only", default=False, db_default=False)
    """Asks again for what failed in earlier runs, and for nothing else: no witness either."""
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)
    queued_at = models.DateTimeField(default=timezone.now)
    """When it was last handed to the broker; a message that was lost is sent again."""
    started_at = models.DateTimeField(null=True, blank=True)
    """Of the first attempt: what was last seen before this has vanished."""
    finished_at = models.DateTimeField(null=True, blank=True)
    seconds = models.FloatField("time running", default=0)
    """Over all attempts, without the pauses between them."""
    resumed = models.PositiveIntegerField("times resumed", default=0)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)

    heartbeat_at = models.DateTimeField(null=True, blank=True)
    host = models.CharField(max_length=255, blank=True)
    pid = models.PositiveIntegerField("process", null=True, blank=True)
    process_started = models.FloatField(null=True, blank=True)
    """Start time of the process (seconds since the epoch): a pid alone may be somebody else's."""

    pages = models.PositiveIntegerField(default=0)
    pages_unchanged = models.PositiveIntegerField(default=0)
    """Of the pages: those that said, or whose sitemap said, that they have not changed."""
    products = models.PositiveIntegerField(default=0)
    listings_new = models.PositiveIntegerField(default=0)
    listings_changed = models.PositiveIntegerField(default=0)
    listings_unchanged = models.PositiveIntegerField(default=0)
    listings_missing = models.PositiveIntegerField(default=0)
    """Not met for the first time; the next complete run that does not meet them marks them."""
    listings_vanished = models.PositiveIntegerField(default=0)
    photos_new = models.PositiveIntegerField(default=0)
    photos_known = models.PositiveIntegerField(default=0)
    photos_rejected = models.PositiveIntegerField(default=0)
    errors = models.PositiveIntegerField(default=0)
    field_counts = models.JSONField(default=dict, editable=False)
    """How many of the products read had what; see `crawler.types.FIELD_PREFIX`."""
    bytes = models.PositiveBigIntegerField("bytes downloaded", default=0)
    waiting = models.PositiveIntegerField("pages waiting", default=0)

    complete = models.BooleanField(
        default=False, help_text="Whether everything that could be reached was visited."
    )
    stopped_by = models.CharField(max_length=40, blank=True)
    """Why it ended early, as an identifier: limit-pages, cancelled …"""
    error = models.TextField("what went wrong", blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["source"],
                condition=Q(status__in=["pending", "running", "cancelling"]),
                name="crawl_run_one_active_for_source",
            ),
        ]
        indexes = [
            models.Index(fields=["status", "heartbeat_at"], name="crawl_run_status"),
            models.Index(fields=["source", "-id"], name="crawl_run_source"),
        ]

    def __str__(self) -> str:
        return f"{self.source} #{self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("admin:crawler_crawlrun_change", args=[self.pk])

    @property
    def is_active(self) -> bool:
        return self.status in self.ACTIVE

    @property
    def is_paused(self) -> bool:
        return self.status == self.Status.INTERRUPTED and self.stopped_by in self.PAUSES

    @property
    def is_resumable(self) -> bool:
        return self.status in self.RESUMABLE

    @property
    def elapsed(self) -> timedelta:
        """Time spent running; while it runs, as of the last heartbeat."""
        return timedelta(seconds=round(self.seconds))

    @property
    def pages_per_minute(self) -> float:
        return self.pages / self.seconds * 60 if self.seconds else 0.0

    @property
    def pages_known(self) -> int:
        """Visited or waiting; at least 1."""
        return max(1, self.pages + self.waiting)

    @property
    def directory(self) -> Path:
        """Its log, and its frontier while it can be resumed."""
        return Path(settings.VAR_DIR) / "crawls" / str(self.pk)

    @property
    def log_path(self) -> Path:
        return self.directory / "crawl.log"


class CrawlError(models.Model):
    """One kind of thing that a run met: how often, and some examples."""

    MAX_EXAMPLES = 20

    run = models.ForeignKey(CrawlRun, on_delete=models.CASCADE, related_name="error_kinds")
    kind = models.CharField(max_length=60)
    is_notice = models.BooleanField(default=False)
    """Left out on purpose (robots.txt, another host): told, but nothing to mend."""
    count = models.PositiveIntegerField(default=0)
    examples = models.JSONField(default=list)
    """At most `MAX_EXAMPLES` of ``{"url": …, "message": …}``, the first ones met."""

    class Meta:
        ordering = ["is_notice", "-count", "kind"]
        constraints = [
            models.UniqueConstraint(fields=["run", "kind"], name="crawl_error_kind_unique_in_run")
        ]

    def __str__(self) -> str:
        return f"{self.kind} × {self.count}"
