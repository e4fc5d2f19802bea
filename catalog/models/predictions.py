"""What photos say of a colorway where shops say nothing, and what a person made of it."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from catalog.models.colorways import Colorway
from catalog.types import MAX_NAME


class AttributePrediction(models.Model):
    """One attribute of a colorway: stated, predicted from its photos, corrected by a person.

    A correction wins over what is stated, and that over a prediction; a prediction counts from
    ``SHOEFINDER_PREDICTION_CONFIDENCE`` on. Values are a brand's slug, colours' slugs in order
    joined with "/", or a value of the attribute's vocabulary; "" where there is none.
    """

    class Attribute(models.TextChoices):
        COLOURS = "colours", "Colours"
        BRAND = "brand", "Brand"
        HEIGHT = "height", "Height"
        CATEGORY = "category", "Kind"
        GENDER = "gender", "For"

    colorway = models.ForeignKey(Colorway, on_delete=models.CASCADE, related_name="predictions")
    attribute = models.CharField(max_length=8, choices=Attribute)
    stated = models.CharField(max_length=MAX_NAME, blank=True)
    """By its model and its listings; written by catalog.services only."""
    predicted = models.CharField(max_length=MAX_NAME, blank=True)
    confidence = models.FloatField(default=0.0)
    """0 to 1."""
    encoder_id = models.CharField(max_length=200, blank=True)
    """Whose vectors it was predicted from; "" where it is to be predicted anew."""
    predicted_at = models.DateTimeField(null=True, blank=True)
    corrected = models.CharField(max_length=MAX_NAME, blank=True)
    corrected_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    corrected_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = "predicted attribute"
        constraints = [
            models.UniqueConstraint(fields=["colorway", "attribute"], name="prediction_unique"),
        ]
        indexes = [
            models.Index(fields=["attribute", "confidence"], name="prediction_confidence"),
            models.Index(fields=["encoder_id", "attribute"], name="prediction_encoder"),
        ]

    def __str__(self) -> str:
        return f"{self.get_attribute_display()} of {self.colorway}"

    @property
    def counts(self) -> bool:
        """Whether the prediction is sure enough to stand where nothing is stated."""
        return self.confidence >= float(settings.SHOEFINDER_PREDICTION_CONFIDENCE)
