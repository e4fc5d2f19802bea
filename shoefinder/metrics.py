"""Prometheus: what this process measured, and what the database says at the moment of asking.

Counters and histograms live beside the code that counts (search/metrics.py). What every process
would count alike (crawls, what waits) is read from the database when asked, so that no restart
loses it and no second process counts it twice.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.db.models import Count, Min, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Histogram
from prometheus_client import generate_latest as render
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

REQUEST_SECONDS = Histogram(
    "shoefinder_request_seconds",
    "Time to answer a request",
    ["method", "route", "status"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)


class MetricsMiddleware:
    """Times each request by its route, never by its address: labels must stay few."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        response = self.get_response(request)
        route = request.resolver_match.route if request.resolver_match else "(none)"
        method = request.method if request.method in {"GET", "HEAD", "POST"} else "other"
        REQUEST_SECONDS.labels(method, route, response.status_code).observe(
            time.perf_counter() - started
        )
        return response


class DatabaseCollector(Collector):
    """Gauges and counters read from the database."""

    def collect(self) -> Iterable[Metric]:
        yield from _crawls()
        yield from _queues()
        yield from _catalog()


def _crawls() -> Iterable[Metric]:
    from crawler.models import DeadLetter, SourceAlarm
    from crawler.selectors import real_runs

    alarms = SourceAlarm.objects.filter(closed_at=None).count()
    yield GaugeMetricFamily(
        "shoefinder_source_alarms", "Sources' open alarms, one for each kind", value=alarms
    )
    letters = GaugeMetricFamily(
        "shoefinder_letters", "Pages and photos that failed, by state", labels=["state"]
    )
    for state in DeadLetter.State.values:
        letters.add_metric([state], DeadLetter.objects.filter(state=state).count())
    yield letters
    runs = GaugeMetricFamily("shoefinder_crawl_runs", "Crawl runs by status", labels=["status"])
    for row in real_runs().order_by().values("status").annotate(n=Count("id")):
        runs.add_metric([row["status"]], row["n"])
    yield runs
    fields = ["pages", "products", "photos_new", "photos_known", "photos_rejected", "errors"]
    totals = real_runs().aggregate(**{f"{name}_sum": Sum(name) for name in fields})
    counts = CounterMetricFamily(
        "shoefinder_crawled", "Pages, products and photos of all crawls", labels=["what"]
    )
    for name in fields:
        counts.add_metric([name], totals[f"{name}_sum"] or 0)
    yield counts


def _queues() -> Iterable[Metric]:
    from crawler.models import CrawlRun
    from search.selectors import index_status

    age = GaugeMetricFamily(
        "shoefinder_queue_age_seconds", "Age of the oldest work that waits", labels=["queue"]
    )
    pending = CrawlRun.objects.filter(status=CrawlRun.Status.PENDING)
    oldest = pending.aggregate(oldest=Min("created_at"))["oldest"]
    age.add_metric(["crawl"], (timezone.now() - oldest).total_seconds() if oldest else 0)
    status = index_status()
    age.add_metric(["embed"], status.oldest_waiting_seconds)
    yield age
    yield GaugeMetricFamily("shoefinder_photos_waiting", "Photos to embed", value=status.waiting)
    yield GaugeMetricFamily("shoefinder_index_photos", "Photos in the index", value=status.indexed)
    yield GaugeMetricFamily(
        "shoefinder_index_age_seconds", "Since the last publish", value=status.age_seconds
    )


def _catalog() -> Iterable[Metric]:
    from catalog import models

    rows = GaugeMetricFamily("shoefinder_catalog_rows", "Rows of the catalog", labels=["model"])
    kinds: list[Any] = [models.Brand, models.ShoeModel, models.Colorway, models.Listing]
    for kind in [*kinds, models.ShoeImage]:
        rows.add_metric([kind._meta.model_name], kind.objects.count())
    yield rows


def registry() -> CollectorRegistry:
    """This process's metrics, or those of all its siblings under gunicorn with several workers."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    shared = CollectorRegistry()
    MultiProcessCollector(shared)  # type: ignore[no-untyped-call]
    return shared


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """For Prometheus, with ``Authorization: Bearer <SHOEFINDER_METRICS_TOKEN>``; 404 without."""
    expected = settings.SHOEFINDER_METRICS_TOKEN
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not expected or not secrets.compare_digest(given.encode(), expected.encode()):
        raise Http404
    database = CollectorRegistry()
    database.register(DatabaseCollector())
    return HttpResponse(render(registry()) + render(database), content_type=CONTENT_TYPE_LATEST)
