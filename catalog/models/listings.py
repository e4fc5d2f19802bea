"""Who sells what, for how much, and since when."""

from __future__ import annotations

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from catalog.models.choices import Availability
from catalog.models.colorways import Colorway
from catalog.models.names import Stamped
from catalog.types import MAX_NAME, MAX_TITLE, MAX_URL


class Retailer(Stamped):
    """A shop."""

    name = models.CharField(max_length=MAX_NAME, unique=True)
    slug = models.SlugField(max_length=MAX_NAME, unique=True)
    website = models.URLField(max_length=MAX_URL, blank=True)

    class Meta:
        ordering = [Lower("name")]

    def __str__(self) -> str:
        return self.name


class Listing(models.Model):
    """A shop's page with price, currency and availability for a colorway (schema.org Offer).

    It may exist before its colorway is known; then ``title`` keeps what the shop wrote.
    """

    retailer = models.ForeignKey(Retailer, on_delete=models.CASCADE, related_name="listings")
    colorway = models.ForeignKey(
        Colorway, on_delete=models.SET_NULL, null=True, blank=True, related_name="listings"
    )
    url = models.URLField(max_length=MAX_URL)
    url_sha256 = models.CharField(max_length=64, editable=False)
    """Of ``url``: long texts make poor unique keys on some databases."""
    title = models.CharField(max_length=MAX_TITLE)
    sku = models.CharField(max_length=100, blank=True)
    gtin = models.CharField(max_length=14, blank=True)
    group_id = models.CharField(
        max_length=100, blank=True, help_text="The shop's id of the ProductGroup"
    )
    price = models.DecimalField(
        max_digits=12, decimal_places=2, null=True, blank=True, validators=[MinValueValidator(0)]
    )
    currency = models.CharField(max_length=3, blank=True)
    availability = models.CharField(max_length=12, choices=Availability, blank=True)
    published = models.JSONField(default=dict, blank=True)
    """The published fields as the crawl saw them (brand, model, colour …), for provenance."""
    first_seen_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)
    missing_since = models.DateTimeField(null=True, blank=True)
    """The start of the first whole crawl that did not meet it; the next such one marks it."""
    vanished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["retailer", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["retailer", "url_sha256"], name="listing_url_unique_in_shop"
            ),
            models.CheckConstraint(
                condition=Q(price=None) | Q(price__gte=0), name="listing_price_not_negative"
            ),
        ]
        indexes = [
            models.Index(fields=["retailer", "sku"], name="listing_sku"),
            models.Index(fields=["retailer", "last_seen_at"], name="listing_last_seen"),
            models.Index(fields=["changed_at"], name="listing_changed"),
            # What the shop facet counts and the shop filter asks, answered by the index alone.
            models.Index(
                fields=["retailer", "colorway"],
                condition=Q(vanished_at=None),
                name="listing_live",
            ),
            # Few of many: what a crawl asks for by itself before it counts as gone.
            models.Index(
                fields=["retailer", "id"],
                condition=Q(missing_since__isnull=False),
                name="listing_missing",
            ),
            models.Index(fields=["first_seen_at"], name="listing_first_seen"),
        ]

    def __str__(self) -> str:
        return self.title


class PriceObservation(models.Model):
    """A price or availability from the moment it changed."""

    listing = models.ForeignKey(Listing, on_delete=models.CASCADE, related_name="price_history")
    observed_at = models.DateTimeField(default=timezone.now)
    price = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    availability = models.CharField(max_length=12, choices=Availability, blank=True)

    class Meta:
        ordering = ["listing", "observed_at", "id"]
        indexes = [models.Index(fields=["listing", "observed_at"], name="price_history_by_time")]

    def __str__(self) -> str:
        return f"{self.price} {self.currency} on {self.observed_at:%Y-%m-%d}"
