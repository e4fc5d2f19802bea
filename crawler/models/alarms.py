"""What the dashboard warns of: sources that bring less than they did."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from crawler.models.runs import CrawlRun
from crawler.models.sources import CrawlSource


class SourceAlarm(models.Model):
    """A source brings less than it did: its shop may have changed its pages."""

    source = models.ForeignKey(CrawlSource, on_delete=models.CASCADE, related_name="alarms")
    run = models.ForeignKey(CrawlRun, on_delete=models.CASCADE, related_name="alarms")
    """The latest that showed it."""
    kind = models.CharField(max_length=40)
    message = models.TextField()
    raised_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True, blank=True)
    """By a person, or by a complete run that showed nothing of the kind."""

    class Meta:
        ordering = ["-raised_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["source", "kind"],
                condition=Q(closed_at=None),
                name="source_alarm_one_open_of_kind",
            )
        ]

    def __str__(self) -> str:
        return f"{self.source}: {self.message}"
