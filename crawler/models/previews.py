"""What dry runs found."""

from __future__ import annotations

from django.db import models

from crawler.models.runs import CrawlRun


class PreviewItem(models.Model):
    """A product that a dry run found, as it would be stored."""

    run = models.ForeignKey(CrawlRun, on_delete=models.CASCADE, related_name="preview_items")
    position = models.PositiveIntegerField()
    content = models.JSONField()
    """A `crawler.types.Preview`, as its `to_json` gives it."""

    class Meta:
        ordering = ["run", "position"]
        constraints = [
            models.UniqueConstraint(fields=["run", "position"], name="preview_position_unique")
        ]

    def __str__(self) -> str:
        return str(self.content.get("title", ""))
