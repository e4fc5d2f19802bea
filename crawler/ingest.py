"""From a crawl into the catalog: batches of drafts and photos, one transaction each.

The crawl's process calls this in a thread (or process) of its own: nothing here may touch the
reactor. What the catalog refuses is an answer, not an exception; an exception means that nothing of
the batch was stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from catalog.exceptions import DraftRejected, PhotoRejected
from catalog.models import Listing, Retailer
from catalog.services import listing_upsert, photo_known, photo_store
from catalog.types import ListingDraft, Outcome


@dataclass(frozen=True, slots=True)
class ListingStored:
    """What became of a draft."""

    listing_id: int
    outcome: Outcome
    known: frozenset[str]
    """Those of the draft's photo addresses that need no download."""


@dataclass(frozen=True, slots=True)
class PhotoJob:
    """A downloaded photo of a listing."""

    listing_id: int
    url: str
    position: int
    content: bytes


@dataclass(frozen=True, slots=True)
class PhotoStored:
    """What became of a photo."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Refused:
    """The catalog did not take it; ``reason`` is an identifier."""

    reason: str
    message: str


Job = tuple[int, ListingDraft] | PhotoJob
"""(retailer id, draft), or a photo."""
Result = ListingStored | PhotoStored | Refused


def jobs_store(jobs: Sequence[Job]) -> list[Result]:
    """Store drafts and photos, in their order; one result for each.

    Raises:
        DatabaseError: the database cannot be written; nothing was stored.
    """
    with transaction.atomic():
        return [_photo(job) if isinstance(job, PhotoJob) else _listing(*job) for job in jobs]


def _listing(retailer_id: int, draft: ListingDraft) -> Result:
    retailer = Retailer(pk=retailer_id)
    try:
        with transaction.atomic():
            result = listing_upsert(retailer=retailer, draft=draft)
            known = frozenset(
                url
                for url in draft.image_urls
                if photo_known(url=url, listing=result.listing) is not None
            )
    except DraftRejected as error:
        return Refused(str(error.reason), error.message)
    return ListingStored(result.listing.pk, result.outcome, known)


def _photo(job: PhotoJob) -> Result:
    try:
        listing = Listing.objects.get(pk=job.listing_id)
        with transaction.atomic():
            result = photo_store(
                content=job.content, url=job.url, listing=listing, position=job.position
            )
    except PhotoRejected as error:
        return Refused(str(error.reason), error.message)
    return PhotoStored(result.outcome)
