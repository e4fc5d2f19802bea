"""What spiders yield."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.types import ListingDraft


@dataclass(slots=True)
class ProductItem:
    """A product of a shop's page, on its way into the catalog."""

    draft: ListingDraft
    key: int
    """Of the request that it came from, see `crawler.scraping.context.KEY`."""
    listing_id: int | None = None
    known: frozenset[str] = frozenset()
    """Photo addresses that need no download; set with ``listing_id`` when the listing is stored."""


@dataclass(slots=True)
class PhotoItem:
    """A photo of listings that are stored already."""

    url: str
    content: bytes
    places: tuple[tuple[int, int], ...]
    """(listing id, position) of each listing that shows it."""
    key: int


@dataclass(slots=True)
class SeenItem:
    """Listings whose page says what it said before."""

    listing_ids: tuple[int, ...]
    key: int
    """Of the request for the page."""


Item = ProductItem | PhotoItem | SeenItem
