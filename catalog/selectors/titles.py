"""The catalog's names for reading titles, the queue of those that wait, and how it went."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from django.db.models import Count, F, QuerySet

from catalog.models import (
    Brand,
    BrandAlias,
    Listing,
    ShoeModel,
    ShoeModelAlias,
    TitleReview,
)
from catalog.titles import TitleCatalog


def title_catalog() -> TitleCatalog:
    """All names, read now: four queries, some 0.3 s for 100,000 models. Keep it for a batch."""
    brand_aliases: dict[int, list[str]] = defaultdict(list)
    for owner, name in BrandAlias.objects.values_list("brand_id", "name"):
        brand_aliases[owner].append(name)
    model_aliases: dict[int, list[str]] = defaultdict(list)
    for owner, name in ShoeModelAlias.objects.values_list("model_id", "name"):
        model_aliases[owner].append(name)
    brands = Brand.objects.order_by("pk").values_list("pk", "name")
    models = ShoeModel.objects.order_by("pk").values_list(
        "pk", "merged_into_id", "brand__name", "name"
    )
    return TitleCatalog(
        brands=[(name, brand_aliases[number]) for number, name in brands],
        models=[
            (into or number, brand, name, model_aliases[number])
            for number, into, brand, name in models
        ],
    )


def titles_waiting() -> QuerySet[TitleReview]:
    """The queue: the surest first, what was put off last."""
    return (
        TitleReview.objects.filter(status=TitleReview.Status.WAITING)
        .select_related("listing__retailer")
        .order_by(F("put_off_at").asc(nulls_first=True), "-confidence", "pk")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TitleReport:
    """How a shop's listings came to their models; the five counts add up to ``listings``."""

    retailer: str
    listings: int
    told: int
    """The page told brand and model, or the title is a plain name."""
    auto: int
    confirmed: int
    waiting: int
    dismissed: int

    @property
    def read(self) -> int:
        """Titles that had to be read."""
        return self.listings - self.told

    @property
    def by_itself(self) -> float:
        """Share of all listings that no person had to look at, 0 to 1."""
        return (self.told + self.auto) / self.listings if self.listings else 0.0


def titles_report() -> list[TitleReport]:
    """One for each shop that has listings, and one for all at the end; two queries."""
    listings = dict(
        Listing.objects.order_by("retailer__name")
        .values_list("retailer__name")
        .annotate(n=Count("pk"))
        .values_list("retailer__name", "n")
    )
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    rows = (
        TitleReview.objects.order_by()
        .values_list("listing__retailer__name", "status")
        .annotate(n=Count("pk"))
    )
    for retailer, status, number in rows:
        counts[retailer][status] = number
        counts[""][status] += number
    reports = [_report(name, number, counts[name]) for name, number in listings.items()]
    if len(reports) > 1:
        reports.append(_report("", sum(listings.values()), counts[""]))
    return reports


def _report(name: str, listings: int, counts: dict[str, int]) -> TitleReport:
    status = TitleReview.Status
    read = {one: counts.get(one.value, 0) for one in status}
    return TitleReport(
        retailer=name,
        listings=listings,
        told=listings - sum(read.values()),
        auto=read[status.AUTO],
        confirmed=read[status.CONFIRMED],
        waiting=read[status.WAITING],
        dismissed=read[status.DISMISSED],
    )
