"""FAISS indexes on disk: memory-mapped, shared by every process, nothing to install."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from search.stores.codes import CODED_FROM
from search.stores.columns import Rows
from search.stores.disk import CHUNK_ROWS, DiskStore
from search.stores.files import FLAT, HNSW, IndexFolder, folder_name
from search.stores.view import Keep
from search.types import Vectors

TRAINING_ROWS = 65_536
"""A sample for the 8-bit scales; faiss needs no more to find each dimension's range."""

PADDING = 19
"""Bytes before an index in its file: a flat one has a head of 45, and its vectors then begin at a
multiple of 64. numpy copies vectors that are not aligned before it multiplies them."""

SCAN_SHARE = 0.05
"""Below this share of rows a filter is answered by reading all kept codes, not by the graph."""


class FaissEngine:
    """The library itself, imported at the first use: a page without a search never loads it.

    Flat indexes up to ``flat_limit`` rows. Above, HNSW over 8-bit codes, a third of the memory and
    a tenth of the time; its results are scored anew from the full vectors, which stay on the disk.
    """

    def __init__(
        self,
        *,
        flat_limit: int,
        hnsw_links: int,
        ef_construction: int,
        ef_search: int,
        scan_limit: int,
    ) -> None:
        self.flat_limit, self.scan_limit = flat_limit, scan_limit
        self.hnsw_links, self.ef_construction = hnsw_links, ef_construction
        self.ef_search = ef_search

    def kind_for(self, count: int) -> str:
        return FLAT if count <= self.flat_limit else HNSW

    def flat(self, vectors: Vectors) -> Any:
        faiss = _library()
        index = faiss.IndexFlatIP(vectors.shape[1])
        index.add(vectors)
        return index

    def build(self, vectors: Vectors, kind: str, file: Path) -> None:
        """Write an index of ``vectors``, which may be mapped: they are read in pieces."""
        faiss = _library()
        count, dim = vectors.shape
        if kind == FLAT:
            index = faiss.IndexFlatIP(dim)
        else:
            index = faiss.IndexHNSWSQ(
                dim, faiss.ScalarQuantizer.QT_8bit, self.hnsw_links, faiss.METRIC_INNER_PRODUCT
            )
            index.hnsw.efConstruction = self.ef_construction
            index.train(np.ascontiguousarray(vectors[:: -(-count // TRAINING_ROWS)]))
        for at in range(0, count, CHUNK_ROWS):
            index.add(np.ascontiguousarray(vectors[at : at + CHUNK_ROWS]))
        with file.open("wb") as handle:
            handle.write(bytes(PADDING))
            faiss.write_index(index, faiss.PyCallbackIOWriter(handle.write))

    def open(self, file: Path, *, rows: int, dim: int) -> Any:
        """The index with its vectors mapped, not read. Raises ValueError if it is another one."""
        faiss = _library()
        mapped = np.memmap(file, np.uint8, "r")[PADDING:]
        try:
            reader = faiss.ZeroCopyIOReader(faiss.swig_ptr(mapped), len(mapped))
            index = faiss.read_index(reader, faiss.IO_FLAG_MMAP_IFC)
        except RuntimeError as error:
            raise ValueError(f"faiss cannot read it: {error}") from error
        if (index.ntotal, index.d) != (rows, dim):
            raise ValueError(f"it holds {index.ntotal} vectors of {index.d} dimensions")
        faiss.add_to_referenced_objects(index, mapped)  # the index points into it
        return index

    def vectors_of(self, index: Any) -> Vectors:
        """The vectors of a flat index, without a copy; valid as long as the index is."""
        faiss = _library()
        array: Vectors = faiss.rev_swig_ptr(index.get_xb(), index.ntotal * index.d)
        return array.reshape(index.ntotal, index.d)

    def exact(self, index: Any) -> bool:
        return not hasattr(index, "hnsw")

    def search(self, index: Any, queries: Vectors, k: int, keep: Keep) -> Rows:
        faiss = _library()
        # The selector only borrows the bitmap; `keep` outlives the call.
        selector = None if keep.bits is None else faiss.IDSelectorBitmap(keep.bits)
        if not self.exact(index):
            # More candidates than asked for, because the codes put close neighbours in disorder.
            k = min(2 * k + 16, keep.count)
            # The graph finds few of the kept rows when most are not: cost and misses grow as
            # 1/share, those of reading all kept codes fall with it.
            share = keep.count / index.ntotal
            if keep.count > self.scan_limit and share > SCAN_SHARE and k < keep.count / 4:
                breadth = int(max(self.ef_search, k) / share)
                params = faiss.SearchParametersHNSW(efSearch=breadth, sel=selector)
                rows: Rows = index.search(queries, k, params=params)[1]
                if not (rows < 0).any():
                    return rows
            index = faiss.downcast_index(index.storage)
        params = None if selector is None else faiss.SearchParameters(sel=selector)
        exhaustive: Rows = index.search(queries, k, params=params)[1]
        return exhaustive


class FaissStore(DiskStore):
    """Vectors of one encoder in a folder of their own below ``path``.

    A publish writes what changed as a delta beside the immutable base and swaps the manifest by a
    rename. When deltas and tombstones exceed ``compact_share`` of the base (and ``compact_min``
    rows) the publish writes a new base instead; more than ``merge_after`` deltas become one.

    A second object or process that writes gets IndexBusy after ``lock_seconds``. Writes hold the
    lock from the first one until ``publish``, ``discard`` or the death of the process. Readers
    look for a newer manifest every ``refresh_seconds``; files that went out of use stay for
    ``grace_seconds``. A flat base of ``coded_from`` rows or more is read by 8-bit codes first.

    All methods are safe to call from several threads.
    """

    def __init__(
        self,
        *,
        path: str | Path,
        encoder_id: str,
        dim: int,
        flat_limit: int = 200_000,
        compact_share: float = 0.2,
        compact_min: int = 4096,
        merge_after: int = 16,
        coded_from: int = CODED_FROM,
        hnsw_links: int = 32,
        ef_construction: int = 80,
        ef_search: int = 128,
        scan_limit: int = 10_000,
        refresh_seconds: float = 0.5,
        grace_seconds: float = 60.0,
        lock_seconds: float = 5.0,
    ) -> None:
        super().__init__(
            folder=IndexFolder(
                Path(path) / folder_name(encoder_id),
                encoder_id=encoder_id,
                dim=dim,
                grace_seconds=grace_seconds,
            ),
            engine=FaissEngine(
                flat_limit=flat_limit,
                hnsw_links=hnsw_links,
                ef_construction=ef_construction,
                ef_search=ef_search,
                scan_limit=scan_limit,
            ),
            compact_share=compact_share,
            compact_min=compact_min,
            merge_after=merge_after,
            coded_from=coded_from,
            refresh_seconds=refresh_seconds,
            lock_seconds=lock_seconds,
        )


def _library() -> Any:
    import faiss

    # Its stubs lack what its Python layer adds (selectors from arrays, search parameters).
    library: Any = faiss
    return library
