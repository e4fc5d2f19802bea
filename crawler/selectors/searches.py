"""How an image search stands: for each model of its plan what was wanted, asked, found and kept."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Final

from django.db.models import Count

from catalog.models import ImageSource, ImageStatus, Listing
from crawler.imagesearch.plans import Wanted, models_of_catalog, models_of_table, queries_of
from crawler.kinds.builtin import ImageSearchParams
from crawler.models import CrawlRun, CrawlSource
from crawler.selectors.overview import crawls
from crawler.types import FRONTIER

Key = tuple[str, str]
"""Brand and model, folded."""

STATES: Final[Mapping[str, str]] = {
    "waiting": "Not asked yet",
    "asking": "Being asked for",
    "full": "Complete",
    "exhausted": "No more found",
    "cut": "Cut off",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSearch:
    """A model of the plan."""

    brand: str
    model: str
    popular: bool
    wanted: int
    questions: int
    left: int | None
    """Questions that were not answered to their end; None where the run that knew is gone."""
    found: int
    """Photos taken up from answers, in all runs."""
    kept: int
    """Those that are in the catalog and accepted."""
    rejected: Mapping[str, int] = field(default_factory=dict)
    """By reason, those that are in the catalog and rejected. A plain dict: a template would ask a
    Counter for its key "items"."""
    state: str

    @property
    def asked(self) -> int | None:
        # Views that were found meanwhile are asked for no more, but what waits is still asked.
        return None if self.left is None else max(0, self.questions - self.left)

    @property
    def refused(self) -> int:
        return sum(self.rejected.values())

    @property
    def label(self) -> str:
        return STATES[self.state]


COLUMNS: Final[Mapping[str, Callable[[ModelSearch], Any]]] = {
    "model": lambda one: (one.brand.casefold(), one.model.casefold()),
    "wanted": lambda one: one.wanted,
    "found": lambda one: one.found,
    "kept": lambda one: one.kept,
    "rejected": lambda one: one.refused,
    "asked": lambda one: -1 if one.asked is None else one.asked,
    "left": lambda one: -1 if one.left is None else one.left,
    "state": lambda one: list(STATES).index(one.state),
}
"""What a list of them can be sorted by."""


def model_searches(source: CrawlSource) -> list[ModelSearch]:
    """Every model of an image search's plan, in the plan's order; 5 queries, however many.

    Raises:
        SourceInvalid: its parameters or its list of models cannot be read.
        ImportRefused: as above.
    """
    told = source.told
    if not isinstance(told, ImageSearchParams):
        return []
    models = (
        models_of_table("\n".join(told.models))
        if told.models
        else models_of_catalog(brands=told.brands, missing_views=told.missing_views)
    )
    questions = Counter(
        _key(query.brand, query.model)
        for query in queries_of(models, suffixes=told.suffixes, photos=1, photos_popular=1)
    )
    run = crawls().filter(source=source).order_by("-id").first()
    left = _questions_left(run, questions)
    found, kept, rejected = _photos(source)
    return [
        _search(
            one,
            told.photos_popular if one.popular else told.photos,
            questions[_key(one.brand, one.model)],
            None if left is None else left[_key(one.brand, one.model)],
            found[_key(one.brand, one.model)],
            kept[_key(one.brand, one.model)],
            rejected.get(_key(one.brand, one.model), {}),
        )
        for one in models
    ]


def _search(
    one: Wanted,
    wanted: int,
    questions: int,
    left: int | None,
    found: int,
    kept: int,
    rejected: Mapping[str, int],
) -> ModelSearch:
    if kept >= wanted:
        state = "full"
    elif left is None:
        state = "cut"
    elif left == 0:
        state = "exhausted"
    else:
        state = "waiting" if left >= questions else "asking"
    return ModelSearch(
        brand=one.brand, model=one.model, popular=one.popular, wanted=wanted, questions=questions,
        left=left, found=found, kept=kept, rejected=dict(rejected), state=state,
    )  # fmt: skip


def _questions_left(run: CrawlRun | None, questions: Counter[Key]) -> Counter[Key] | None:
    """Of each model the questions that wait, by the frontier of the latest run."""
    if run is None:
        return questions
    path = run.directory / FRONTIER
    if not path.is_file():
        if run.status == CrawlRun.Status.DONE and run.complete:
            return Counter()
        return questions if run.status == CrawlRun.Status.PENDING else None
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=2)) as frontier:
            rows = frontier.execute("SELECT json_extract(content, '$.meta.query') FROM requests")
            waiting = [json.loads(query) for (query,) in rows if query]
            begun = frontier.execute("SELECT EXISTS (SELECT 1 FROM seen)").fetchone()[0]
    except (sqlite3.Error, ValueError):
        return None
    # Before robots.txt is read no question stands there yet.
    if not waiting and run.status != CrawlRun.Status.DONE and (not begun or not run.pages):
        return questions
    return Counter(_key(query["brand"], query["model"]) for query in waiting)


def _photos(source: CrawlSource) -> tuple[Counter[Key], Counter[Key], dict[Key, Counter[str]]]:
    """By model: photos found, kept, and rejected by reason; 2 queries."""
    # What an image search stores ends so (crawler.scraping.spiders.imagesearch).
    listings = Listing.objects.filter(retailer=source.retailer_id, url__contains="#photo-")
    names = "colorway__model__brand__name", "colorway__model__name"
    found: Counter[Key] = Counter()
    for brand, model, count in (
        listings.order_by().values_list(*names).annotate(n=Count("pk")).values_list(*names, "n")
    ):
        found[_key(brand, model)] += count
    kept: Counter[Key] = Counter()
    rejected: dict[Key, Counter[str]] = defaultdict(Counter)
    columns = (*(f"listing__{name}" for name in names), "image__status", "image__rejection")
    sources = ImageSource.objects.filter(listing__in=listings).order_by().values_list(*columns)
    for brand, model, status, reason, count in sources.annotate(
        n=Count("image", distinct=True)
    ).values_list(*columns, "n"):
        if status == ImageStatus.ACCEPTED:
            kept[_key(brand, model)] += count
        else:
            rejected[_key(brand, model)][reason] += count
    return found, kept, rejected


def _key(brand: str | None, model: str | None) -> Key:
    return (brand or "").casefold(), (model or "").casefold()
