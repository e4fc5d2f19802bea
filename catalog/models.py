"""What exists: brands, models, colorways, who sells them, and their photos."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone

from catalog.colours import CHOICES as COLOUR_CHOICES
from catalog.querysets import NamedQuerySet
from catalog.types import MAX_NAME, MAX_TITLE, MAX_URL


class Height(models.TextChoices):
    LOW = "low", "Low"
    MID = "mid", "Mid"
    HIGH = "high", "High"


class Category(models.TextChoices):
    """What kind of shoe; the word a shop would put over a shelf."""

    SNEAKER = "sneaker", "Sneakers"
    RUNNING = "running", "Running shoes"
    BASKETBALL = "basketball", "Basketball shoes"
    SPORT = "sport", "Sports shoes"
    CASUAL = "casual", "Casual shoes"
    FORMAL = "formal", "Formal shoes"
    BOOT = "boot", "Boots"
    SANDAL = "sandal", "Sandals"
    HEEL = "heel", "Heels"
    FLAT = "flat", "Flats"
    SLIP_ON = "slip-on", "Slip-ons"
    LOAFER = "loafer", "Loafers"
    FLIP_FLOP = "flip-flop", "Flip-flops"


class Gender(models.TextChoices):
    MEN = "men", "Men"
    WOMEN = "women", "Women"
    KIDS = "kids", "Kids"
    UNISEX = "unisex", "Unisex"


class Closure(models.TextChoices):
    LACES = "laces", "Laces"
    VELCRO = "velcro", "Velcro"
    SLIP_ON = "slip-on", "Slip-on"
    ZIP = "zip", "Zip"
    BUCKLE = "buckle", "Buckle"


class Availability(models.TextChoices):
    IN_STOCK = "in-stock", "In stock"
    OUT_OF_STOCK = "out-of-stock", "Sold out"
    PREORDER = "preorder", "Pre-order"
    VANISHED = "vanished", "No longer listed"


class View(models.TextChoices):
    LATERAL = "lateral", "Outer side"
    MEDIAL = "medial", "Inner side"
    TOP = "top", "From above"
    SOLE = "sole", "Sole"
    PAIR = "pair", "Pair"
    WORN = "worn", "Worn"


class ImageStatus(models.TextChoices):
    ACCEPTED = "accepted", "Accepted"
    REJECTED = "rejected", "Rejected"


class Stamped(models.Model):
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True


class Brand(Stamped):
    """The maker."""

    name = models.CharField(max_length=MAX_NAME)
    slug = models.SlugField(max_length=MAX_NAME, unique=True)

    objects = NamedQuerySet.as_manager()

    class Meta:
        ordering = [Lower("name")]
        constraints = [
            models.UniqueConstraint(Lower("name"), name="brand_name_unique"),
            models.CheckConstraint(condition=~Q(name=""), name="brand_name_given"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("catalog:brand", args=[self.slug])


class BrandAlias(models.Model):
    """Another way of writing a brand: "NB" for New Balance."""

    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, related_name="aliases")
    name = models.CharField(max_length=MAX_NAME)

    objects = NamedQuerySet.as_manager()

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

    objects = NamedQuerySet.as_manager()

    class Meta:
        ordering = [Lower("name")]
        constraints = [
            models.UniqueConstraint("brand", Lower("name"), name="model_name_unique_in_brand"),
            models.UniqueConstraint(fields=["brand", "slug"], name="model_slug_unique_in_brand"),
            models.CheckConstraint(condition=~Q(name=""), name="model_name_given"),
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

    objects = NamedQuerySet.as_manager()

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


class Colorway(Stamped):
    """One colour version of a model (schema.org Product).

    ``brand``, ``category``, ``height``, ``gender``, ``price`` and ``is_available`` repeat what the
    model and the listings say, so that one index serves each way of browsing; only
    catalog.services writes them.
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
    sort_name = models.CharField(max_length=MAX_NAME, blank=True, editable=False)
    """Brand, model and colour in lower case."""
    cover = models.ForeignKey(
        "ShoeImage",
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
        """Slugs in order, from the key; needs no query."""
        return tuple(self.colour_key.split("/")) if self.colour_key else ()


class ColorwayColour(models.Model):
    """A colour of a colorway, the main one first."""

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


def image_path(instance: ShoeImage, filename: str) -> str:
    """``photos/ab/cd/<sha256>.<format>``: two levels keep folders small at millions of photos."""
    digest = instance.sha256
    return f"photos/{digest[:2]}/{digest[2:4]}/{digest}.{instance.format.lower()}"


class ShoeImage(models.Model):
    """A stored photo, once per content."""

    sha256 = models.CharField(max_length=64, unique=True, editable=False)
    """Of the bytes as they were received, before orienting."""
    perceptual_hash = models.CharField(max_length=16, blank=True, editable=False, db_index=True)
    """64-bit difference hash as hex, of the upright photo shrunk to 256 px."""
    file = models.ImageField(upload_to=image_path, max_length=200)
    """The bytes as received. No width_field: Django would measure them before they are turned."""
    format = models.CharField(max_length=8, editable=False)
    byte_size = models.PositiveIntegerField(editable=False)
    width = models.PositiveIntegerField(editable=False)
    """Of the upright photo, in pixels."""
    height = models.PositiveIntegerField(editable=False)
    view = models.CharField(max_length=8, choices=View, blank=True)
    status = models.CharField(max_length=8, choices=ImageStatus, default=ImageStatus.ACCEPTED)
    rejection = models.CharField(max_length=40, blank=True)
    colorway = models.ForeignKey(
        Colorway, on_delete=models.SET_NULL, null=True, blank=True, related_name="images"
    )
    """The colorway it was first seen with; others are told by its sources."""
    obtained_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["colorway", "id"], name="image_colorway"),
            models.Index(fields=["status", "id"], name="image_status"),
            models.Index(fields=["updated_at"], name="image_updated"),
        ]

    def __str__(self) -> str:
        return f"{self.sha256[:12]} ({self.width} × {self.height})"

    def get_absolute_url(self) -> str:
        return str(self.file.url)


class ImageSource(models.Model):
    """Where a photo was got: one row for each address that led to it."""

    image = models.ForeignKey(ShoeImage, on_delete=models.CASCADE, related_name="sources")
    url = models.CharField(max_length=MAX_URL)
    """http(s) address, or a file: path for imports."""
    url_sha256 = models.CharField(max_length=64, editable=False)
    listing = models.ForeignKey(
        Listing, on_delete=models.SET_NULL, null=True, blank=True, related_name="image_sources"
    )
    position = models.PositiveSmallIntegerField(default=0)
    first_seen_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["image", "position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["image", "url_sha256", "listing"], name="image_source_unique"
            ),
            models.UniqueConstraint(
                fields=["image", "url_sha256"],
                condition=Q(listing=None),
                name="image_source_unique_without_listing",
            ),
        ]
        indexes = [models.Index(fields=["url_sha256"], name="image_source_url")]

    def __str__(self) -> str:
        return self.url
