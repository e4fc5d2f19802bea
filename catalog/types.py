"""Values that cross the border of the catalog: what a crawl or an import hands in."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

MAX_NAME = 200
MAX_TITLE = 500
MAX_URL = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingDraft:
    """A shop's page for one colorway, as published; every text is untrusted until cleaned here."""

    url: str
    """Canonical address of the page; with the retailer it identifies the listing."""
    title: str
    sku: str = ""
    mpn: str = ""
    """The maker's style code. Where absent, ``sku`` stands in for it."""
    gtin: str = ""
    brand: str = ""
    model: str = ""
    """Name of the ProductGroup; empty when the page does not tell it."""
    group_id: str = ""
    """The shop's own id of the ProductGroup."""
    colour: str = ""
    """As published: "Core Black / White"."""
    category: str = ""
    gender: str = ""
    material: str = ""
    price: Decimal | None = None
    currency: str = ""
    """ISO 4217, upper case; empty when unknown."""
    availability: str = ""
    """A catalog.models.Availability value; empty when unknown."""
    description: str = ""
    licence: str = ""
    """What is said about using its photos."""
    image_urls: tuple[str, ...] = field(default_factory=tuple)
    seen_at: datetime | None = None


class Outcome(StrEnum):
    """What a write did."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


class PhotoRejection(StrEnum):
    """Why a photo was not taken in; stored, counted and shown by this value."""

    EMPTY = "empty"
    TOO_MANY_BYTES = "too-many-bytes"
    TOO_MANY_PIXELS = "too-many-pixels"
    TOO_SMALL = "too-small"
    NOT_AN_IMAGE = "not-an-image"
    TRUNCATED = "truncated"
    UNSUPPORTED_FORMAT = "unsupported-format"


class DraftRejection(StrEnum):
    """Why a shop's page did not become a listing."""

    URL_INVALID = "url-invalid"
    TITLE_MISSING = "title-missing"
