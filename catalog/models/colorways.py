"""One colour version of a model."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.urls import reverse

from catalog.colours import CHOICES as COLOUR_CHOICES
from catalog.models.choices import Category, Gender, Height
from catalog.models.names import Brand, ShoeModel, ShoeModelMerge, Stamped
from catalog.types import MAX_NAME


class Colorway(Stamped):
    """One colour version of a model (schema.org Product).

    ``brand``, ``category``, ``height``, ``gender``, ``price`` and ``is_available`` repeat what the
    model and the listings say, so that one index serves each way of browsing; only
    catalog.services writes them. Of brand, colours, height, category and gender a person's
    correction wins, and a prediction fills what is stated nowhere (`AttributePrediction`).
    """

    model = models.ForeignKey(ShoeModel, on_delete=models.PROTECT, related_name="colorways")
    name = models.CharField(
        max_length=MAX_NAME, blank=True, help_text="As published: Core Black / White"
    )
    style_code = models.CharField(max_length=64, blank=True, help_text="The maker's code (mpn)")
    colour_key = models.CharField(max_length=MAX_NAME, blank=True, editable=False)
    """Slugs of the colours in order, joined with "/"."""

    brand = models.ForeignKey(
        Brand, on_delete=models.PROTECT, related_name="colorways", editable=False
    )
    category = models.CharField(max_length=20, choices=Category, blank=True, editable=False)
    height = models.CharField(max_length=4, choices=Height, blank=True, editable=False)
    gender = models.CharField(max_length=6, choices=Gender, blank=True, editable=False)
    price = models.DecimalField(
        max_digits=12, decimal_places=2, null=True, blank=True, editable=False
    )
    """Lowest current price in the catalog's currency (SHOEFINDER_CURRENCY)."""
    is_available = models.BooleanField(default=False, editable=False)
    """A shop says that it can deliver, now or by pre-order."""
    settled = models.CharField(max_length=100, blank=True, editable=False)
    """Attributes that are not as stated, and by whom: "colours:predicted height:corrected"."""
    sort_name = models.CharField(max_length=MAX_NAME, blank=True, editable=False)
    """Brand, model and colour in lower case."""
    cover = models.ForeignKey(
        "catalog.ShoeImage",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["model", "style_code"],
                condition=~Q(style_code=""),
                name="colorway_style_code_unique_in_model",
            ),
            models.UniqueConstraint(
                fields=["model", "colour_key", "name"],
                condition=Q(style_code=""),
                name="colorway_colours_unique_in_model",
            ),
            models.CheckConstraint(
                condition=Q(price=None) | Q(price__gte=0), name="colorway_price_not_negative"
            ),
        ]
        indexes = [
            models.Index(fields=["brand", "-id"], name="colorway_brand"),
            models.Index(fields=["category", "-id"], name="colorway_category"),
            models.Index(fields=["height", "-id"], name="colorway_height"),
            models.Index(fields=["gender", "-id"], name="colorway_gender"),
            models.Index(fields=["sort_name", "-id"], name="colorway_sort_name"),
            models.Index(fields=["price", "-id"], name="colorway_price"),
            models.Index(fields=["is_available", "-id"], name="colorway_available"),
            models.Index(fields=["style_code"], name="colorway_style_code"),
            # What the index of search has to follow.
            models.Index(fields=["updated_at"], name="colorway_updated"),
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.name or self.colour_key}".strip()

    def get_absolute_url(self) -> str:
        return reverse("catalog:colorway", args=[self.pk])

    @property
    def colours(self) -> tuple[str, ...]:
        """Slugs in order as stated, from the key; needs no query."""
        return tuple(self.colour_key.split("/")) if self.colour_key else ()

    @property
    def settled_by(self) -> dict[str, str]:
        """Attribute → "predicted" or "corrected", of those that are not as stated."""
        pairs = (part.partition(":") for part in self.settled.split())
        return {attribute: by for attribute, _, by in pairs}


class ColorwayColour(models.Model):
    """A colour of a colorway, the main one first: corrected, else stated, else predicted."""

    colorway = models.ForeignKey(Colorway, on_delete=models.CASCADE, related_name="colour_rows")
    colour = models.CharField(max_length=20, choices=COLOUR_CHOICES)
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["colorway", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["colorway", "position"], name="colorway_colour_position"
            ),
        ]
        indexes = [models.Index(fields=["colour", "-colorway"], name="colorway_colour")]

    def __str__(self) -> str:
        return self.colour


class ColorwayRedirect(models.Model):
    """The number of a colorway that a merge united with another one, so that old links lead on."""

    old_id = models.BigIntegerField(unique=True)
    colorway = models.ForeignKey(Colorway, on_delete=models.CASCADE, related_name="redirects")
    merge = models.ForeignKey(ShoeModelMerge, on_delete=models.CASCADE, related_name="redirects")

    def __str__(self) -> str:
        return f"{self.old_id} → {self.colorway_id}"
