"""Models that may be one, for a person to unite."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from catalog.models.names import ShoeModel, ShoeModelMerge, Stamped


class MergeSuggestion(Stamped):
    """Two models of a brand whose names, and maybe photos, are nearly the same."""

    class Status(models.TextChoices):
        WAITING = "waiting", "Waiting"
        UNITED = "united", "United"
        DECLINED = "declined", "Two models"

    source = models.ForeignKey(ShoeModel, on_delete=models.CASCADE, related_name="+")
    target = models.ForeignKey(ShoeModel, on_delete=models.CASCADE, related_name="+")
    """The one that would stay: it has more colorways, else it was there first."""
    reason = models.CharField(max_length=40)
    name_score = models.FloatField()
    """0 to 1."""
    photo_score = models.FloatField(null=True, blank=True)
    """Cosine of the mean vectors of their photos; None while one has no photo."""
    status = models.CharField(max_length=8, choices=Status, default=Status.WAITING)
    merge = models.ForeignKey(
        ShoeModelMerge, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["-name_score", "-photo_score", "id"]
        constraints = [
            models.UniqueConstraint(fields=["source", "target"], name="merge_suggested_once"),
            models.CheckConstraint(condition=~Q(source=F("target")), name="merge_suggested_of_two"),
        ]

    def __str__(self) -> str:
        return f"{self.source} → {self.target}"
