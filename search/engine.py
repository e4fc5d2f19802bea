"""How a shoe is found: decode → encode → store → re-rank → group by colorway → hydrate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.conf import settings
from PIL.Image import Image

from catalog.images import photo_load
from catalog.models import ImageStatus, ShoeImage
from search.active import active_encoder
from search.edits import Edit
from search.encoders import Encoder
from search.exceptions import QueryError
from search.filters import where_from
from search.fusion import EncodedQuery, fusion_for
from search.hydration import Group, colour_of_image, group_hits, results_from
from search.language import COLOUR_PLACE, language_of
from search.metrics import Stopwatch
from search.models import ImageEmbedding
from search.queries import query_photo_get
from search.query import MAX_PAGE, NO_PHOTO, Query
from search.ranking import Ranking, rank, statistics_of
from search.recognition import Upright, identify, upright_vector
from search.results import SearchPage
from search.selectors import vectors_of
from search.stores import get_store
from search.stores.base import VectorStore
from search.texts import text_space, unit
from search.types import Vector
from search.vocabulary import edit_of

PER_PAGE: Final = 24
PHOTOS_PER_COLORWAY: Final = 4
"""How many hits are asked for each colorway that a page shows; shops publish 1 to 8."""
LONGEST_SIDE: Final = 640
"""Pixels that a photo is decoded to: well above what any encoder reads."""


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
        upright = self._photo(query)
        encoded = self.encode(query, upright.vector if upright else None)
        wanted = query.page * per_page
        groups, ranking = self.find(query, encoded, colorways=wanted + 1)
        shown = groups[wanted - per_page : wanted]
        with self.watch.stage("rerank"):
            why = ranking.shares(group.hits[0].image_id for group in shown)
        identification = None
        if upright is not None and query.page == 1:
            with self.watch.stage("identify"):
                identification = identify(
                    upright.vector,
                    method=query.method,
                    leaving_out=() if query.image_id is None else (query.image_id,),
                    turned=upright.turned,
                    encoder=self.encoder,
                    store=self.store,
                )
        with self.watch.stage("hydrate"):
            results = results_from(shown, why)
        return SearchPage(
            query=query,
            results=results,
            total=len(groups),
            total_exact=ranking.complete,
            page=query.page,
            has_next=len(groups) > wanted and query.page < MAX_PAGE,
            timings=self.watch.seconds,
            identification=identification,
        )

    def find(
        self, query: Query, encoded: EncodedQuery, *, colorways: int
    ) -> tuple[list[Group], Ranking]:
        """At least so many colorways, best first, or all that the filters keep."""
        with self.watch.stage("store"):
            where = where_from(query.filters)
        method = fusion_for(encoded, self.fusion)
        depth = colorways * PHOTOS_PER_COLORWAY
        while True:
            ranking = rank(self.store, encoded, method, depth, where=where, watch=self.watch)
            with self.watch.stage("hydrate"):
                groups = group_hits(ranking.hits, leaving_out=query.image_id)
            if ranking.complete or len(groups) >= colorways:
                return groups, ranking
            depth *= 4

    def encode(self, query: Query, photo: Vector | None) -> EncodedQuery:
        """Words as vectors, beside the photo's."""
        edit = edit_of(query)
        with self.watch.stage("encode"):
            space = text_space(self.encoder)
            text = space.mean(edit.targets) if edit.targets else None
            source = None
            if photo is not None and text is not None:
                source = space.mean(edit.sources(self._colour(query, edit, photo)))
        with self.watch.stage("store"):
            catalog = statistics_of(self.store)
            language = language_of(space)
        return EncodedQuery(
            photo=photo,
            text=text,
            source=source,
            weight=query.weight,
            catalog=catalog,
            language=language,
            words=query.words,
            colours=tuple((COLOUR_PLACE[c], 1.0) for c in edit.colours if c in COLOUR_PLACE),
            alternatives=edit.alternatives,
        )

    def _photo(self, query: Query) -> Upright | None:
        if query.image_id is not None:
            return Upright(self._vector_of_image(query.image_id))
        if not query.photo:
            return None
        with self.watch.stage("decode"), query_photo_get(query.photo).file.open("rb") as file:
            image = photo_load(file, longest_side=LONGEST_SIDE)
        vector = self._vector_of(image)
        with self.watch.stage("identify"):
            return upright_vector(image, vector=vector, encoder=self.encoder)

    def _vector_of_image(self, image_id: int) -> Vector:
        with self.watch.stage("decode"):
            photo = ShoeImage.objects.filter(id=image_id, status=ImageStatus.ACCEPTED).first()
            if photo is None:
                raise QueryError(NO_PHOTO)
            row = ImageEmbedding.objects.filter(image=photo, encoder_id=str(self.encoder.id))
            raw = row.values_list("vector", flat=True).first()
            if raw is not None:
                return unit(vectors_of([raw], dim=self.encoder.dim)[0])
            with photo.file.open("rb") as file:
                image = photo_load(file, longest_side=LONGEST_SIDE)
        return self._vector_of(image)

    def _vector_of(self, image: Image) -> Vector:
        with self.watch.stage("encode"):
            return unit(self.encoder.encode_images([image])[0])

    def _colour(self, query: Query, edit: Edit, photo: Vector) -> str | None:
        """What colour the photo shows: as the catalog states it, else as the encoder sees it."""
        if not edit.colours:
            return None
        stated = colour_of_image(query.image_id) if query.image_id is not None else None
        return stated or text_space(self.encoder).colour_of(photo)
