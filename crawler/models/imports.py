"""Folders of labelled photos on their way into the catalog."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone


class PhotoImport(models.Model):
    """A folder of labelled photos that is to become part of the catalog: looked at first, then
    taken in."""

    class Labels(models.TextChoices):
        FOLDER = "folder", "Folders are named BRAND_MODEL"
        FEATURES = (
            "features",
            "Folders are named BRAND_HIGHTOP_COLOUR_SOLE_NAME, or features.csv tells it",
        )
        CSV = "csv", "labels.csv (or products.csv) names file, brand, model …"

    class Status(models.TextChoices):
        PENDING = "pending", "Waiting for a worker"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        STOPPED = "stopped", "Stopped"
        FAILED = "failed", "Failed"

    MAX_REJECTIONS = 1000

    folder = models.CharField(max_length=500, blank=True)
    """Relative to SHOEFINDER_IMPORT_ROOT; "" for an archive."""
    archive = models.CharField(max_length=200, blank=True)
    """The uploaded zip's own name."""
    labels = models.CharField("labels", max_length=10, choices=Labels, default=Labels.FOLDER)
    is_dry_run = models.BooleanField("dry run", default=True)
    """Whether status and numbers are those of looking at it, or of taking it in."""
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    stop_requested = models.BooleanField(default=False)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField("new", default=0)
    updated = models.PositiveIntegerField("changed", default=0)
    unchanged = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    rejections = models.JSONField(default=list, blank=True)
    """The first `MAX_REJECTIONS`: ``{"line": …, "what": …, "reason": …}``."""
    samples = models.JSONField(default=list, blank=True)
    """The first photos and what is said about them, for the cards of the dry run."""
    error = models.TextField(blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True
    )
    created_at = models.DateTimeField(default=timezone.now)
    asked_at = models.DateTimeField(default=timezone.now)
    """When a worker was last asked for it."""
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["status"], name="photo_import_status")]

    def __str__(self) -> str:
        return self.folder or self.archive

    def get_absolute_url(self) -> str:
        return reverse("admin:crawler_photoimport_change", args=[self.pk])

    @property
    def is_active(self) -> bool:
        return self.status in (self.Status.PENDING, self.Status.RUNNING)

    @property
    def directory(self) -> Path:
        """Where the files of an upload are kept, for web and workers."""
        return Path(settings.VAR_DIR) / "imports" / str(self.pk)
