"""What a query asks for: photo and words as vectors, evidence, and rules about attributes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np
from PIL.Image import Image

from search.edits import Edit, Tone
from search.encoders import Encoder
from search.encoders.base import enough_pixels
from search.evidence import describe_edges, outlines, weights
from search.fusion import EncodedQuery, Mixture, fusion_named
from search.hydration import colour_of_image
from search.knowledge import Table, evidence_of, knowledge_of
from search.language import language_of
from search.metrics import Stopwatch
from search.models import ImageEmbedding
from search.pictures import catalog_photo, picture_load, query_pictures
from search.query import Query
from search.ranking import Reading, fetch_known, read_all, statistics_of
from search.recognition import Upright, upright_vectors
from search.recognition.voting import near_count, near_of
from search.seen import seen_in
from search.selectors import vectors_of
from search.sights import Sight, sight_keep, sight_kept
from search.stores.base import VectorStore
from search.texts import text_space, unit
from search.tones import shades_of, with_shades
from search.types import Hit, Vector, Vectors
from search.vocabulary import edit_of
from search.wishes import Rules, Seen, rules_from
from search.wording import free_words, says_more, tints, without_colours

Outlined = Callable[[], Vector | None]
"""Looks at a photo's outlines; only where the ranking asks for them."""
LIKE: Final = 0.5
"""Weight of the mean photo of "more like this" beside what is searched with (Rocchio 1971)."""


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


@dataclass(frozen=True)
class _Said:
    """An edit, and what of it was encoded: see `EncodedQuery`."""

    edit: Edit
    shades: Mapping[Tone, Sequence[str]]
    text: Vector | None
    source: Vector | None
    more: Vector | None


@dataclass(frozen=True)
class Asker:
    """Understands queries to one index; the watch times it."""

    encoder: Encoder
    store: VectorStore
    fusion: str
    watch: Stopwatch

    def ask(self, query: Query) -> Asked:
        """Raises as ``search()`` does."""
        edit = edit_of(query)
        worded = bool(edit.targets) and query.weight != 0
        upright, outlined = self._photo(query, worded=worded)
        photo, unlike = self._refined(query, upright.vector if upright else None)
        # What the photo shows is read off the photo, not off what else was liked.
        shown = upright.vector if upright else photo
        if photo is not None and query.weight == 0:
            edit = Edit(words="")  # at this end of the slider the words do not count
        with self.watch.stage("encode"):
            language = language_of(text_space(self.encoder))
            said = self._said(query, edit, shown)
        with self.watch.stage("store"):
            table, catalog = None, None
            if isinstance(fusion_named(self.fusion), Mixture):
                table, catalog = knowledge_of(self.encoder, self.store).table(self.store)
        ruled = bool(edit.terms) and table is not None
        encoded = EncodedQuery(
            photo=photo,
            text=said.text,
            source=said.source,
            weight=query.weight,
            catalog=catalog or statistics_of(self.store),
            language=language,
            words=query.words,
            heard=free_words(edit),
            colours=tints(said.edit, "change"),
            alternatives=said.edit.alternatives,
            unwanted=tints(said.edit, "avoid"),
            more=said.more,
            unlike=unlike if len(unlike) else None,
            # A photo alone is ranked by its vector, also when something is not to be like.
            shape=outlined() if said.text is not None or ruled else None,
        )
        reading, seen, near = None, Seen(), None
        with self.watch.stage("store"):
            if shown is not None and (edit.terms or said.text is not None):
                reading, near = self._near(encoded, table, shown, leaving_out(query))
                seen = seen_in(self.store, near, query.image_id)
                if upright is None:  # what was liked may answer
                    seen = replace(seen, colorways=frozenset())
            rules = rules_from(edit.terms, seen, shades=said.shades) if ruled else Rules()
        return Asked(encoded, rules, table, upright, near if upright else None, reading)

    def _said(self, query: Query, edit: Edit, photo: Vector | None) -> _Said:
        """The words as vectors; of a tone ("darker") those of the colours that it means here."""
        space = text_space(self.encoder)
        colour = None if photo is None else self._colour(query, edit, photo)
        shades = shades_of(edit, colour)
        worded = with_shades(edit, shades)
        text = space.mean(worded.targets) if worded.targets else None
        if photo is not None and not says_more(worded):
            text = None  # "another brand" says nothing that a photo could look like
        more = without_colours(worded)
        return _Said(
            edit=worded,
            shades=shades,
            text=text,
            source=None if photo is None or text is None else space.mean(worded.sources(colour)),
            more=None if more is None else space.mean(more),
        )

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
            like, unlike = self.published(query.like), self.published(query.unlike)
        if len(like):
            liked = unit(like.mean(axis=0))
            photo = liked if photo is None else unit(photo + LIKE * liked)
        return photo, unlike

    def published(self, image_ids: Sequence[int]) -> Vectors:
        """Vectors of catalog photos, (n, dim); those that are gone meanwhile are left out."""
        if not image_ids:
            return np.empty((0, self.encoder.dim), np.float32)
        return fetch_known(self.store, np.array(image_ids, np.int64))[1]

    def _photo(self, query: Query, *, worded: bool) -> tuple[Upright | None, Outlined]:
        """The photo's vector, of several the mean, and how to know its outlines.

        Args:
            worded: something is said beside the photo, so its outlines will be asked for.
        """
        if query.image_id is not None and query.crop is None:
            return self._photo_of_catalog(query.image_id)
        with self.watch.stage("decode"):
            sight = sight_kept(query, self.encoder)
            pictures = [] if sight else self._pictures(query)
        edges: Future[Vectors] | None = None
        if sight is None:
            if not pictures:
                return None, _unknown
            sight, edges = self._look(pictures, worded=worded)
            sight_keep(query, self.encoder, sight)
        return sight.upright, _unknown if sight.upright.turned else partial(
            self._outlined, query, sight, edges
        )

    def _pictures(self, query: Query) -> list[Image]:
        return query_pictures(query, at_least=enough_pixels(self.encoder))

    def _look(
        self, pictures: Sequence[Image], *, worded: bool
    ) -> tuple[Sight, Future[Vectors] | None]:
        """The sight, and what goes on about the first photo's outlines where they are wanted."""
        edges: Future[Vectors] | None = None
        with self.watch.stage("encode"), ThreadPoolExecutor(1) as aside:
            if worded:  # a core is free while the encoder frames the photo
                edges = aside.submit(describe_edges, pictures[0])
            views = upright_vectors(pictures, encoder=self.encoder)
        mean = unit(np.mean([view.vector for view in views], axis=0))
        return Sight(Upright(mean, views[0].turned)), edges

    def _outlined(self, query: Query, sight: Sight, edges: Future[Vectors] | None) -> Vector:
        with self.watch.stage("encode"):
            known = sight.edges
            if known is None:
                known = edges.result() if edges else describe_edges(self._pictures(query)[0])
                sight_keep(query, self.encoder, replace(sight, edges=known))
            found: Vector = outlines(known, weights())[0]
        return found

    def _photo_of_catalog(self, image_id: int) -> tuple[Upright, Outlined]:
        with self.watch.stage("decode"):
            photo = catalog_photo(image_id)
            row = ImageEmbedding.objects.filter(image=photo, encoder_id=str(self.encoder.id))
            raw = row.values_list("vector", flat=True).first()
            if raw is not None:
                vector = unit(vectors_of([raw], dim=self.encoder.dim)[0])
                return Upright(vector), partial(evidence_of, image_id)
            picture = picture_load(photo.file, at_least=enough_pixels(self.encoder))
        with self.watch.stage("encode"):
            vector = unit(self.encoder.encode_images([picture])[0])
        return Upright(vector), partial(evidence_of, image_id)

    def _colour(self, query: Query, edit: Edit, photo: Vector) -> str | None:
        """What colour the photo shows: as the catalog knows it, else as the encoder sees it."""
        if not (edit.colours or any(term.tone for term in edit.terms)):
            return None
        stated = colour_of_image(query.image_id) if query.image_id is not None else None
        return stated or text_space(self.encoder).colour_of(photo)


def leaving_out(query: Query) -> tuple[int, ...]:
    """The catalog photo that is searched with: it has no say in what it shows."""
    return () if query.image_id is None else (query.image_id,)


def _unknown() -> None:
    """The outlines of nobody knows what."""
