"""From a crawl into the catalog, in batches.

The crawl calls this in a process of its own: nothing here may touch the reactor. What the catalog
refuses is an answer, not an exception; an exception means that the database could not be written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from catalog.exceptions import DraftRejected, PhotoRejected
from catalog.models import Retailer
from catalog.services import (
    FoundPhoto,
    ListingResult,
    PhotoResult,
    listings_seen,
    listings_upsert,
    photos_known,
    photos_store,
)
from catalog.types import ListingDraft, Outcome


@dataclass(frozen=True, slots=True)
class ListingJob:
    """A draft of a retailer's listing."""

    retailer_id: int
    draft: ListingDraft


@dataclass(frozen=True, slots=True)
class PhotosJob:
    """The downloaded photos of a listing: together, so that the best of them is its cover."""

    photos: tuple[FoundPhoto, ...]


@dataclass(frozen=True, slots=True)
class SeenJob:
    """Listings whose page has not changed."""

    listing_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """The catalog did not take it; ``reason`` is an identifier."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class ListingStored:
    """What became of a draft."""

    listing_id: int
    outcome: Outcome
    known: frozenset[str]
    """Those of the draft's photo addresses that need no download."""


@dataclass(frozen=True, slots=True)
class PhotosStored:
    """What became of each photo of a job, in their order."""

    outcomes: tuple[Outcome | Refused, ...]


@dataclass(frozen=True, slots=True)
class SeenStored:
    """The listings were seen again."""

    photos: int
    """How many they have together."""


Job = ListingJob | PhotosJob | SeenJob
Result = ListingStored | PhotosStored | SeenStored | Refused


def jobs_store(jobs: Sequence[Job]) -> list[Result]:
    """Store drafts and photos; one result for each job, in their order.

    Raises:
        DatabaseError: the database cannot be written; what was stored is stored again unharmed.
    """
    results: dict[int, Result] = {}
    drafts = [(n, job) for n, job in enumerate(jobs) if isinstance(job, ListingJob)]
    photos = [(n, job) for n, job in enumerate(jobs) if isinstance(job, PhotosJob)]
    for retailer_id in {job.retailer_id for _, job in drafts}:
        own = [(n, job.draft) for n, job in drafts if job.retailer_id == retailer_id]
        stored = _listings(retailer_id, [draft for _, draft in own])
        results |= zip((n for n, _ in own), stored, strict=True)
    if seen := [(n, job) for n, job in enumerate(jobs) if isinstance(job, SeenJob)]:
        counts = listings_seen(ids=[number for _, job in seen for number in job.listing_ids])
        results |= {
            n: SeenStored(sum(counts[number] for number in job.listing_ids)) for n, job in seen
        }
    if photos:
        stored_photos = _photos([job for _, job in photos])
        results |= zip((n for n, _ in photos), stored_photos, strict=True)
    return [results[n] for n in range(len(jobs))]


def _listings(retailer_id: int, drafts: Sequence[ListingDraft]) -> list[Result]:
    retailer = Retailer.objects.get(pk=retailer_id)
    upserted = listings_upsert(retailer=retailer, drafts=drafts)
    told = list(zip(drafts, upserted, strict=True))
    wanted = [
        (result.listing, url)
        for draft, result in told
        if isinstance(result, ListingResult)
        for url in draft.image_urls
    ]
    known = photos_known(wanted=wanted)
    return [
        Refused(str(result.reason), result.message)
        if isinstance(result, DraftRejected)
        else ListingStored(
            result.listing.pk,
            result.outcome,
            frozenset(url for url in draft.image_urls if (result.listing.pk, url) in known),
        )
        for draft, result in told
    ]


def _photos(jobs: Sequence[PhotosJob]) -> list[Result]:
    stored = iter(photos_store([photo for job in jobs for photo in job.photos]))
    return [PhotosStored(tuple(_outcome(next(stored)) for _ in job.photos)) for job in jobs]


def _outcome(result: PhotoResult | PhotoRejected) -> Outcome | Refused:
    if isinstance(result, PhotoRejected):
        return Refused(str(result.reason), result.message)
    return result.outcome
