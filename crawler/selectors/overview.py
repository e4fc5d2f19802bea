"""Reads over all sources: how each does, what is stored, and how it grew."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Count, Exists, Max, OuterRef, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from catalog.models import ImageSource, Listing, ShoeImage
from crawler.models import CrawlRun, CrawlSource, DeadLetter, SourceAlarm
from crawler.plots import Plot, Series
from crawler.services.budgets import photo_bytes

STALE_FACTOR = 2.5
"""Times its schedule's interval after which a source counts as out of date."""
INTERVALS = {"daily": timedelta(days=1), "weekly": timedelta(days=7)}
ERROR_SHARE = 0.2
RUNS_SHOWN = 30


@dataclass(slots=True)
class SourceHealth:
    """One source as the dashboard shows it."""

    source: CrawlSource
    state: str = "good"
    """``good``, ``warning``, ``bad``, ``off`` or ``new``."""
    reasons: list[str] = field(default_factory=list)
    latest: CrawlRun | None = None
    fresh_at: datetime | None = None
    """End of its last complete run."""
    listings: int = 0
    photo_bytes: int = 0

    @property
    def label(self) -> str:
        return {"good": "Good", "warning": "Look at it", "bad": "Ill", "off": "Switched off",
                "new": "Not crawled yet"}[self.state]  # fmt: skip

    @property
    def error_percent(self) -> float | None:
        return None if self.error_share is None else 100 * self.error_share

    @property
    def error_share(self) -> float | None:
        run = self.latest
        return run.errors / run.pages if run and run.pages else None

    @property
    def per_page(self) -> float | None:
        """Products for each page asked: its yield."""
        run = self.latest
        return run.products / run.pages if run and run.pages else None

    def worse(self, state: str, reason: str) -> None:
        order = ("good", "warning", "bad")
        self.reasons.append(reason)
        if order.index(state) > order.index(self.state):
            self.state = state


def real_runs() -> Any:
    """Runs that count: a dry run stores nothing and is no witness."""
    return CrawlRun.objects.filter(is_dry_run=False)


def crawls() -> Any:
    """Runs over all of a source, which can be compared: not those of letters only."""
    return real_runs().filter(is_retry=False)


def sources_health() -> list[SourceHealth]:
    """Every source with how it does; those that need somebody come first."""
    sources = list(CrawlSource.objects.select_related("retailer").order_by("name"))
    newest = crawls().order_by().values("source").annotate(latest=Max("pk"))
    latest = CrawlRun.objects.in_bulk([row["latest"] for row in newest])
    by_source = {run.source_id: run for run in latest.values()}
    fresh = dict(
        real_runs().filter(complete=True).order_by().values("source")
        .annotate(at=Max("finished_at")).values_list("source", "at")
    )  # fmt: skip
    dead = Counter(
        dict(
            DeadLetter.objects.filter(state=DeadLetter.State.DEAD).order_by().values("source")
            .annotate(n=Count("pk")).values_list("source", "n")
        )
    )  # fmt: skip
    alarms: dict[int, list[SourceAlarm]] = {}
    for alarm in SourceAlarm.objects.filter(closed_at=None):
        alarms.setdefault(alarm.source_id, []).append(alarm)
    listings = dict(
        Listing.objects.filter(vanished_at=None).order_by().values("retailer")
        .annotate(n=Count("pk")).values_list("retailer", "n")
    )  # fmt: skip
    stored = _bytes_by_retailer()
    told = [
        SourceHealth(
            source=source,
            latest=by_source.get(source.pk),
            fresh_at=fresh.get(source.pk),
            listings=listings.get(source.retailer_id, 0),
            photo_bytes=stored.get(source.retailer_id, 0),
        )
        for source in sources
    ]
    for one in told:
        _judge(one, alarms.get(one.source.pk, []), dead=dead[one.source.pk])
    order = {"bad": 0, "warning": 1, "new": 2, "good": 3, "off": 4}
    return sorted(told, key=lambda one: (order[one.state], one.source.name))


def _bytes_by_retailer() -> dict[int, int]:
    """A photo that several pages of a shop show counts once."""
    earlier = ImageSource.objects.filter(
        image=OuterRef("image"), listing__retailer=OuterRef("listing__retailer"),
        pk__lt=OuterRef("pk"),
    )  # fmt: skip
    first = ImageSource.objects.filter(~Exists(earlier), listing__isnull=False)
    sizes = first.order_by().values("listing__retailer").annotate(n=Sum("image__byte_size"))
    return dict(sizes.values_list("listing__retailer", "n"))


def _judge(one: SourceHealth, alarms: list[SourceAlarm], *, dead: int) -> None:
    if alarms:
        more = f" And {len(alarms) - 1} more, see the alarms." if len(alarms) > 1 else ""
        one.worse("bad", f"{alarms[0].message}{more}")
    run = one.latest
    if run is not None and run.status == CrawlRun.Status.FAILED:
        one.worse("bad", f"The last run failed: {run.error or 'see its log.'}")
    share = one.error_share
    if share is not None and share > ERROR_SHARE:
        one.worse("warning", f"{share:.0%} of the last run's pages failed.")
    if dead:
        addresses = "1 address was" if dead == 1 else f"{dead:,} addresses were"
        one.worse("warning", f"{addresses} given up; see its dead letters.")
    interval = INTERVALS.get(one.source.schedule)
    if interval and one.fresh_at and timezone.now() - one.fresh_at > STALE_FACTOR * interval:
        one.worse("warning", "It was not crawled whole for long, although it has a schedule.")
    if run is not None and run.is_paused:
        one.worse("warning", run.error)
    if one.state == "good":
        if not one.source.enabled:
            one.state = "off"
        elif run is None:
            one.state = "new"


@dataclass(frozen=True, slots=True)
class Storage:
    """Bytes."""

    photos: int
    free: int
    reserve: int


def storage_now() -> Storage:
    folder = Path(settings.MEDIA_ROOT)
    while not folder.exists():
        folder = folder.parent
    reserve = int(settings.SHOEFINDER_DISK_RESERVE_MB * 1_000_000)
    return Storage(photo_bytes(), shutil.disk_usage(folder).free, reserve)


def growth_plots(*, days: int) -> list[Plot]:
    """The catalog and the crawls over the last days, a point a day."""
    first = timezone.localdate() - timedelta(days=days - 1)
    dates = [first + timedelta(days=n) for n in range(days)]
    # Compared as moments: a day taken of each row would be asked of all of a million.
    begin = datetime.combine(first, time.min, tzinfo=timezone.get_current_timezone())
    listings = _by_day(Listing.objects.all(), "first_seen_at", begin)
    photos = _by_day(ShoeImage.objects.all(), "obtained_at", begin)
    runs = real_runs().filter(started_at__gte=begin)
    daily = {
        row["day"]: row
        for row in runs.annotate(day=TruncDate("started_at")).order_by().values("day").annotate(
            pages=Sum("pages"), errors=Sum("errors"), bytes=Sum("bytes"),
            products=Sum("products"),
        )
    }  # fmt: skip

    def each(name: str, scale: float = 1.0) -> list[float]:
        return [(daily.get(day, {}).get(name) or 0) / scale for day in dates]

    base_listings = Listing.objects.filter(first_seen_at__lt=begin).count()
    base_photos = ShoeImage.objects.filter(obtained_at__lt=begin).count()

    def grown(base: int, new: Counter[date], name: str) -> list[Series]:
        return [Series(name, _grown(base, new, dates))]

    asked = [Series("pages", each("pages")), Series("errors", each("errors"), bad=True)]
    return [
        Plot("Listings in the catalog", dates, grown(base_listings, listings, "listings")),
        Plot("Photos in the catalog", dates, grown(base_photos, photos, "photos")),
        Plot("Products met a day", dates, [Series("products", each("products"))], bars=True),
        Plot("Pages asked a day", dates, asked, bars=True),
        Plot("Megabytes downloaded a day", dates, [Series("MB", each("bytes", 1e6))], bars=True),
    ]


def _by_day(rows: Any, column: str, begin: datetime) -> Counter[date]:
    found = rows.filter(**{f"{column}__gte": begin}).annotate(day=TruncDate(column))
    counted = found.order_by().values("day").annotate(n=Count("pk")).values_list("day", "n")
    return Counter(dict(counted))


def _grown(base: int, new: Counter[date], dates: list[date]) -> list[float]:
    total, grown = float(base), []
    for day in dates:
        total += new[day]
        grown.append(total)
    return grown


def run_plots(source: CrawlSource, *, until: CrawlRun | None = None) -> list[Plot]:
    """A source's last runs: what each brought, and what failed; none of fewer than two runs."""
    runs = crawls().filter(source=source, started_at__isnull=False)
    if until is not None:
        runs = runs.filter(pk__lte=until.pk)
    rows = list(runs.order_by("-pk")[:RUNS_SHOWN])[::-1]
    if len(rows) < 2:
        return []
    days = [timezone.localdate(run.started_at) for run in rows]
    return [
        Plot("Products of each run", days,
             [Series("products", [float(run.products) for run in rows])], bars=True),
        Plot("Errors of each run", days,
             [Series("errors", [float(run.errors) for run in rows], bad=True)], bars=True),
        Plot("Megabytes of each run", days,
             [Series("MB", [run.bytes / 1e6 for run in rows])], bars=True),
    ]  # fmt: skip
