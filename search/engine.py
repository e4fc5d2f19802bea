"""How a shoe is found: decode → encode → store → re-rank → group by colorway → hydrate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.conf import settings

from search.active import active_encoder
from search.asking import Asked, Asker, leaving_out
from search.encoders import Encoder
from search.exceptions import QueryError
from search.filters import where_from
from search.fusion import Fusion, Mixture, fusion_for, fusion_named
from search.hydration import Group, group_hits, results_from
from search.metrics import Stopwatch
from search.query import MAX_PAGE, Query
from search.ranking import Ranking, rank
from search.recognition import identify
from search.recognition.voting import near_count
from search.results import SearchPage, gap_after
from search.stores import get_store
from search.stores.base import VectorStore
from search.suggestions import refine_words
from search.types import Hit

PER_PAGE: Final = 24
PHOTOS_PER_COLORWAY: Final = 4
"""How many hits are asked for each colorway that a page shows; shops publish 1 to 8."""


def search(
    query: Query,
    *,
    per_page: int = PER_PAGE,
    encoder: Encoder | None = None,
    store: VectorStore | None = None,
    fusion: str | None = None,
) -> SearchPage:
    """Answer one page of ``query``.

    ``encoder`` is the active one (`search.active`), ``store`` and ``fusion`` are those of the
    settings unless given. Raises
    ``QueryError`` (the person must change something: an empty query, an expired photo),
    ``IndexUnavailable`` and ``EncoderError`` (the operator must act).
    """
    if query.is_empty:
        raise QueryError("Give a photo or a few words to search with.")
    encoder = encoder or active_encoder()
    store = store or get_store(encoder_id=str(encoder.id), dim=encoder.dim)
    engine = Engine(encoder, store, fusion or settings.SHOEFINDER_FUSION, Stopwatch())
    page = engine.answer(query, per_page=per_page)
    engine.watch.report()
    return page


@dataclass(frozen=True)
class Engine:
    """One search: what it asks, and the watch that times it."""

    encoder: Encoder
    store: VectorStore
    fusion: str
    watch: Stopwatch

    def answer(self, query: Query, *, per_page: int) -> SearchPage:
        asker = Asker(self.encoder, self.store, self.fusion, self.watch)
        asked = asker.ask(query)
        wanted = query.page * per_page
        groups, ranking = self.find(query, asked, colorways=wanted + 1)
        shown = groups[wanted - per_page : wanted]
        with self.watch.stage("rerank"):
            why = ranking.shares(group.hits[0].image_id for group in shown)
            words = _refine_words(query, asked, asker, shown) if query.page == 1 else ()
        identification = None
        upright = asked.upright
        if upright is not None and query.page == 1:
            with self.watch.stage("identify"):
                identification = identify(
                    upright.vector,
                    method=query.method,
                    leaving_out=leaving_out(query),
                    turned=upright.turned,
                    encoder=self.encoder,
                    store=self.store,
                    near=asked.near or _nearest(query, asked, ranking),
                )
        with self.watch.stage("hydrate"):
            results = results_from(shown, why, ranking.standing or {}, ranking.closeness)
        return SearchPage(
            query=query,
            results=results,
            total=len(groups),
            total_exact=ranking.complete,
            page=query.page,
            has_next=len(groups) > wanted and query.page < MAX_PAGE,
            timings=self.watch.seconds,
            identification=identification,
            refine_words=words,
            gap_after=gap_after([r.closeness for r in results]) if query.page == 1 else None,
        )

    def find(self, query: Query, asked: Asked, *, colorways: int) -> tuple[list[Group], Ranking]:
        """At least so many colorways, best first, or all that the filters keep."""
        with self.watch.stage("store"):
            where = where_from(query.filters)
        method = self._method(asked)
        depth = colorways * PHOTOS_PER_COLORWAY
        while True:
            ranking = rank(
                self.store, asked.encoded, method, depth, where=where, watch=self.watch,
                table=asked.table, rules=asked.rules, reading=asked.reading,
            )  # fmt: skip
            with self.watch.stage("hydrate"):
                groups = group_hits(ranking.hits, leaving_out=query.image_id, refused=query.unlike)
            if ranking.complete or len(groups) >= colorways:
                return groups, ranking
            depth *= 4

    def _method(self, asked: Asked) -> Fusion:
        """The chosen method; terms of an edit count in the mixture also without photo or words."""
        chosen = fusion_named(self.fusion)
        weighed = asked.rules.rules or asked.encoded.unlike is not None
        if weighed and isinstance(chosen, Mixture):
            return chosen
        return fusion_for(asked.encoded, self.fusion)


def _refine_words(
    query: Query, asked: Asked, asker: Asker, shown: Sequence[Group]
) -> tuple[str, ...]:
    if asked.encoded.language is None:
        return ()
    return refine_words(
        asker.published([group.hits[0].image_id for group in shown]),
        language=asked.encoded.language,
        catalog=asked.encoded.catalog,
        said=query.words,
    )


def _nearest(query: Query, asked: Asked, ranking: Ranking) -> Sequence[Hit] | None:
    """The photos nearest to the one that is searched with, where ranking found just these."""
    if not ranking.nearest or asked.upright is None:
        return None
    if asked.encoded.photo is not asked.upright.vector:  # it was moved towards what is liked
        return None
    enough = ranking.complete or len(ranking.hits) >= near_count(leaving_out=leaving_out(query))
    return ranking.hits if enough else None
