"""The search engine against bare FAISS over the same vectors: ``python -m benchmarks.search``.

*Whole* is everything between an encoded query and photos in their final order, grouped by
colorway: filters from slugs to ids (database), the shortlist, the store's search with the filter
inside, re-ranking, the lookup of the colorways (database) and the shares of the score. *Ranked* is
the same without the two visits to the database. *Bare* is one call of
``faiss.IndexFlatIP.search`` with the same vectors, query and k; *bare, filtered* is given an
IDSelector over the rows that the filter keeps, ready made. Encoding and the cards of a page cost
the same with any engine and stay out.

Both are timed alternately, so that what else the machine does falls on both alike.
Set OMP_NUM_THREADS=1 on a busy machine: threads of FAISS wait for each other.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from benchmarks.frame import Goal, finish, own_site, parser_of

if TYPE_CHECKING:
    from catalog.filters import CatalogFilter
    from search.fusion import EncodedQuery
    from search.stores.base import VectorStore

ENCODER = "bench@1+512"
PHOTOS_PER_COLORWAY = 4
BRANDS = 10
"""One of them is the filter that keeps 10 %."""


Search = Callable[["EncodedQuery"], object]


@dataclass(frozen=True)
class Row:
    """A case; times are the best of all queries, because what else the machine does only adds."""

    case: str
    engine_ms: float
    bare_ms: float
    ratio: float
    limit: float | None


def main(argv: Sequence[str] | None = None) -> int:
    parser = parser_of(__doc__)
    parser.add_argument("--photos", type=int, default=100_000)
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--k", type=int, default=50)
    parser.add_argument("--queries", type=int, default=200)
    options = parser.parse_args(argv)
    with own_site() as folder:
        rows = run(options, folder)
    print_table(options, rows)
    goals = [
        Goal(row.case, row.ratio, row.limit, at_least=False)
        for row in rows
        if row.limit is not None
    ]
    return finish(options.json, [asdict(row) for row in rows], goals)


def print_table(options: argparse.Namespace, rows: Sequence[Row]) -> None:
    print(
        f"{options.photos} vectors of {options.dim}, k = {options.k}, "
        f"best of {options.queries} queries, {os.cpu_count()} cores"
    )
    print(f"{'case':<38}{'engine ms':>11}{'bare ms':>10}{'ratio':>8}")
    for row in rows:
        print(f"{row.case:<38}{row.engine_ms:>11.2f}{row.bare_ms:>10.2f}{row.ratio:>8.2f}")


def run(options: argparse.Namespace, folder: Path) -> list[Row]:
    from catalog.filters import CatalogFilter
    from search.filters import where_from
    from search.fusion import FUSIONS
    from search.ranking import rank

    ids = fill_catalog(options.photos)
    vectors = unit_rows(options.photos, options.dim, seed=1)
    store = build_store(folder, ids, vectors)
    questions = queries(options, vectors)
    everything, one_brand = CatalogFilter(), CatalogFilter(brands=("brand-3",))
    bare, filtered = bare_searches(vectors, ids, options.k)
    where = where_from(one_brand)

    def whole(method: str, filters: CatalogFilter) -> Search:
        return lambda q: answer(store, q, method, filters, options.k)

    def ranked(q: EncodedQuery) -> object:
        return rank(store, q, FUSIONS["direction"], options.k, where=where)

    def case(name: str, ours: Search, theirs: Search, limit: float | None = None) -> Row:
        one, other = timed(questions, ours, theirs)
        return Row(name, 1000 * one, 1000 * other, one / other, limit)

    words, photo = "direction", "image"
    return [
        case("photo: whole ÷ bare", whole(photo, everything), bare, 1.5),
        case("photo + words: whole ÷ bare", whole(words, everything), bare, 1.5),
        case("10 % kept: whole ÷ bare", whole(words, one_brand), bare, 2.0),
        case("10 % kept: ranked ÷ bare, filtered", ranked, filtered, 2.0),
        case("10 % kept: whole ÷ bare, filtered", whole(words, one_brand), filtered),
        case("weicom, exact: whole ÷ bare", whole("weicom", everything), bare),
        case("product, exact: whole ÷ bare", whole("product", everything), bare),
    ]


def answer(
    store: VectorStore, q: EncodedQuery, method: str, filters: CatalogFilter, k: int
) -> object:
    from search.filters import where_from
    from search.fusion import FUSIONS
    from search.hydration import group_hits
    from search.ranking import rank

    ranking = rank(store, q, FUSIONS[method], k, where=where_from(filters))
    groups = group_hits(ranking.hits)
    return groups, ranking.shares(group.hits[0].image_id for group in groups)


def bare_searches(
    vectors: npt.NDArray[np.float32], ids: Sequence[int], k: int
) -> tuple[Search, Search]:
    import faiss
    from django.db.models import F

    from catalog.models import ShoeImage

    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    kept = ShoeImage.objects.filter(colorway__brand__slug="brand-3").values_list("id", flat=True)
    place = {number: row for row, number in enumerate(ids)}
    rows = np.array(sorted(place[number] for number in kept.order_by(F("id"))), np.int64)
    mask = np.zeros(len(ids), np.bool_)
    mask[rows] = True
    bitmap = np.packbits(mask, bitorder="little")
    selected = faiss.SearchParameters(sel=faiss.IDSelectorBitmap(bitmap))
    return (
        lambda q: index.search(q.photo[None, :], k),
        lambda q: index.search(q.photo[None, :], k, params=selected),
    )


def timed(
    questions: Sequence[EncodedQuery],
    one: Search,
    other: Search,
) -> tuple[float, float]:
    """Best seconds of each, run alternately."""
    for q in questions[:10]:
        one(q)
        other(q)
    times: tuple[list[float], list[float]] = ([], [])
    for q in questions:
        for action, kept in zip((one, other), times, strict=True):
            started = time.perf_counter()
            action(q)
            kept.append(time.perf_counter() - started)
    return min(times[0]), min(times[1])


def queries(options: argparse.Namespace, vectors: npt.NDArray[np.float32]) -> list[EncodedQuery]:
    """Photos near a catalog photo, words anywhere."""
    from search.fusion import EncodedQuery, Statistics

    noise = unit_rows(3 * options.queries, options.dim, seed=2)
    catalog = Statistics(vectors[:4096])
    asked = []
    for number in range(options.queries):
        photo = vectors[(7919 * number) % len(vectors)] + noise[3 * number]
        asked.append(
            EncodedQuery(
                photo=photo / np.linalg.norm(photo),
                text=noise[3 * number + 1],
                source=noise[3 * number + 2],
                catalog=catalog,
            )
        )
    return asked


def unit_rows(n: int, dim: int, *, seed: int) -> npt.NDArray[np.float32]:
    rows = np.random.default_rng(seed).standard_normal((n, dim), dtype=np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows


def fill_catalog(photos: int) -> list[int]:
    """Colorways of ten brands with four photos each; the photos' ids."""
    from catalog.models import Brand, Colorway, ShoeImage, ShoeModel

    brands = [Brand.objects.create(name=f"Brand {n}", slug=f"brand-{n}") for n in range(BRANDS)]
    models = ShoeModel.objects.bulk_create(
        ShoeModel(brand=brand, name=f"Model {n}", slug=f"model-{n}")
        for brand in brands
        for n in range(50)
    )
    colorways = Colorway.objects.bulk_create(
        (
            Colorway(model=model, brand_id=model.brand_id, style_code=f"S{n}", colour_key="red")
            for n in range(-(-photos // PHOTOS_PER_COLORWAY))
            for model in [models[n % len(models)]]
        ),
        batch_size=2000,
    )
    images = ShoeImage.objects.bulk_create(
        (
            ShoeImage(
                sha256=f"{n:064x}", file=f"photos/{n}.jpg", format="JPEG", byte_size=1, width=1,
                height=1, colorway=colorways[n // PHOTOS_PER_COLORWAY],
            )
            for n in range(photos)
        ),
        batch_size=2000,
    )  # fmt: skip
    return [image.pk for image in images]


def build_store(folder: Path, ids: Sequence[int], vectors: npt.NDArray[np.float32]) -> VectorStore:
    from catalog.selectors import image_payloads
    from search.stores.faiss import FaissStore

    payloads = image_payloads(ids)
    store = FaissStore(path=folder / "index", encoder_id=ENCODER, dim=vectors.shape[1])
    step = 10_000
    store.rebuild(
        (ids[at : at + step], vectors[at : at + step], [payloads[n] for n in ids[at : at + step]])
        for at in range(0, len(ids), step)
    )
    return store


if __name__ == "__main__":
    raise SystemExit(main())
