"""Listings, shops and colorways deleted by hand: photos stay, and all that repeats them follows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from catalog.models import Colorway, ImageSource, Listing, Retailer, ShoeImage
from catalog.services.colorways import colorways_refresh

BATCH: Final = 500


def listings_delete(*, listings: QuerySet[Listing]) -> int:
    """Delete listings with their price history; how many. Their photos stay, and where each was got
    stays known without the listing. Interrupted, what was done stays."""
    deleted = 0
    rows = listings.order_by("pk").values_list("pk", "colorway_id")
    while batch := dict(rows[:BATCH]):
        with transaction.atomic():
            _let_go(list(batch))
            Listing.objects.filter(pk__in=batch).delete()
            colorways_refresh({number for number in batch.values() if number}, touch=True)
        deleted += len(batch)
    return deleted


def retailer_delete(*, retailer: Retailer) -> None:
    """Delete a shop with its listings.

    Raises:
        ProtectedError: a crawl source is of this shop.
    """
    with transaction.atomic():
        listings_delete(listings=Listing.objects.filter(retailer=retailer))
        retailer.delete()


def colorways_delete(*, colorways: QuerySet[Colorway]) -> int:
    """Delete colorways; how many. Listings and photos stay, without one: the next crawl that meets
    such a listing finds its colorway again, or makes it anew."""
    deleted = 0
    while batch := list(colorways.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic():
            shown = Q(colorway__in=batch) | Q(sources__listing__colorway__in=batch)
            images = list(ShoeImage.objects.filter(shown).values_list("pk", flat=True).distinct())
            Colorway.objects.filter(pk__in=batch).delete()
            for start in range(0, len(images), BATCH):
                some = ShoeImage.objects.filter(pk__in=images[start : start + BATCH])
                some.update(updated_at=timezone.now())
        deleted += len(batch)
    return deleted


def _let_go(listings: Sequence[int]) -> None:
    """Delete the places of photos that could not be told apart without their listing."""
    places = ImageSource.objects.filter(listing__in=listings).order_by("pk")
    told = list(places.values_list("pk", "image_id", "url_sha256"))
    without = ImageSource.objects.filter(listing=None, image__in={image for _, image, _ in told})
    taken = set(without.values_list("image_id", "url_sha256"))
    twice: list[int] = []
    for number, image, digest in told:
        if (image, digest) in taken:
            twice.append(number)
        taken.add((image, digest))
    ImageSource.objects.filter(pk__in=twice).delete()
