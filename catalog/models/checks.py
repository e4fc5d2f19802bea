"""What the photo rules know of a photo, and what they decided."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from catalog.models.choices import View
from catalog.models.photos import ShoeImage


class PhotoCheck(models.Model):
    """Measures and scores of a photo: all that another threshold needs to decide anew."""

    image = models.OneToOneField(ShoeImage, on_delete=models.CASCADE, related_name="check_row")
    broken = models.BooleanField(default=False)
    sharpness = models.FloatField(null=True, blank=True)
    signature = models.CharField(max_length=96, blank=True)
    scores = models.JSONField(default=dict, blank=True)
    """Rule → 0 to 1."""
    thresholds = models.JSONField(default=dict, blank=True)
    """Rule → what the scores' maker chose on validation, for rules set to ``auto``."""
    encoder_id = models.CharField(max_length=200, blank=True, db_index=True)
    scored_by = models.CharField(max_length=10, blank=True)
    """``head`` or ``prompts``."""
    twin = models.ForeignKey(
        ShoeImage, on_delete=models.SET_NULL, null=True, blank=True, related_name="twins"
    )
    """A better copy of the same photo."""
    twin_score = models.FloatField(null=True, blank=True)
    twin_elsewhere = models.BooleanField(default=False)
    """The copy shows another model: neither is rejected; a person should look."""
    view_guess = models.CharField(max_length=8, choices=View, blank=True)
    view_score = models.FloatField(null=True, blank=True)
    view_head = models.CharField(max_length=16, blank=True)
    """What guessed it; "" where nothing did."""
    rule = models.CharField(max_length=20, blank=True)
    """The first rule that it broke; kept while a person has restored it."""
    value = models.FloatField(null=True, blank=True)
    kept = models.BooleanField(default=False)
    """A person restored it: no rule rejects it again."""
    checked_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [
            models.Index(fields=["rule", "image"], name="photo_check_rule"),
            models.Index(fields=["encoder_id", "view_head"], name="photo_check_view_head"),
        ]

    def __str__(self) -> str:
        return f"{self.image_id}: {self.rule or 'passed'}"
