"""A shop's page becomes a listing of a colorway. The same page twice changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, QuerySet, Value
from django.db.models.functions import Greatest
from django.utils import timezone

from catalog.models import (
    Availability,
    Colorway,
    ImageSource,
    Listing,
    PriceObservation,
    Retailer,
)
from catalog.services.colorways import (
    colorway_rename,
    colorways_refresh,
    images_follow,
)
from catalog.services.drafts import draft_clean, draft_published, is_web, url_digest
from catalog.services.identity import NameLookup, draft_identify
from catalog.services.title_notes import title_review_note
from catalog.text import name_clean, slug_for
from catalog.types import MAX_URL, ListingDraft, Outcome

BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingResult:
    """What became of a page."""

    listing: Listing
    outcome: Outcome
    colorway_created: bool = False
    model_created: bool = False


def listing_upsert(*, retailer: Retailer, draft: ListingDraft) -> ListingResult:
    """Store what a shop's page says, once.

    The brand is found by name or alias (created when new); the model by its group's name or alias,
    else by the title without brand and colour; the colorway by style code (mpn, else sku), else by
    its colours. Without a brand or a model the listing stands alone and keeps its title. A page
    that says what it said before touches ``last_seen_at`` and nothing else.

    Raises:
        DraftRejected: the page cannot be read as a product.
    """
    draft = draft_clean(draft)
    seen_at = draft.seen_at or timezone.now()
    published = draft_published(draft)
    known = _known(retailer, draft)
    if known is not None and listing_says_the_same(known, draft, published):
        Listing.objects.filter(pk=known.pk, last_seen_at__lt=seen_at).update(
            last_seen_at=seen_at, missing_since=None
        )
        known.last_seen_at = max(known.last_seen_at, seen_at)
        return ListingResult(listing=known, outcome=Outcome.UNCHANGED)
    with transaction.atomic():
        return listing_write(retailer, draft, published, seen_at, known)


def _known(retailer: Retailer, draft: ListingDraft) -> Listing | None:
    rows = Listing.objects.order_by("pk").filter(
        retailer=retailer, url_sha256=url_digest(draft.url)
    )
    return rows.first()


def listing_says_the_same(known: Listing, draft: ListingDraft, published: dict[str, str]) -> bool:
    """Unless it had vanished, or its brand may have become known meanwhile."""
    return (
        known.colorway_id is not None
        and known.vanished_at is None
        and known.published == published
        and _offer(known) == _offer(draft)
    )


def listing_write(
    retailer: Retailer,
    draft: ListingDraft,
    published: dict[str, str],
    seen_at: datetime,
    known: Listing | None,
    *,
    names: NameLookup | None = None,
) -> ListingResult:
    """Store a cleaned draft that is new or says something else; within a transaction.

    Args:
        known: the listing of its address, if there is one.
        names: remembers brands and models between the drafts of one transaction.
    """
    current = known.colorway if known else None
    identity = draft_identify(retailer, draft, current, names=names)
    colorway = identity.colorway
    if (
        identity.reading is not None
        and current is not None
        and known
        and known.title == draft.title
    ):
        # Read before, maybe by a person: the same words are not read into something else.
        colorway = current
    told: dict[str, Any] = {
        "title": draft.title,
        "sku": draft.sku,
        "gtin": draft.gtin,
        "group_id": draft.group_id,
        "published": published,
        "price": draft.price,
        "currency": draft.currency,
        "availability": draft.availability,
        "vanished_at": None,
        "missing_since": None,
    }
    if colorway is not None:
        # Where the page tells none, one that somebody chose by hand stays.
        told["colorway"] = colorway
    listing, created = _row(retailer, draft, told, seen_at, is_known=known is not None)
    outcome = Outcome.CREATED if created else _update(listing, told, seen_at)
    if created:
        price_observe(listing, seen_at)
        # A colorway that was made for it repeats it already.
        if colorway is not None and not identity.colorway_created:
            _follow_colours(colorway, draft.colour)
            colorways_refresh([colorway.pk], touch=True, covers=False)
    if identity.reading is not None:
        title_review_note(listing=listing, reading=identity.reading)
    return ListingResult(
        listing=listing,
        outcome=outcome,
        colorway_created=identity.colorway_created,
        model_created=identity.model_created,
    )


def _update(listing: Listing, told: dict[str, Any], seen_at: datetime) -> Outcome:
    """Bring a listing to what its page tells now, with all that follows from it."""
    before, old_offer, old_colorway = _state(listing), _offer(listing), listing.colorway_id
    for field, value in told.items():
        setattr(listing, field, value)
    listing.last_seen_at = max(listing.last_seen_at, seen_at)
    changed = before != _state(listing)
    if changed:
        listing.changed_at = timezone.now()
    listing.save()
    if not changed:
        return Outcome.UNCHANGED
    if _offer(listing) != old_offer:
        price_observe(listing, seen_at)
    if listing.colorway is not None:
        _follow_colours(listing.colorway, listing.published.get("colour", ""))
    moved = old_colorway is not None and listing.colorway_id not in {None, old_colorway}
    if moved and old_colorway is not None:
        images_follow([listing.pk], old=old_colorway)
    affected = {number for number in (old_colorway, listing.colorway_id) if number}
    colorways_refresh(affected, touch=True, covers=moved)
    return Outcome.UPDATED


def _row(
    retailer: Retailer, draft: ListingDraft, told: dict[str, Any], seen_at: datetime, is_known: bool
) -> tuple[Listing, bool]:
    """The listing of this address, locked, or a new one that says what is ``told``."""
    rows = Listing.objects.select_for_update(of=("self",), no_key=True).order_by("pk")
    key: dict[str, Any] = {"retailer": retailer, "url_sha256": url_digest(draft.url)}
    if is_known and (row := rows.filter(**key).first()) is not None:
        return row, False
    try:
        with transaction.atomic():
            return Listing.objects.create(
                **key,
                **told,
                url=draft.url,
                first_seen_at=seen_at,
                last_seen_at=seen_at,
                changed_at=seen_at,
            ), True
    except IntegrityError:
        return rows.get(**key), False


def _follow_colours(colorway: Colorway, told: str) -> None:
    """A shop corrects its colour text: follow it where no other listing says otherwise."""
    if not told or colorway.name == told:
        return
    if not colorway.name or colorway.listings.count() <= 1:
        colorway_rename(colorway=colorway, name=told)


def price_observe(listing: Listing, at: datetime) -> None:
    """Note the listing's offer as it is from now on."""
    PriceObservation.objects.create(
        listing=listing,
        observed_at=at,
        price=listing.price,
        currency=listing.currency,
        availability=listing.availability,
    )


def _offer(row: Listing | ListingDraft) -> tuple[Decimal | None, str, str]:
    return (row.price, row.currency, row.availability)


def _state(row: Listing) -> tuple[object, ...]:
    """All that counts as a change of a listing."""
    return (*_offer(row), row.title, row.sku, row.gtin, row.group_id, dict(row.published),
            row.colorway_id, row.vanished_at)  # fmt: skip


def listings_seen(*, ids: Sequence[int]) -> Counter[int]:
    """Note that listings, with their photos, stand where they stood; nothing else changes.

    Returns:
        How many photos each of them has.
    """
    now = timezone.now()
    photos: Counter[int] = Counter()
    for start in range(0, len(ids), BATCH):
        part = ids[start : start + BATCH]
        # The clock may have gone back since.
        latest = Greatest("last_seen_at", Value(now))
        Listing.objects.filter(pk__in=part).update(last_seen_at=latest, missing_since=None)
        sources = ImageSource.objects.filter(listing__in=part)
        sources.update(last_seen_at=latest)
        photos.update(dict(sources.order_by().values_list("listing").annotate(n=Count("pk"))))
    return photos


def listings_mark_vanished(
    *, retailer: Retailer, not_seen_since: datetime, spared: Collection[int] = ()
) -> tuple[int, int]:
    """Mark the shop's listings that a whole crawl since then has not met.

    The first such crawl notes a listing as missing, the second in a row as vanished. It stays, with
    its history; the next crawl that meets it takes the mark away.

    Args:
        spared: ids of listings of which the crawl could not say whether they are there.

    Returns:
        How many are newly missing, and how many were marked as vanished.
    """
    unseen = Listing.objects.filter(
        retailer=retailer, vanished_at=None, last_seen_at__lt=not_seen_since
    ).exclude(pk__in=spared)
    marked = _mark_vanished(unseen.filter(missing_since__lt=not_seen_since))
    return unseen.filter(missing_since=None).update(missing_since=not_seen_since), marked


def _mark_vanished(missing: QuerySet[Listing]) -> int:
    marked = 0
    while True:
        with transaction.atomic():
            rows = list(missing.select_for_update(no_key=True).order_by("id")[:BATCH])
            if not rows:
                return marked
            now = timezone.now()
            for row in rows:
                row.vanished_at = row.changed_at = now
                row.availability = Availability.VANISHED
            Listing.objects.bulk_update(rows, ["vanished_at", "changed_at", "availability"])
            PriceObservation.objects.bulk_create(
                PriceObservation(
                    listing=row,
                    observed_at=now,
                    price=row.price,
                    currency=row.currency,
                    availability=row.availability,
                )
                for row in rows
            )
            colorways_refresh(
                {row.colorway_id for row in rows if row.colorway_id}, touch=True, covers=False
            )
            marked += len(rows)


def retailer_get_or_create(*, name: str, website: str = "") -> Retailer:
    """The shop of this name. Safe against a second caller at the same time."""
    name = name_clean(name) or "Unnamed shop"
    website = website if len(website) <= MAX_URL and is_web(website) else ""
    slug = slug_for(name, fallback="shop")
    for attempt in range(8):
        if (row := Retailer.objects.filter(name=name).first()) is not None:
            return row
        try:
            with transaction.atomic():
                return Retailer.objects.create(
                    name=name,
                    website=website,
                    slug=slug if attempt == 0 else f"{slug}-{attempt + 1}",
                )
        except IntegrityError:
            continue
    raise IntegrityError(f"no free slug for “{name}”")
