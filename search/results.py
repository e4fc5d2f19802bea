"""The answer as a value: what a page, the API and the command line show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Final

from catalog.models import ShoeImage

if TYPE_CHECKING:
    from catalog.selectors import ColorwayCard
    from search.query import Query
    from search.types import Hit
    from search.wishes import Terms


@dataclass(frozen=True, slots=True)
class PhotoHit:
    """A photo that answers, with its address."""

    image_id: int
    score: float
    file: str
    """Its name in the photos' storage."""

    @property
    def url(self) -> str:
        """Where it can be got."""
        return ShoeImage(file=self.file).file.url


@dataclass(frozen=True, slots=True)
class Result:
    """A colorway that answers: its best photo leads, its other photos found are attached."""

    card: ColorwayCard
    score: float
    hit: Hit
    photo: PhotoHit
    others: tuple[PhotoHit, ...] = ()
    """Best first, without the leading one."""
    why: Mapping[str, float] = field(default_factory=dict)
    """Named shares of the score; see ``search.fusion``. They add up to it."""
    terms: Terms = ()
    """How each term of the edit stands: "yes", "no", or "unknown" to the catalog."""
    closeness: float = 0.0
    """The score on a scale of this query: 0 for the typical photo of the catalog, 1 for the photo
    itself with all that was wished for."""
    alike: int = 0
    """Photos of the same colorway that were found and are nearly the same picture as one shown."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model that the photo may show."""

    model_id: int
    name: str
    """With the brand: "Asics Gel-Lyte III"."""
    confidence: float
    """That it is this model, in [0, 1]; all candidates together make at most 1."""
    votes: int
    """How many of the nearest photos show it."""


@dataclass(frozen=True, slots=True)
class Guess:
    """A predicted value of an attribute."""

    value: str
    confidence: float
    """In [0, 1]; of a brand or a height the sum over the models that have it."""


@dataclass(frozen=True, slots=True)
class Identification:
    """Which model is it?"""

    candidates: tuple[Candidate, ...] = ()
    """Most likely first."""
    known: bool = False
    """False: the catalog does not seem to have it, and the candidates are only the closest."""
    shoe: bool = True
    """False: the photo does not look like a shoe."""
    turned: int = 0
    """Degrees counter-clockwise that the photo was turned by before it was named."""
    method: str = ""
    """Its name in ``search.recognition.METHODS``."""
    calibrated: bool = False
    """Whether confidences were measured on held-out photos, or are mere shares of votes."""
    brand: Guess | None = None
    height: Guess | None = None
    colours: tuple[str, ...] = ()
    """Slugs, the main one first; as the encoder's words see it."""


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
    """Seconds by stage: decode, encode, store, identify, rerank, hydrate."""
    identification: Identification | None = None
    """Only on the first page of a query with a photo."""
    notices: tuple[str, ...] = ()
    """Sentences for the person, such as that the photo searched with is no longer there."""
    refine_words: tuple[str, ...] = ()
    """Only on the first page: words in which its answers differ most."""
    gap_after: int | None = None
    """Results of this page before likeness drops; None where it does not drop anywhere."""


GAP_SHARE: Final = 0.2
"""Of the whole fall on a page: a drop counts as a gap from here on."""
GAP_TIMES: Final = 4.0
"""Times the usual drop between neighbours."""


def gap_after(closeness: Sequence[float]) -> int | None:
    """Where, in descending numbers, the one drop lies that stands out; None if none does.

    In place of a fixed cut-off, which never fits: a good answer scores .91 in one query and .88 in
    the next.
    """
    drops = [before - after for before, after in pairwise(closeness)]
    if len(drops) < 3 or closeness[0] <= closeness[-1]:
        return None
    largest = max(drops)
    usual = median(drops)
    if largest < GAP_SHARE * (closeness[0] - closeness[-1]) or largest < GAP_TIMES * usual:
        return None
    return drops.index(largest) + 1
