"""What search tells Prometheus about itself; shoefinder.metrics publishes it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Histogram

STAGES = ("decode", "encode", "store", "identify", "rerank", "hydrate")

STAGE_SECONDS = Histogram(
    "shoefinder_search_stage_seconds",
    "Time a search spends in each of its stages",
    ["stage"],
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)


def observe(stage: str, seconds: float) -> None:
    """Count one stage of one search."""
    STAGE_SECONDS.labels(stage).observe(seconds)


class Stopwatch:
    """Seconds by stage of one search. A stage may be entered more than once; its times add up."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(STAGES, 0.0)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] += time.perf_counter() - started

    def report(self) -> None:
        """Tell every stage of this search to the metrics."""
        for name, seconds in self.seconds.items():
            observe(name, seconds)
