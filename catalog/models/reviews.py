"""Titles that had to be read, and what became of each."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from catalog.models.listings import Listing
from catalog.models.names import Stamped
from catalog.types import MAX_NAME, MAX_TITLE


class TitleReview(Stamped):
    """A listing whose page tells no model, so that its title had to be read.

    Unsure ones wait for a person. ``record`` holds what a decision wrote, to undo it.
    """

    class Status(models.TextChoices):
        WAITING = "waiting", "Waiting"
        AUTO = "auto", "Resolved by itself"
        CONFIRMED = "confirmed", "Decided by hand"
        DISMISSED = "dismissed", "Left without a model"

    listing = models.OneToOneField(Listing, on_delete=models.CASCADE, related_name="title_review")
    title = models.CharField(max_length=MAX_TITLE)
    status = models.CharField(max_length=9, choices=Status, default=Status.WAITING)
    brand = models.CharField(max_length=MAX_NAME, blank=True)
    """As the catalog writes it, or as the page told it; empty where the title names none."""
    model_text = models.CharField(max_length=MAX_NAME, blank=True)
    parsed = models.JSONField(default=dict)
    """What the title says beside brand and model: colours, style code, gender, sizes."""
    candidates = models.JSONField(default=list)
    """[{"model": id, "title": 0–1, "photo": 0–1, "score": 0–1}], best first."""
    confidence = models.FloatField(default=0.0)
    """Of the first candidate, by title and photo together."""
    photo_encoder = models.CharField(max_length=200, blank=True)
    """Whose vectors the photo's votes come from; empty while the photo had no say."""
    put_off_at = models.DateTimeField(null=True, blank=True)
    """Skipped by a person: it comes after the others."""
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    record = models.JSONField(default=dict)
    """Which rows a decision made; written and read by catalog.services.titles only."""

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["status", "put_off_at", "-confidence"], name="title_review_queue"),
            models.Index(fields=["status", "brand", "model_text"], name="title_review_alike"),
        ]

    def __str__(self) -> str:
        return self.title
