"""Stored photos and where they were got."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from catalog.models.choices import ImageStatus, View, ViewBy
from catalog.models.colorways import Colorway
from catalog.models.listings import Listing
from catalog.types import MAX_URL


def image_path(instance: ShoeImage, filename: str) -> str:
    """``photos/ab/cd/<sha256>.<format>``: two levels keep folders small at millions of photos."""
    digest = instance.sha256
    return f"photos/{digest[:2]}/{digest[2:4]}/{digest}.{instance.format.lower()}"


class ShoeImage(models.Model):
    """A stored photo, once per content."""

    sha256 = models.CharField(max_length=64, unique=True, editable=False)
    """Of the bytes as they were received, before orienting."""
    perceptual_hash = models.CharField(max_length=16, blank=True, editable=False, db_index=True)
    """64-bit difference hash as hex, of the upright photo shrunk to 256 px."""
    file = models.ImageField(upload_to=image_path, max_length=200)
    """The bytes as received. No width_field: Django would measure them before they are turned."""
    format = models.CharField(max_length=8, editable=False)
    byte_size = models.PositiveIntegerField(editable=False)
    width = models.PositiveIntegerField(editable=False)
    """Of the upright photo, in pixels."""
    height = models.PositiveIntegerField(editable=False)
    view = models.CharField(max_length=8, choices=View, blank=True)
    view_by = models.CharField("view told by", max_length=9, choices=ViewBy, blank=True)
    view_confidence = models.FloatField(null=True, blank=True, editable=False)
    """0 to 1, of a predicted view."""
    status = models.CharField(max_length=8, choices=ImageStatus, default=ImageStatus.ACCEPTED)
    rejection = models.CharField(max_length=40, blank=True)
    colorway = models.ForeignKey(
        Colorway, on_delete=models.SET_NULL, null=True, blank=True, related_name="images"
    )
    """The colorway it was first seen with; others are told by its sources."""
    obtained_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["colorway", "id"], name="image_colorway"),
            models.Index(fields=["status", "id"], name="image_status"),
            models.Index(fields=["updated_at"], name="image_updated"),
            models.Index(fields=["obtained_at"], name="image_obtained"),
        ]

    def __str__(self) -> str:
        return f"{self.sha256[:12]} ({self.width} × {self.height})"

    def get_absolute_url(self) -> str:
        return str(self.file.url)


class ImageSource(models.Model):
    """Where a photo was got: one row for each address that led to it."""

    image = models.ForeignKey(ShoeImage, on_delete=models.CASCADE, related_name="sources")
    url = models.CharField(max_length=MAX_URL)
    """http(s) address, or a file: path for imports."""
    url_sha256 = models.CharField(max_length=64, editable=False)
    listing = models.ForeignKey(
        Listing, on_delete=models.SET_NULL, null=True, blank=True, related_name="image_sources"
    )
    position = models.PositiveSmallIntegerField(default=0)
    first_seen_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["image", "position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["image", "url_sha256", "listing"], name="image_source_unique"
            ),
            models.UniqueConstraint(
                fields=["image", "url_sha256"],
                condition=Q(listing=None),
                name="image_source_unique_without_listing",
            ),
        ]
        indexes = [models.Index(fields=["url_sha256"], name="image_source_url")]

    def __str__(self) -> str:
        return self.url
