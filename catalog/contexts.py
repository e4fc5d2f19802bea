"""What the catalog's templates show: selectors' answers in the words and addresses of pages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.urls import NoReverseMatch, reverse

from catalog.filters import CatalogFilter
from catalog.models import PriceObservation
from catalog.selectors import (
    ColorwayDetail,
    ColorwayPage,
    Facet,
    ListingDetail,
    Sort,
    facets,
)

WINDOW = 2
"""Page numbers on each side of the current one."""
SPARK_WIDTH, SPARK_HEIGHT, SPARK_MARGIN = 160, 40, 3


@dataclass(frozen=True, slots=True)
class Chip:
    label: str
    href: str
    """The same list without it."""


@dataclass(frozen=True, slots=True)
class PageLink:
    number: int
    """0 stands for a gap."""
    href: str
    current: bool


@dataclass(frozen=True, slots=True)
class Pager:
    links: tuple[PageLink, ...]
    previous: str
    """Address, or ""."""
    next: str


@dataclass(frozen=True, slots=True)
class Spark:
    """A price over time as the points of an SVG polyline; it steps, since a price holds until
    the next one."""

    points: str
    width: int
    height: int
    low: Decimal
    high: Decimal


@dataclass(frozen=True, slots=True)
class ShownListing:
    detail: ListingDetail
    spark: Spark | None


def browse_address(
    filters: CatalogFilter, sort: Sort = Sort.NEWEST, *, page: int = 1, upto: int | None = None
) -> str:
    """Where a list is shown; the same list has the same address."""
    pairs = filters.to_query()
    if sort is not Sort.NEWEST:
        pairs.append(("sort", sort.value))
    return _address(reverse("catalog:browse"), pairs, page, upto)


def browse_context(
    *, filters: CatalogFilter, sort: Sort, page: ColorwayPage | None, told: str = ""
) -> dict[str, Any]:
    """Everything for ``catalog/browse.html``; ``told`` says why there is no list."""
    shown = facets(filters=filters)
    return {
        "filters": filters,
        "facets": shown,
        "chips": chips(filters, shown, lambda rest: browse_address(rest, sort)),
        "clear": browse_address(CatalogFilter(), sort),
        "sort": sort,
        "sorts": tuple(Sort),
        "page": page,
        "pager": _browse_pager(filters, sort, page) if page else None,
        "told": told,
        "currency": settings.SHOEFINDER_CURRENCY,
    }


def _browse_pager(filters: CatalogFilter, sort: Sort, page: ColorwayPage) -> Pager | None:
    return pager(
        page.page,
        page.pages,
        lambda number: browse_address(filters, sort, page=number, upto=page.upto),
    )


def chips(
    filters: CatalogFilter, shown: Iterable[Facet], href: Callable[[CatalogFilter], str]
) -> list[Chip]:
    """What is chosen, each with the address that drops it."""
    labels = {(facet.name, value.slug): value.label for facet in shown for value in facet.values}
    currency = settings.SHOEFINDER_CURRENCY
    words = {"price_min": f"From {{}} {currency}", "price_max": f"Up to {{}} {currency}"}
    return [
        Chip(
            words[name].format(value) if name in words else labels.get((name, value), value),
            href(filters.without(name, value)),
        )
        for name, value in filters.to_query()
    ]


def list_address(path: str, *, page: int, upto: int | None = None) -> str:
    """A page of a list that has no filters."""
    return _address(path, [], page, upto)


def _address(path: str, pairs: Sequence[tuple[str, str]], page: int, upto: int | None) -> str:
    pairs = list(pairs)
    if page > 1:
        pairs.append(("page", str(page)))
        if upto is not None:
            pairs.append(("upto", str(upto)))
    return f"{path}?{urlencode(pairs)}" if pairs else path


def pager(current: int, pages: int, href: Callable[[int], str]) -> Pager | None:
    """Links to the first, the last and the nearest pages; None where one page holds all."""
    if pages <= 1:
        return None
    near = range(max(1, current - WINDOW), min(pages, current + WINDOW) + 1)
    links: list[PageLink] = []
    for number in sorted({1, *near, pages}):
        if links and number > links[-1].number + 1:
            links.append(PageLink(0, "", False))
        links.append(PageLink(number, href(number), number == current))
    return Pager(
        links=tuple(links),
        previous=href(current - 1) if current > 1 else "",
        next=href(current + 1) if current < pages else "",
    )


def colorway_context(detail: ColorwayDetail) -> dict[str, Any]:
    """Everything for ``catalog/colorway.html``."""
    first = detail.photos[0] if detail.photos else None
    return {
        "detail": detail,
        "card": detail.card,
        "colorway": detail.colorway,
        "model": detail.colorway.model,
        "brand": detail.colorway.model.brand,
        "lead": first,
        "colours": tuple(dict.fromkeys(detail.card.colours)),
        "search_with": f"/?image={first.pk}" if first else "",
        "similar": _similar_address(first.pk) if first else "",
        "listings": [
            ShownListing(listing, spark(listing.history, until=listing.listing.last_seen_at))
            for listing in detail.listings
        ],
        "currency": settings.SHOEFINDER_CURRENCY,
    }


def _similar_address(image_id: int) -> str:
    """By name, since catalog knows nothing of search; "" in a project without it."""
    try:
        return reverse("search:similar", args=[image_id])
    except NoReverseMatch:
        return ""


def spark(history: Sequence[PriceObservation], *, until: datetime) -> Spark | None:
    """The prices of the last currency, from the first observation to ``until``, when the last one
    still held; None for less than two different ones."""
    if not history:
        return None
    currency = history[-1].currency
    seen = [
        (row.observed_at, row.price)
        for row in history
        if row.price is not None and row.currency == currency
    ]
    prices = [price for _, price in seen]
    if len(set(prices)) < 2:
        return None
    return Spark(
        points=_points([*seen, (max(until, seen[-1][0]), prices[-1])], min(prices), max(prices)),
        width=SPARK_WIDTH,
        height=SPARK_HEIGHT,
        low=min(prices),
        high=max(prices),
    )


def _points(seen: Sequence[tuple[datetime, Decimal]], low: Decimal, high: Decimal) -> str:
    begin = seen[0][0]
    span = (seen[-1][0] - begin).total_seconds() or 1.0
    across, up = SPARK_WIDTH - 2 * SPARK_MARGIN, SPARK_HEIGHT - 2 * SPARK_MARGIN
    points: list[tuple[float, float]] = []
    for at, price in seen:
        x = SPARK_MARGIN + across * (at - begin).total_seconds() / span
        y = SPARK_MARGIN + up * float((high - price) / (high - low))
        if points:
            points.append((x, points[-1][1]))
        points.append((x, y))
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
