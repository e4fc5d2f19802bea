"""One brand, one model, one colorway, with all that its page tells."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Prefetch, Q

from catalog.models import (
    Brand,
    Colorway,
    ColorwayRedirect,
    ImageSource,
    ImageStatus,
    Listing,
    PriceObservation,
    ShoeImage,
    ShoeModel,
    View,
)
from catalog.selectors.cards import ColorwayCard, colorway_cards

MAX_SIBLINGS = 24
MAX_HISTORY = 100
"""Observations of one listing that a page shows, the latest."""


@dataclass(frozen=True, slots=True)
class ListingDetail:
    listing: Listing
    history: tuple[PriceObservation, ...]
    """Oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColorwayDetail:
    colorway: Colorway
    """With its model and brand."""
    card: ColorwayCard
    photos: tuple[ShoeImage, ...]
    """Accepted ones, each angle before repeats (`angles_first`), with their sources and those's
    shops."""
    listings: tuple[ListingDetail, ...]
    """Those that a shop still has first, the cheapest before."""
    siblings: tuple[ColorwayCard, ...]
    """Other colorways of the model."""


def brand_get(*, slug: str) -> Brand | None:
    """A brand with its aliases. 2 queries."""
    return Brand.objects.prefetch_related("aliases").filter(slug=slug).first()


def model_get(*, brand_slug: str, slug: str) -> ShoeModel | None:
    """A model with its brand, its aliases and what it was merged into. 2 queries."""
    return (
        ShoeModel.objects.select_related("brand", "merged_into__brand")
        .prefetch_related("aliases")
        .filter(brand__slug=brand_slug, slug=slug)
        .first()
    )


def colorway_moved_to(*, colorway_id: int) -> int | None:
    """The colorway that took in one of this number, if a merge did that. 1 query."""
    return (
        ColorwayRedirect.objects.filter(old_id=colorway_id)
        .values_list("colorway_id", flat=True)
        .first()
    )


def colorway_detail(*, colorway_id: int) -> ColorwayDetail | None:
    """Everything that the page of a colorway tells. 10 queries."""
    colorway = Colorway.objects.select_related("model__brand").filter(pk=colorway_id).first()
    if colorway is None:
        return None
    others = list(
        Colorway.objects.filter(model_id=colorway.model_id)
        .exclude(pk=colorway_id)
        .order_by("-is_available", "-id")
        .values_list("id", flat=True)[:MAX_SIBLINGS]
    )
    cards = colorway_cards([colorway_id, *others])
    card = cards.pop(colorway_id, None)
    if card is None:  # Deleted between two queries.
        return None
    return ColorwayDetail(
        colorway=colorway,
        card=card,
        photos=_photos(colorway),
        listings=_listings(colorway),
        siblings=tuple(cards.values()),
    )


def _photos(colorway: Colorway) -> tuple[ShoeImage, ...]:
    sources = ImageSource.objects.select_related("listing__retailer").order_by("position", "id")
    rows = (
        ShoeImage.objects.filter(
            Q(colorway=colorway)
            | Q(id__in=ImageSource.objects.filter(listing__colorway=colorway).values("image")),
            status=ImageStatus.ACCEPTED,
        )
        .prefetch_related(Prefetch("sources", queryset=sources))
        .order_by("id")
    )

    def place(photo: ShoeImage) -> tuple[bool, int, int]:
        positions = [source.position for source in photo.sources.all()]
        return (photo.pk != colorway.cover_id, min(positions, default=0), photo.pk)

    return angles_first(sorted(rows, key=place))


def angles_first(photos: Sequence[ShoeImage]) -> tuple[ShoeImage, ...]:
    """A lateral view first, then one of each other view, then those of no known view, then repeats;
    within each in the order of ``photos``."""
    lead = next((photo for photo in photos if photo.view == View.LATERAL), None)
    shown: set[str] = set()
    place: dict[int, int] = {}
    for photo in photos:
        is_new = bool(photo.view) and photo.view not in shown
        shown.add(photo.view)
        place[photo.pk] = 0 if photo is lead else 1 if is_new else 3 if photo.view else 2
    return tuple(sorted(photos, key=lambda photo: place[photo.pk]))


def _listings(colorway: Colorway) -> tuple[ListingDetail, ...]:
    rows = list(colorway.listings.select_related("retailer"))
    history: dict[int, list[PriceObservation]] = defaultdict(list)
    for seen in PriceObservation.objects.filter(listing__in=rows).order_by("observed_at", "id"):
        history[seen.listing_id].append(seen)
    rows.sort(key=lambda row: (row.vanished_at is not None, row.price is None, row.price or 0))
    return tuple(ListingDetail(row, tuple(history[row.pk][-MAX_HISTORY:])) for row in rows)
