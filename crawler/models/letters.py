"""What failed and is asked for again."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from catalog.types import MAX_URL
from crawler.models.runs import CrawlRun
from crawler.models.sources import CrawlSource


class DeadLetter(models.Model):
    """A page or photo that failed for a reason that may pass: asked again, in the end given up."""

    class Kind(models.TextChoices):
        PAGE = "page", "Page"
        LIST = "list", "List, sitemap or feed"
        PHOTO = "photo", "Photo"

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting for another try"
        DEAD = "dead", "Given up"

    source = models.ForeignKey(CrawlSource, on_delete=models.CASCADE, related_name="letters")
    url = models.CharField("address", max_length=MAX_URL)
    url_sha256 = models.CharField(max_length=64, editable=False)
    """Of ``url``: long texts make poor unique keys on some databases."""
    kind = models.CharField(max_length=10, choices=Kind)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    reason = models.CharField(max_length=60)
    """A kind of problem: ``timeout``, ``http-503`` …"""
    message = models.TextField(blank=True)
    attempts = models.PositiveIntegerField("runs in which it failed", default=1)
    first_failed_at = models.DateTimeField("failed first", default=timezone.now)
    last_failed_at = models.DateTimeField("failed last", default=timezone.now)
    next_try_at = models.DateTimeField("next try")
    """Until then no run asks for it, unless somebody wants it now. A dead one is asked for after
    that only where a page leads to it."""
    held_until = models.DateTimeField("the shop asks to wait until", null=True, blank=True)
    """By its Retry-After; until then not even a seed or a list is asked for by itself."""
    request = models.JSONField(editable=False)
    """What asks for it again, as the frontier keeps it."""
    listings = models.JSONField(default=list, editable=False)
    """Ids of the listings that the page was about when it was last read."""
    last_run = models.ForeignKey(
        CrawlRun, on_delete=models.SET_NULL, null=True, blank=True, related_name="letters_noted"
    )
    """In which it failed last: a run that writes it twice counts once."""
    retried_by = models.ForeignKey(
        CrawlRun, on_delete=models.SET_NULL, null=True, blank=True, related_name="letters_retried"
    )
    """The latest run that somebody started over it."""

    class Meta:
        ordering = ["-last_failed_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["source", "url_sha256"], name="dead_letter_url_unique_in_source"
            ),
            models.CheckConstraint(
                condition=Q(attempts__gte=1), name="dead_letter_attempts_positive"
            ),
        ]
        indexes = [
            models.Index(fields=["source", "state", "next_try_at"], name="dead_letter_due"),
            models.Index(fields=["state", "last_failed_at"], name="dead_letter_failed_last"),
        ]

    def __str__(self) -> str:
        return self.url
