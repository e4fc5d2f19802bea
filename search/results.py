"""The answer as a value: what a page, the API and the command line show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from catalog.selectors import ColorwayCard
    from search.query import Query
    from search.types import Hit


@dataclass(frozen=True, slots=True)
class PhotoHit:
    """A photo that answers, with its address."""

    image_id: int
    score: float
    url: str


@dataclass(frozen=True, slots=True)
class Result:
    """A colorway that answers: its best photo leads, its other photos found are attached."""

    card: ColorwayCard
    score: float
    hit: Hit
    image_url: str
    others: tuple[PhotoHit, ...] = ()
    """Best first, without the leading one."""
    why: Mapping[str, float] = field(default_factory=dict)
    """Named shares of the score; see ``search.fusion``."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model that the photo may show."""

    model_id: int
    name: str
    """With the brand: "Asics Gel-Lyte III"."""
    confidence: float
    """Its share of the votes, in [0, 1]; all candidates together make at most 1."""
    votes: int
    """How many of the nearest photos show it."""


@dataclass(frozen=True, slots=True)
class Identification:
    """Which model is it?"""

    candidates: tuple[Candidate, ...] = ()
    """Most likely first."""
    known: bool = False
    """False: the catalog does not seem to have it, and the candidates are only the closest."""


@dataclass(frozen=True, slots=True)
class SearchPage:
    """One page of an answer."""

    query: Query
    results: tuple[Result, ...]
    total: int
    """Colorways found; a lower bound unless ``total_exact``."""
    total_exact: bool
    page: int
    has_next: bool
    timings: Mapping[str, float]
    """Seconds by stage: decode, encode, store, rerank, hydrate."""
    identification: Identification | None = None
    """Only on the first page of a query with a photo."""
    notices: tuple[str, ...] = ()
    """Sentences for the person, such as that the photo searched with is no longer there."""
