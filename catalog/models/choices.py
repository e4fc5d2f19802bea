"""Vocabularies that are stored by their values."""

from __future__ import annotations

from django.db import models


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


class ViewBy(models.TextChoices):
    """Who told a photo's view."""

    STATED = "stated", "Its name or label"
    PREDICTED = "predicted", "The encoder"
    PERSON = "person", "A person"


class ImageStatus(models.TextChoices):
    ACCEPTED = "accepted", "Accepted"
    REJECTED = "rejected", "Rejected"
