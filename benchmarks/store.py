"""What the FAISS store costs over bare FAISS, as ratios within one run.

    python -m benchmarks.store [--cpu] [--count 100000] [--dim 512] [-k 50] [--rounds 40]

Vectors are clustered as those of photos are (64 centres), payloads are like a shop's. Each round
times store and library in turn; the figures are the best of the rounds, because what else the
machine does only adds. On a busy one use --cpu.
``bare`` is the plain call ``IndexFlatIP.search`` on an index in memory, with the same IDSelector
where there is a filter.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from benchmarks.frame import finish, parser_of
from search.stores.base import Payload, Where
from search.stores.columns import Columns, Mask
from search.stores.faiss import FaissStore
from search.types import Vectors

Clock = Callable[[], float]

FILTERS: dict[str, Where] = {
    "1 % (brand)": Where(any_of={"brand": frozenset({7})}),
    "10 % (colour, one of several)": Where(any_of={"colours": frozenset({3})}),
    "50 % (price)": Where(between={"price": (50.0, 100.0)}),
    "three clauses": Where(
        any_of={"brand": frozenset(range(20)), "colours": frozenset({1, 2, 3})},
        between={"price": (40.0, 120.0)},
    ),
}


def main() -> int:
    parser = parser_of(__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("-k", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument(
        "--flat-limit", type=int, default=200_000, help="HNSW above (slow to build)"
    )
    parser.add_argument("--cpu", action="store_true", help="this thread's CPU time; needs 1 thread")
    options = parser.parse_args()
    if options.cpu:
        faiss.omp_set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        report = measure(
            Path(folder),
            count=options.count,
            dim=options.dim,
            k=options.k,
            rounds=options.rounds,
            flat_limit=options.flat_limit,
            clock=time.thread_time if options.cpu else time.perf_counter,
        )
    print(as_text(report))
    return finish(options.json, report)


def measure(
    folder: Path,
    *,
    count: int,
    dim: int,
    k: int,
    rounds: int,
    flat_limit: int = 200_000,
    clock: Clock = time.perf_counter,
) -> dict[str, Any]:
    """Seconds and ratios, as printed."""
    rng = np.random.default_rng(0)
    vectors, payloads = make_vectors(rng, count, dim), make_payloads(rng, count)
    columns = Columns.of(payloads)
    store = FaissStore(path=folder, encoder_id="bench@1", dim=dim, flat_limit=flat_limit)
    began = time.perf_counter()
    store.rebuild(
        (range(at, min(at + 1000, count)), vectors[at : at + 1000], payloads[at : at + 1000])
        for at in range(0, count, 1000)
    )
    rebuilt = time.perf_counter() - began
    bare = faiss.IndexFlatIP(dim)
    bare.add(vectors)
    queries = vectors[rng.integers(0, count, 64)] + rng.normal(0, 0.02, (64, dim))
    queries = (queries / np.linalg.norm(queries, axis=1, keepdims=True)).astype(np.float32)

    everything = np.ones(count, np.bool_)

    def row(name: str, where: Where | None, batch: int) -> dict[str, Any]:
        return searched(
            name,
            store=store,
            bare=bare,
            vectors=vectors,
            queries=queries[:, None]
            if batch == 1
            else queries[: 64 // batch * batch].reshape(-1, batch, dim),
            k=k,
            rounds=rounds,
            where=where,
            clock=clock,
            mask=everything if where is None else columns.mask(where),
        )

    rows = []
    for batch in (1, 3):
        rows.append(row("no filter", None, batch))
        rows.extend(row(name, where, batch) for name, where in FILTERS.items())
    masks = [
        {
            "filter": name,
            "mask_ms": min(timed(partial(columns.mask, where), clock) for _ in range(rounds)) * 1e3,
        }
        for name, where in FILTERS.items()
    ]

    changed = max(1, count // 100)
    store.upsert(range(changed), vectors[:changed], payloads[:changed])
    publish = timed(store.publish)
    rows.append(row("no filter, 1 % in the delta", None, 1))
    reader = FaissStore(path=folder, encoder_id="bench@1", dim=dim)
    return {
        "count": count,
        "dim": dim,
        "k": k,
        "kind": store.info().kind,
        "rounds": rounds,
        "search": rows,
        "masks": masks,
        "seconds": {
            "rebuild": rebuilt,
            f"publish of {changed} rows": publish,
            "open": timed(reader.info),
            "verify": timed(store.verify),
        },
    }


def searched(
    name: str,
    *,
    store: FaissStore,
    bare: Any,
    vectors: Vectors,
    queries: Vectors,
    k: int,
    rounds: int,
    where: Where | None,
    mask: Mask,
    clock: Clock,
) -> dict[str, Any]:
    """One row. ``queries`` is (rounds at most, batch, dim); the first round only warms up."""
    kept, params = np.flatnonzero(mask), None
    if where is not None:
        bits = np.packbits(mask, bitorder="little")
        params = faiss.SearchParameters(sel=faiss.IDSelectorBitmap(bits))
    ways: dict[str, Callable[[Vectors], Any]] = {
        "store": lambda q: store.search(q, k, where=where),
        "bare": lambda q: bare.search(q, k, params=params)[1],
        "unfiltered": lambda q: bare.search(q, k),
        "gather": lambda q: gathered(vectors, kept, q, k),
    }
    times: dict[str, list[float]] = {way: [] for way in ways}
    right = total = 0
    for number in range(rounds + 1):
        query = np.ascontiguousarray(queries[number % len(queries)])
        for way, search in ways.items():
            times[way].append(timed(partial(search, query), clock))
        for hits, rows in zip(ways["store"](query), ways["bare"](query), strict=True):
            right += len({hit.image_id for hit in hits} & set(rows.tolist()))
            total += len(rows)
    ms = {way: min(values[1:]) * 1e3 for way, values in times.items()}
    return {
        "filter": name,
        "kept": len(kept),
        "queries": queries.shape[1],
        "store_ms": ms["store"],
        "bare_ms": ms["bare"],
        "store_to_bare": ms["store"] / ms["bare"],
        "store_to_unfiltered": ms["store"] / ms["unfiltered"],
        "gather_to_bare": ms["gather"] / ms["bare"],
        "recall": right / total,
    }


def gathered(vectors: Vectors, kept: Any, queries: Vectors, k: int) -> Any:
    """The other way to filter: copy the kept rows, multiply, take the best."""
    scores = (vectors if len(kept) == len(vectors) else vectors[kept]) @ queries.T
    return np.argpartition(-scores, min(k, len(kept) - 1), axis=0)[:k]


def make_vectors(rng: np.random.Generator, count: int, dim: int) -> Vectors:
    centres = rng.standard_normal((64, dim), dtype=np.float32)
    vectors = rng.standard_normal((count, dim), dtype=np.float32)
    vectors += centres[rng.integers(0, len(centres), count)]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def make_payloads(rng: np.random.Generator, count: int) -> list[Payload]:
    brands = rng.integers(0, 100, count).tolist()
    first, second = (rng.integers(0, 20, (2, count))).tolist()
    prices = rng.uniform(25.0, 125.0, count).tolist()
    return [
        {"brand": brand, "colours": (one, two), "price": price, "model": number // 8}
        for number, (brand, one, two, price) in enumerate(
            zip(brands, first, second, prices, strict=True)
        )
    ]


def timed(call: Callable[[], object], clock: Clock = time.perf_counter) -> float:
    began = clock()
    call()
    return clock() - began


def as_text(report: dict[str, Any]) -> str:
    lines = [
        f"FaissStore ({report['kind']}), {report['count']:,} x {report['dim']}, k = {report['k']}, "
        f"best of {report['rounds']} rounds",
        "",
        *table(
            (
                "filter",
                "kept",
                "queries",
                "store ms",
                "bare ms",
                "÷ bare",
                "÷ unfiltered",
                "gather ÷ bare",
                "recall",
            ),
            [
                (
                    row["filter"],
                    f"{row['kept']:,}",
                    str(row["queries"]),
                    *(f"{row[name]:.2f}" for name in list(row)[3:]),
                )
                for row in report["search"]
            ],
        ),
        "",
        *table(
            ("mask of", "ms"),
            [(row["filter"], f"{row['mask_ms']:.3f}") for row in report["masks"]],
        ),
        "",
        *table(
            ("step", "seconds"),
            [(name, f"{seconds:.3f}") for name, seconds in report["seconds"].items()],
        ),
    ]
    return "\n".join(lines)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(line[column]) for line in (head, *rows)) for column in range(len(head))]
    marks = ["-" * width for width in widths]
    return [
        "  ".join(
            [line[0].ljust(widths[0])]
            + [cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)]
        )
        for line in (head, marks, *rows)
    ]


if __name__ == "__main__":
    sys.exit(main())
