"""What search keeps: embeddings (the truth), what an index was built from, and visitors' photos."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from catalog.models import ShoeImage


class ImageEmbedding(models.Model):
    """A photo's vector under one encoder. Every index is a cache of this table."""

    image = models.ForeignKey(ShoeImage, on_delete=models.CASCADE, related_name="embeddings")
    encoder_id = models.CharField(max_length=200)
    vector = models.BinaryField()
    """float32, little endian, unit length."""
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["encoder_id", "image"], name="embedding_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.image_id} by {self.encoder_id}"


class IndexBuild(models.Model):
    """A rebuild of an index: what it was built from and how it went."""

    class Status(models.TextChoices):
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    class Trigger(models.TextChoices):
        ADMIN = "admin", "Admin"
        COMMAND = "command", "Command"
        REPAIR = "repair", "Repair at start"

    encoder_id = models.CharField(max_length=200)
    dim = models.PositiveIntegerField(default=0)
    kind = models.CharField(max_length=20, blank=True)
    count = models.PositiveBigIntegerField(default=0)
    size_bytes = models.PositiveBigIntegerField(default=0)
    generation = models.PositiveBigIntegerField(default=0)
    checksum = models.CharField(max_length=128, blank=True)
    schema_version = models.PositiveSmallIntegerField(default=1)
    status = models.CharField(max_length=8, choices=Status, default=Status.RUNNING)
    trigger = models.CharField(max_length=8, choices=Trigger, default=Trigger.COMMAND)
    error = models.TextField(blank=True)
    started_at = models.DateTimeField(default=timezone.now)
    heartbeat_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-started_at"]

    def __str__(self) -> str:
        return f"{self.encoder_id}: {self.get_status_display().lower()}, {self.count} vectors"


class QueryPhoto(models.Model):
    """A visitor's photo, without metadata, under a name that cannot be guessed, until it expires."""

    token = models.CharField(max_length=43, unique=True)
    file = models.FileField(upload_to="queries/", max_length=200)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.token[:8]
