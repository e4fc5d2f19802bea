"""Values that pass between the crawl's process, its services and the catalog."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import time
from pathlib import Path
from typing import Any

from crawler.kinds import Params

PREVIEW_ITEMS = 10
"""Products that a dry run shows."""

COUNTS = (
    "pages", "pages_unchanged", "products",
    "listings_new", "listings_changed", "listings_unchanged",
    "photos_new", "photos_known", "photos_rejected",
)  # fmt: skip
"""Names of `RunCounts.columns`, and of CrawlRun's columns."""


FIELDS = {
    "brand": "brand", "colour": "colour", "price": "price", "currency": "currency",
    "code": "style code or number", "availability": "stock", "photo": "photo",
}  # fmt: skip
"""What a product read should have → its name for people."""
FIELD_PREFIX = "field:"
"""Of the names under which a run counts products by what they have: ``read`` for all that were
read anew, each of `FIELDS`, and ``lost`` for pages that gave products before and give none now."""
FRONTIER = "frontier.sqlite3"
"""In a run's folder: what is still to be asked for (`crawler.scraping.frontier`)."""
GOOD_PAGE, BAD_PAGE = "good.json.gz", "bad.json.gz"
"""Names of kept pages, in a run's folder while it runs, then in its source's."""

GONE = ("http-404", "http-410")
"""Kinds of problem that say: there is nothing here any more."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that could not be read, or was left out on purpose."""

    kind: str
    """An identifier in the form of ``http-404`` or ``not-an-image``."""
    url: str
    message: str
    is_notice: bool = False
    retry_after: float | None = None
    """Seconds that the shop asks to wait, where it says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A page or photo that failed for a reason that may pass, as a run notes it."""

    url: str
    kind: str
    """A DeadLetter.Kind value."""
    reason: str
    """A kind of problem: ``timeout``, ``http-503`` …"""
    message: str
    request: Mapping[str, Any]
    """What asks for it again, as the frontier keeps it."""
    listings: tuple[int, ...] = ()
    """Ids of the listings that the page was about when it was last read."""
    retry_after: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownLetter:
    """One that earlier runs noted."""

    url: str
    told: str
    """Why it is left out until then, in a sentence."""
    due: float
    """When it may be asked for again, seconds since the epoch; 0: in this run."""
    held: float = 0.0
    """Until when the shop asks to be left in peace, seconds since the epoch: that holds for seeds
    and lists too, which are asked for at each run otherwise."""
    request: Mapping[str, Any] | None
    """What asks for it, where this run is to do so by itself; None: only if a page leads to it."""


@dataclass(frozen=True, slots=True)
class RunCounts:
    """What a run counted up to a moment."""

    columns: Mapping[str, int] = field(default_factory=dict)
    kinds: tuple[tuple[str, bool, int, list[dict[str, str]]], ...] = ()
    """(kind, is a notice, count, examples) of each kind of problem."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """All that the crawl's process needs to know: a run and its source, as read at the start."""

    run_id: int
    retailer_id: int
    spider: str
    seeds: tuple[str, ...]
    hosts: tuple[str, ...]
    directory: Path
    delay: float | None
    concurrency: int
    max_photos: int
    max_pages: int | None
    max_seconds: float | None
    max_bytes: int | None
    params: Params = field(default_factory=Params)
    """What the kind of source is told; of the class that its spider expects."""
    is_dry_run: bool = False
    is_retry: bool = False
    """Asks for its letters only, and for what lists among them lead to."""
    letters: Sequence[KnownLetter] = ()
    letters_left: int = 0
    """How many more the run may note."""
    memory: Path | None = None
    """The file that remembers what pages said before; None: everything is read anew."""
    alive: Sequence[int] = ()
    """Ids of the shop's listings that have not vanished, ascending."""
    missing: tuple[str, ...] = ()
    """Addresses of listings that the last complete run did not meet."""
    quota_bytes: int | None = None
    """What the run may download by its source's quota, earlier attempts included."""
    quota_photos: int | None = None
    """New photos that the run may store by its source's quota, earlier attempts included."""
    expected: frozenset[str] = frozenset()
    """Those of `FIELDS` that practically all products had so far."""
    quiet: tuple[time, time] | None = None
    """Hours in which the run pauses."""
    seconds: float = 0.0
    """Time and bytes that earlier attempts took."""
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class RunEnd:
    """Why the crawl's process ended."""

    reason: str
    """``finished``, ``cancelled``, ``shutdown``, ``limit-…``, one of CrawlRun.PAUSES or, as
    ``failed``, with a message."""
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A product as a dry run shows it: everything as text, ready for a card."""

    url: str
    title: str
    brand: str = ""
    model: str = ""
    colour: str = ""
    colours: tuple[str, ...] = ()
    """The catalog's words for them, in order."""
    code: str = ""
    """Style code, else the shop's number."""
    price: str = ""
    currency: str = ""
    availability: str = ""
    photos: tuple[str, ...] = ()
    """Addresses of all its photos."""
    thumbnail: str = ""
    """The first photo, small, as a data: address; "" where it could not be read."""
    notes: tuple[str, ...] = ()
    """What is missing or would be refused, in sentences."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)
