"""What the vector store costs and misses as the catalog grows: against exact search.

The catalog is real photos while there are enough, and beyond them drawn: vectors with the mean and
covariance of the real ones, so that they fill space as those do. A query is a catalog vector moved
until it is as near as a real photo is to its nearest other one. Exact search is numpy's product.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import psutil
from django.conf import settings
from django.utils.module_loading import import_string

from search.evaluation.metrics import Bootstrap, Floats
from search.evaluation.protocol import EvaluationError, Measured, Request, Row
from search.stores.base import VectorStore
from search.types import Vectors

SIZES: Final = (10_000, 30_000, 100_000, 300_000, 1_000_000)
LARGEST: Final = 100_000
"""Without --limit: larger ones take minutes each to build. ``--limit 1000000`` measures all."""
QUERIES: Final = 200
K: Final = 10
BATCH: Final = 20_000
SAMPLE: Final = 4_000
"""Real photos that the spectrum is taken from."""


class IndexTask:
    """Each size is a row; the store is the one that settings choose, in a folder of its own."""

    name = "index"
    summary = "the vector store against exact search, from 10,000 to 1,000,000 photos"
    baselines: tuple[str, ...] = ()

    @property
    def methods(self) -> tuple[str, ...]:
        return tuple(str(size) for size in SIZES)

    def run(self, request: Request, methods: Sequence[str]) -> Measured:
        sizes = _sizes(request, methods)
        photos = request.source.labelled()
        random = np.random.default_rng(request.seed)
        chosen = random.permutation(len(photos))[:SAMPLE]
        real = request.embed([photos[i] for i in sorted(chosen.tolist())], "real photos")
        spectrum = Spectrum.of(real)
        rows: dict[str, Row] = {}
        extras = {}
        for size in sizes:
            request.report(f"Building {size:,}", 0, 1)
            found = measure(spectrum, real, size, request)
            bootstrap = Bootstrap(QUERIES, seed=request.seed)
            rows[str(size)] = {
                "r1": bootstrap.mean(found.first),
                "r10": bootstrap.mean(found.recall),
            }
            extras[str(size)] = found.in_words()
        return Measured(
            task=self.name,
            encoder=str(request.encoder.id),
            rows=rows,
            setting=f"{QUERIES} queries; catalogs of {', '.join(f'{size:,}' for size in sizes)} "
            f"vectors of {request.encoder.dim}, drawn with the spectrum of {len(real)} real photos "
            "beyond these. R@1 and R@10: share of the exact first one and first ten that the store "
            "gives",
            extras=extras,
        )


def _sizes(request: Request, methods: Sequence[str]) -> list[int]:
    """Those asked for, none above the limit; the limit itself where it is below all."""
    if any(":" in method for method in methods):
        raise EvaluationError("index takes sizes without parameters.")
    named = request.method != "all"
    limit = request.limit or (SIZES[-1] if named else LARGEST)
    sizes = [int(method) for method in methods if int(method) <= limit]
    return sizes or [limit]


@dataclass(frozen=True)
class Spectrum:
    """Where real vectors lie: their mean, and their covariance as a factor."""

    mean: Vectors
    """(dim,)"""
    factor: Vectors
    """(dim, dim): draws of independent normals times it have the covariance."""
    likeness: float
    """Median cosine of a photo to its nearest other one."""

    @classmethod
    def of(cls, real: Vectors) -> Spectrum:
        """From (n, dim) unit vectors, n ≥ 2."""
        if len(real) < 2:
            raise EvaluationError("A spectrum needs at least two photos.")
        mean = real.mean(axis=0)
        values, vectors = np.linalg.eigh(np.cov(real.T.astype(np.float64)))
        factor = vectors * np.sqrt(np.maximum(values, 0.0))
        near = real @ real.T
        np.fill_diagonal(near, -1.0)
        # Not of duplicates, of which a query would be found by any index.
        nearest = np.where(near < 0.999, near, -1.0).max(axis=1)
        return cls(mean, factor.T.astype(np.float32), float(np.median(nearest)))

    def draw(self, count: int, random: np.random.Generator) -> Vectors:
        """Unit vectors, (count, dim)."""
        normals = random.standard_normal((count, len(self.mean)), np.float32)
        return _units(normals @ self.factor + self.mean)

    def near(self, vectors: Vectors, random: np.random.Generator) -> Vectors:
        """Each moved in a drawn direction until its cosine to itself is ``likeness``."""
        away = random.standard_normal(vectors.shape, np.float32) @ self.factor
        away -= (away * vectors).sum(axis=1, keepdims=True) * vectors
        cosine = min(max(self.likeness, 0.0), 1.0)
        return _units(cosine * vectors + np.sqrt(1 - cosine**2) * _units(away))


@dataclass(frozen=True)
class Found:
    first: Floats
    """(queries,): 1 where the exact first answer came first."""
    recall: Floats
    """(queries,): share of the exact first ``K`` among those given."""
    milliseconds: Floats
    exact_milliseconds: float
    build_seconds: float
    size_bytes: int
    memory_bytes: int
    kind: str

    def in_words(self) -> dict[str, str]:
        p50, p95 = np.percentile(self.milliseconds, [50, 95])
        return {
            "kind": self.kind,
            "p50 ms": f"{p50:.2f}",
            "p95 ms": f"{p95:.2f}",
            "exact ms": f"{self.exact_milliseconds:.2f}",
            "build s": f"{self.build_seconds:.1f}",
            "disk MB": f"{self.size_bytes / 1e6:.0f}",
            "memory MB": f"{self.memory_bytes / 1e6:.0f}",
        }


def measure(spectrum: Spectrum, real: Vectors, size: int, request: Request) -> Found:
    """Build the store of ``size`` vectors in a folder that is deleted again, and ask it."""
    random = np.random.default_rng([request.seed, size])
    asked = np.sort(random.choice(size, QUERIES, replace=size < QUERIES))
    with tempfile.TemporaryDirectory(prefix="shoefinder-evaluate-") as folder:
        store = _store(request, Path(folder))
        started = time.perf_counter()
        catalog = np.lib.format.open_memmap(
            Path(folder) / "vectors.npy", "w+", np.float32, (size, request.encoder.dim)
        )

        def batches() -> Iterator[tuple[list[int], Vectors, list[dict[str, int]]]]:
            for at in range(0, size, BATCH):
                request.report(f"Building {size:,}", at, size)
                end = min(at + BATCH, size)
                batch = spectrum.draw(end - at, random)
                taken = real[at:end]
                batch[: len(taken)] = taken
                catalog[at:end] = batch
                yield list(range(at, end)), batch, [{} for _ in range(end - at)]

        store.rebuild(batches())
        built = time.perf_counter() - started
        queries = spectrum.near(np.asarray(catalog[asked]), random)
        before = psutil.Process().memory_info().rss
        store.search(queries[:1], K)  # opens it
        milliseconds, given = [], []
        for number, query in enumerate(queries):
            request.report(f"Asking {size:,}", number, QUERIES)
            started = time.perf_counter()
            hits = store.search(query[None, :], K)[0]
            milliseconds.append(1000 * (time.perf_counter() - started))
            given.append([hit.image_id for hit in hits])
        memory = max(psutil.Process().memory_info().rss - before, 0)
        info = store.info()
        exact, took = _exact(catalog, queries)
    return Found(
        first=np.array([float(ids[0] == row[0]) for row, ids in zip(exact, given, strict=True)]),
        recall=np.array([np.isin(row, ids).mean() for row, ids in zip(exact, given, strict=True)]),
        milliseconds=np.array(milliseconds),
        exact_milliseconds=took, build_seconds=built, size_bytes=info.size_bytes,
        memory_bytes=memory, kind=info.kind,
    )  # fmt: skip


def _store(request: Request, folder: Path) -> VectorStore:
    """The kind of store that settings choose, with nothing of theirs in it."""
    alias = settings.SHOEFINDER_STORE
    entry = settings.SHOEFINDER_STORES[alias]
    options = dict(entry.get("OPTIONS") or {})
    if "path" in options:
        options["path"] = folder / "index"
    elif entry["BACKEND"] != "search.stores.memory.MemoryStore":
        raise EvaluationError(
            f"The store {alias!r} cannot be measured: it would be filled with drawn vectors. "
            "Choose one that keeps files below a path (SHOEFINDER_STORE=faiss)."
        )
    options |= {"encoder_id": str(request.encoder.id), "dim": request.encoder.dim}
    store: VectorStore = import_string(entry["BACKEND"])(**options)
    return store


def _exact(catalog: Vectors, queries: Vectors) -> tuple[npt.NDArray[np.intp], float]:
    """The first ``K`` of each query by the whole product, and milliseconds for one query."""
    depth = min(K, len(catalog))
    best = np.full((len(queries), depth), -np.inf, np.float32)
    places = np.zeros((len(queries), depth), np.intp)
    started = time.perf_counter()
    for at in range(0, len(catalog), BATCH):
        scores = np.concatenate([best, queries @ catalog[at : at + BATCH].T], axis=1)
        numbers = np.concatenate(
            [places, np.broadcast_to(np.arange(at, at + scores.shape[1] - depth),
                                     (len(queries), scores.shape[1] - depth))], axis=1,
        )  # fmt: skip
        order = np.argpartition(-scores, depth - 1, axis=1)[:, :depth]
        inside = np.argsort(-np.take_along_axis(scores, order, axis=1), axis=1, kind="stable")
        order = np.take_along_axis(order, inside, axis=1)
        best = np.take_along_axis(scores, order, axis=1)
        places = np.take_along_axis(numbers, order, axis=1)
    return places, 1000 * (time.perf_counter() - started) / len(queries)


def _units(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), np.float32)
