"""How a shoe is found: decode → encode → store → re-rank → group by colorway → hydrate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np
from django.conf import settings

from search.active import active_encoder
from search.edits import Edit, Mode, built_in
from search.edits.lexicon import Kind
from search.encoders import Encoder
from search.evidence import describe_edges, heard, outlines, weights
from search.exceptions import QueryError
from search.filters import where_from
from search.fusion import EncodedQuery, Fusion, Mixture, fusion_for, fusion_named
from search.hydration import Group, colour_of_image, group_hits, results_from
from search.knowledge import Table, evidence_of, knowledge_of
from search.language import COLOUR_PLACE, language_of
from search.metrics import Stopwatch
from search.models import ImageEmbedding
from search.pictures import catalog_photo, picture_load, query_pictures
from search.query import MAX_PAGE, Query
from search.ranking import Ranking, Reading, fetch_known, rank, read_all, statistics_of
from search.recognition import Upright, identify, upright_vector
from search.recognition.voting import near_count, near_of
from search.results import SearchPage, gap_after
from search.selectors import vectors_of
from search.stores import get_store
from search.stores.base import VectorStore
from search.suggestions import refine_words
from search.texts import text_space, unit
from search.tones import shades_of, with_shades
from search.types import Hit, Vector, Vectors
from search.vocabulary import edit_of
from search.wishes import Rules, Seen, rules_from, seen_in

PER_PAGE: Final = 24
PHOTOS_PER_COLORWAY: Final = 4
"""How many hits are asked for each colorway that a page shows; shops publish 1 to 8."""
Outlined = Callable[[], Vector | None]
"""Looks at a photo's outlines; only where the ranking asks for them."""
NAMING: Final = frozenset({Kind.UNKNOWN, Kind.PART})
"""Kinds of words that shops may write too; all others say what is to be done."""
LIKE: Final = 0.5
"""Weight of the mean photo of "more like this" beside what is searched with (Rocchio 1971)."""


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
        asked = self.ask(query)
        wanted = query.page * per_page
        groups, ranking = self.find(query, asked, colorways=wanted + 1)
        shown = groups[wanted - per_page : wanted]
        with self.watch.stage("rerank"):
            why = ranking.shares(group.hits[0].image_id for group in shown)
            words = self._refine_words(query, asked, shown) if query.page == 1 else ()
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
                    near=asked.near,
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

    def _refine_words(self, query: Query, asked: Asked, shown: Sequence[Group]) -> tuple[str, ...]:
        if asked.encoded.language is None:
            return ()
        leading = self._published([group.hits[0].image_id for group in shown])
        return refine_words(
            leading,
            language=asked.encoded.language,
            catalog=asked.encoded.catalog,
            said=query.words,
        )

    def ask(self, query: Query) -> Asked:
        """Photo and words as vectors, evidence and rules."""
        upright, outlined = self._photo(query)
        shown = upright.vector if upright else None
        photo, unlike = self._refined(query, shown)
        # What the photo shows is read off the photo, not off what else was liked.
        shown = photo if shown is None else shown
        # At this end of the slider the words do not count.
        only_photo = photo is not None and query.weight == 0
        edit = Edit(words="") if only_photo else edit_of(query)
        space = text_space(self.encoder)
        with self.watch.stage("encode"):
            language = language_of(space)
            colour = None if shown is None else self._colour(query, edit, shown)
            shades = shades_of(edit, colour)
            worded = with_shades(edit, shades)
            text = space.mean(worded.targets) if worded.targets else None
            if photo is not None and not says_more(worded):
                text = None  # "another brand" says nothing that a photo could look like
            more = without_colours(worded)
            source = None
            if shown is not None and text is not None:
                source = space.mean(worded.sources(colour))
        with self.watch.stage("store"):
            table, catalog = None, None
            if isinstance(fusion_named(self.fusion), Mixture):
                table, catalog = knowledge_of(self.encoder, self.store).table(self.store)
        # A photo alone is ranked by its vector, also when something is not to be like.
        ruled = bool(edit.terms) and table is not None
        shape = outlined() if text is not None or ruled else None
        encoded = EncodedQuery(
            photo=photo,
            text=text,
            source=source,
            weight=query.weight,
            catalog=catalog or statistics_of(self.store),
            language=language,
            words=query.words,
            heard=free_words(edit),
            colours=_tints(worded, "change"),
            alternatives=worded.alternatives,
            unwanted=_tints(worded, "avoid"),
            more=None if more is None else space.mean(more),
            unlike=unlike if len(unlike) else None,
            shape=shape,
        )
        reading, seen, near = None, Seen(), None
        with self.watch.stage("store"):
            if shown is not None and (edit.terms or text is not None):
                reading, near = self._near(encoded, table, shown, leaving_out(query))
                seen = seen_in(self.store, near, query.image_id)
                if upright is None:  # what was liked may answer
                    seen = replace(seen, colorways=frozenset())
            rules = rules_from(edit.terms, seen, shades=shades) if ruled else Rules()
        return Asked(encoded, rules, table, upright, near if upright else None, reading)

    def _near(
        self, encoded: EncodedQuery, table: Table | None, photo: Vector, but: Sequence[int]
    ) -> tuple[Reading | None, list[Hit]]:
        """The photos nearest to ``photo``, read together with what ranking needs to know."""
        method = fusion_named(self.fusion)
        reading = read_all(self.store, encoded, method, table, beside=photo)
        if reading is None:
            return None, near_of(self.store, photo, leaving_out=but)
        return reading, reading.nearest(near_count(leaving_out=but))

    def _refined(self, query: Query, photo: Vector | None) -> tuple[Vector | None, Vectors]:
        """The photo, moved towards what should be more like; and (n, dim) what should not."""
        with self.watch.stage("store"):
            like, unlike = self._published(query.like), self._published(query.unlike)
        if len(like):
            liked = unit(like.mean(axis=0))
            photo = liked if photo is None else unit(photo + LIKE * liked)
        return photo, unlike

    def _published(self, image_ids: Sequence[int]) -> Vectors:
        """Vectors of catalog photos, (n, dim); those that are gone meanwhile are left out."""
        if not image_ids:
            return np.empty((0, self.encoder.dim), np.float32)
        return fetch_known(self.store, np.array(image_ids, np.int64))[1]

    def _method(self, asked: Asked) -> Fusion:
        """The chosen method; terms of an edit count in the mixture also without photo or words."""
        chosen = fusion_named(self.fusion)
        weighed = asked.rules.rules or asked.encoded.unlike is not None
        if weighed and isinstance(chosen, Mixture):
            return chosen
        return fusion_for(asked.encoded, self.fusion)

    def _photo(self, query: Query) -> tuple[Upright | None, Outlined]:
        """The photo's vector, of several the mean, and how to know its outlines."""
        if query.image_id is not None and query.crop is None:
            return self._photo_of_catalog(query.image_id)
        with self.watch.stage("decode"):
            pictures = query_pictures(query)
        if not pictures:
            return None, _unknown
        with self.watch.stage("encode"):
            vectors = self.encoder.encode_images(pictures)
        with self.watch.stage("identify"):
            views = [
                upright_vector(picture, vector=vector, encoder=self.encoder)
                for picture, vector in zip(pictures, vectors, strict=True)
            ]
        first = views[0]
        merged = Upright(unit(np.mean([view.vector for view in views], axis=0)), first.turned)

        def outlined() -> Vector:
            with self.watch.stage("encode"):
                found: Vector = outlines(describe_edges(pictures[0]), weights())[0]
            return found

        return merged, _unknown if first.turned else outlined

    def _photo_of_catalog(self, image_id: int) -> tuple[Upright, Outlined]:
        with self.watch.stage("decode"):
            photo = catalog_photo(image_id)
            row = ImageEmbedding.objects.filter(image=photo, encoder_id=str(self.encoder.id))
            raw = row.values_list("vector", flat=True).first()
            if raw is not None:
                vector = unit(vectors_of([raw], dim=self.encoder.dim)[0])
                return Upright(vector), partial(evidence_of, image_id)
            picture = picture_load(photo.file)
        with self.watch.stage("encode"):
            vector = unit(self.encoder.encode_images([picture])[0])
        return Upright(vector), partial(evidence_of, image_id)

    def _colour(self, query: Query, edit: Edit, photo: Vector) -> str | None:
        """What colour the photo shows: as the catalog knows it, else as the encoder sees it."""
        if not (edit.colours or any(term.tone for term in edit.terms)):
            return None
        stated = colour_of_image(query.image_id) if query.image_id is not None else None
        return stated or text_space(self.encoder).colour_of(photo)


@dataclass(frozen=True)
class Asked:
    """A query as the engine has understood it."""

    encoded: EncodedQuery
    rules: Rules
    table: Table | None
    upright: Upright | None
    near: Sequence[Hit] | None
    """The photos nearest to the upright one, where words had to know them."""
    reading: Reading | None
    """Every vector, where that meant to read them all."""


def leaving_out(query: Query) -> tuple[int, ...]:
    """The catalog photo that is searched with: it has no say in what it shows."""
    return () if query.image_id is None else (query.image_id,)


def _unknown() -> None:
    """The outlines of nobody knows what."""


def free_words(edit: Edit) -> tuple[str, ...]:
    """Of the free text those words that are no mere grammar: "with a fluffy collar" → fluffy,
    collar."""
    known = built_in()
    told = ((word, known.get((word,))) for word in heard(edit.free_text))
    return tuple(word for word, means in told if means is None or means.kind in NAMING)


def says_more(edit: Edit) -> bool:
    """Whether the words describe a shoe: a value or free text, not only "another brand"."""
    named = any((term.value and term.attribute != "price") or term.tone for term in edit.terms)
    return bool(edit.free_text or named)


def without_colours(edit: Edit) -> tuple[str, ...] | None:
    """Sentences for all wishes but the colours; None when the colours are all."""
    rest = replace(
        edit, terms=tuple(term for term in edit.terms if term.attribute != "colour"), words=""
    )
    wished = any(t.value and t.mode == "change" and t.attribute != "price" for t in rest.terms)
    return rest.targets if rest.free_text or wished else None


def _tints(edit: Edit, mode: Mode) -> tuple[tuple[int, float], ...]:
    return tuple(
        (COLOUR_PLACE[term.value], term.weight)
        for term in edit.terms
        if term.mode == mode and term.attribute == "colour" and term.value in COLOUR_PLACE
    )
