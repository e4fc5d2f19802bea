"""Many drafts or photos at once, for crawls: the same rows as one call for each, fewer queries.

What is common (a page that says what it said before, a photo at an address of its own) is written
for the whole batch; whatever is not goes through `listing_upsert`, `photo_known` and `photo_store`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import Min
from django.utils import timezone

from catalog.exceptions import DraftRejected, PhotoRejected
from catalog.models import Colorway, ImageSource, ImageStatus, Listing, Retailer, ShoeImage
from catalog.services.colorways import LATERAL_FIRST, colorways_refresh
from catalog.services.drafts import draft_clean, draft_published, url_digest
from catalog.services.identity import NameLookup
from catalog.services.listings import ListingResult, listing_says_the_same, listing_write
from catalog.services.photos import (
    PhotoResult,
    file_write,
    image_from,
    image_is_whole,
    photo_known,
    photo_store,
    source_url,
)
from catalog.types import ListingDraft, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPhoto:
    """The bytes at an address that a listing's page shows."""

    listing_id: int
    url: str
    content: bytes
    position: int = 0


def listings_upsert(
    *, retailer: Retailer, drafts: Sequence[ListingDraft]
) -> list[ListingResult | DraftRejected]:
    """`listing_upsert` for each draft, in order; a refusal stands in the place of its draft."""
    results: list[ListingResult | DraftRejected | None] = [None] * len(drafts)
    cleaned: dict[int, ListingDraft] = {}
    for place, draft in enumerate(drafts):
        try:
            cleaned[place] = draft_clean(draft)
        except DraftRejected as error:
            results[place] = error
    with transaction.atomic():
        digests = {place: url_digest(draft.url) for place, draft in cleaned.items()}
        rows = Listing.objects.filter(retailer=retailer, url_sha256__in=set(digests.values()))
        known = {row.url_sha256: row for row in rows}
        now = timezone.now()
        same: list[int] = []
        for place, draft in cleaned.items():
            row = known.get(digests[place])
            if (
                row is not None
                and draft.seen_at is None
                and listing_says_the_same(row, draft, draft_published(draft))
            ):
                row.last_seen_at = max(row.last_seen_at, now)
                same.append(row.pk)
                results[place] = ListingResult(listing=row, outcome=Outcome.UNCHANGED)
        Listing.objects.filter(pk__in=same, last_seen_at__lt=now).update(
            last_seen_at=now, missing_since=None
        )
        new = (draft.brand for place, draft in cleaned.items() if results[place] is None)
        names = NameLookup(new)
        for place, draft in cleaned.items():
            if results[place] is not None:
                continue
            digest, seen_at = digests[place], draft.seen_at or now
            published = draft_published(draft)
            result = listing_write(
                retailer, draft, published, seen_at, known.get(digest), names=names
            )
            # The same address may come twice in one batch.
            known[digest], results[place] = result.listing, result
    return [result for result in results if result is not None]


def photos_known(*, wanted: Sequence[tuple[Listing, str]]) -> dict[tuple[int, str], ShoeImage]:
    """`photo_known` for pairs of a listing and an address, all of one retailer.

    Returns:
        (listing id, address) → the photo, for those that need no download.
    """
    digests = {url: url_digest(source_url(url)) for _, url in wanted}
    retailers = {listing.retailer_id for listing, _ in wanted}
    sources = ImageSource.objects.filter(
        url_sha256__in=set(digests.values()), listing__retailer__in=retailers
    ).select_related("image")
    own = {(s.listing_id, s.url_sha256): s for s in sources.order_by("last_seen_at", "id")}
    told = {digest for _, digest in own}
    known: dict[tuple[int, str], ShoeImage] = {}
    seen: list[int] = []
    for listing, url in wanted:
        source = own.get((listing.pk, digests[url]))
        if source is not None and source.image.colorway_id is not None:
            if image_is_whole(source.image):
                known[listing.pk, url] = source.image
                seen.append(source.pk)
        elif digests[url] in told and (image := photo_known(url=url, listing=listing)):
            known[listing.pk, url] = image
    ImageSource.objects.filter(pk__in=seen).update(last_seen_at=timezone.now())
    return known


def photos_store(photos: Sequence[FoundPhoto]) -> list[PhotoResult | PhotoRejected]:
    """`photo_store` for each photo, in their order; a refusal stands in the place of its photo."""
    digests = [hashlib.sha256(photo.content).hexdigest() for photo in photos]
    images = {row.sha256: row for row in ShoeImage.objects.filter(sha256__in=set(digests))}
    listings = Listing.objects.in_bulk({photo.listing_id for photo in photos})
    results: list[PhotoResult | PhotoRejected | None] = [None] * len(photos)
    fresh: dict[str, ShoeImage] = {}
    refused: dict[str, PhotoRejected] = {}
    for place, (photo, digest) in enumerate(zip(photos, digests, strict=True)):
        row = images.get(digest)
        if digest in fresh or (row is not None and image_is_whole(row)):
            continue
        if digest in refused:
            results[place] = refused[digest]
            continue
        try:
            unsaved = image_from(photo.content, digest, photo.url)
        except PhotoRejected as error:
            results[place] = refused[digest] = error
            continue
        # The file before the row, as in photo_store.
        file_write(unsaved.file.storage, str(unsaved.file.name), photo.content)
        if row is None:
            listing = listings.get(photo.listing_id)
            unsaved.colorway_id = listing.colorway_id if listing else None
            fresh[digest] = unsaved
    try:
        with transaction.atomic():
            ShoeImage.objects.bulk_create(fresh.values())
            _note_places(photos, digests, {**images, **fresh}, fresh, listings, results)
    except IntegrityError:
        # Somebody stored one of them meanwhile: one by one, each finds what is there.
        return [_store_alone(photo, listings) for photo in photos]
    return [result for result in results if result is not None]


def _note_places(
    photos: Sequence[FoundPhoto],
    digests: Sequence[str],
    images: dict[str, ShoeImage],
    fresh: dict[str, ShoeImage],
    listings: dict[int, Listing],
    results: list[PhotoResult | PhotoRejected | None],
) -> None:
    """Write where each photo was got, give colorways their covers, and fill in ``results``."""
    now = timezone.now()
    numbers = {image.pk for digest, image in images.items() if digest not in fresh}
    old = ImageSource.objects.filter(image__in=numbers, listing__in=listings)
    noted = {(s.image_id, s.url_sha256, s.listing_id): s.pk for s in old}
    new: dict[tuple[int, str, int | None], ImageSource] = {}
    seen: list[int] = []
    told_created: set[str] = set()
    affected: set[int] = set()
    for place, (photo, digest) in enumerate(zip(photos, digests, strict=True)):
        if results[place] is not None:
            continue
        image, listing = images[digest], listings.get(photo.listing_id)
        if listing is None or (digest not in fresh and image.colorway_id is None):
            # A listing that is gone, or a photo that is to get its colorway only now.
            results[place] = _store_alone(photo, listings)
            continue
        url = source_url(photo.url)
        key = (image.pk, url_digest(url), photo.listing_id)
        if key in noted:
            seen.append(noted[key])
        elif key not in new:
            new[key] = ImageSource(
                image=image,
                url=url,
                url_sha256=key[1],
                listing_id=photo.listing_id,
                position=min(max(photo.position, 0), 32767),
                first_seen_at=now,
                last_seen_at=now,
            )
        outcome = Outcome.UPDATED if key in new else Outcome.UNCHANGED
        if digest in fresh and digest not in told_created:
            told_created.add(digest)
            outcome = Outcome.CREATED
        if listing.colorway_id is not None:
            affected.add(listing.colorway_id)
        results[place] = PhotoResult(image=image, outcome=outcome)
    ImageSource.objects.bulk_create(new.values())
    ImageSource.objects.filter(pk__in=seen).update(last_seen_at=now)
    _give_covers(affected)


def _give_covers(numbers: Iterable[int]) -> None:
    """Covers for colorways that have none, as `colorways_refresh` would choose them."""
    without = set(
        Colorway.objects.filter(pk__in=set(numbers), cover=None).values_list("id", flat=True)
    )
    if not without:
        return
    best = (
        ShoeImage.objects.filter(colorway__in=without, status=ImageStatus.ACCEPTED)
        .values_list("id", "colorway_id")
        .annotate(place=Min("sources__position"))
        .order_by(LATERAL_FIRST, "place", "id")
    )
    covers: dict[int, int] = {}
    for image, colorway, _ in best:
        covers.setdefault(colorway or 0, image)
    for number, image in covers.items():
        Colorway.objects.filter(pk=number).update(cover=image)
    colorways_refresh(without - covers.keys())


def _store_alone(photo: FoundPhoto, listings: dict[int, Listing]) -> PhotoResult | PhotoRejected:
    try:
        return photo_store(
            content=photo.content,
            url=photo.url,
            listing=listings.get(photo.listing_id),
            position=photo.position,
        )
    except PhotoRejected as error:
        return error
