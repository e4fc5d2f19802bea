"""Brands and models, with their other names."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone

from catalog.models.choices import Category, Closure, Gender, Height
from catalog.types import MAX_NAME


class Stamped(models.Model):
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True


class Brand(Stamped):
    """The maker."""

    name = models.CharField(max_length=MAX_NAME)
    slug = models.SlugField(max_length=MAX_NAME, unique=True)

    class Meta:
        ordering = [Lower("name")]
        constraints = [
            models.UniqueConstraint(Lower("name"), name="brand_name_unique"),
            models.CheckConstraint(condition=~Q(name=""), name="brand_name_given"),
            models.CheckConstraint(condition=~Q(slug=""), name="brand_slug_given"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("catalog:brand", args=[self.slug])


class BrandAlias(models.Model):
    """Another way of writing a brand: "NB" for New Balance."""

    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, related_name="aliases")
    name = models.CharField(max_length=MAX_NAME)

    class Meta:
        verbose_name_plural = "brand aliases"
        constraints = [models.UniqueConstraint(Lower("name"), name="brand_alias_unique")]

    def __str__(self) -> str:
        return self.name


class ShoeModel(Stamped):
    """The style or silhouette (schema.org ProductGroup)."""

    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="models")
    name = models.CharField(max_length=MAX_NAME)
    slug = models.SlugField(max_length=MAX_NAME)
    category = models.CharField(max_length=20, choices=Category, blank=True)
    height = models.CharField(max_length=4, choices=Height, blank=True)
    gender = models.CharField(max_length=6, choices=Gender, blank=True)
    closure = models.CharField(max_length=8, choices=Closure, blank=True)
    material = models.CharField(max_length=MAX_NAME, blank=True)
    description = models.TextField(blank=True)
    is_popular = models.BooleanField(
        default=False, help_text="More photos of it are searched for (crawl source: image search)."
    )
    merged_into = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="merged_models",
        help_text="Set while this model stands under another name; the row stays to be undone.",
    )
    """Never a chain: a model that takes others in and is itself merged hands them on."""

    class Meta:
        ordering = [Lower("name")]
        constraints = [
            models.UniqueConstraint("brand", Lower("name"), name="model_name_unique_in_brand"),
            models.UniqueConstraint(fields=["brand", "slug"], name="model_slug_unique_in_brand"),
            models.CheckConstraint(condition=~Q(name=""), name="model_name_given"),
            models.CheckConstraint(condition=~Q(slug=""), name="model_slug_given"),
            models.CheckConstraint(
                condition=~Q(merged_into=F("id")), name="model_not_merged_into_itself"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.brand.name} {self.name}"

    def get_absolute_url(self) -> str:
        return reverse("catalog:model", args=[self.brand.slug, self.slug])


class ShoeModelAlias(models.Model):
    """Another name of a model within its brand."""

    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, related_name="model_aliases")
    model = models.ForeignKey(ShoeModel, on_delete=models.CASCADE, related_name="aliases")
    name = models.CharField(max_length=MAX_NAME)

    class Meta:
        verbose_name_plural = "model aliases"
        constraints = [
            models.UniqueConstraint("brand", Lower("name"), name="model_alias_unique_in_brand")
        ]

    def __str__(self) -> str:
        return self.name


class ShoeModelMerge(models.Model):
    """A merge of near-identical models, with all that is needed to undo it."""

    source = models.ForeignKey(ShoeModel, on_delete=models.CASCADE, related_name="merges_out")
    target = models.ForeignKey(ShoeModel, on_delete=models.CASCADE, related_name="merges_in")
    record = models.JSONField(default=dict)
    """Which rows moved; written and read by catalog.services.merging only."""
    merged_at = models.DateTimeField(default=timezone.now)
    merged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-merged_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["source"], condition=Q(undone_at=None), name="model_merged_once_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"{self.source} → {self.target}"
