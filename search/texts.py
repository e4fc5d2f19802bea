"""Sentences as vectors of one encoder, kept: the same few prompts come with every query."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Sequence
from typing import Final

import numpy as np

from catalog.colours import COLOURS
from search.edits import colour_prompts
from search.encoders.base import Encoder
from search.types import EncoderId, Vector, Vectors

KEPT: Final = 4096
"""Mean vectors kept per encoder: 8 MB at 512 dimensions."""

COLOUR_SLUGS: Final = tuple(colour.slug for colour in COLOURS if colour.slug != "multi")
"""What a photo's main colour is chosen from; "multi" says how many there are, not which."""


class TextSpace:
    """Text vectors of one encoder. Safe to share between threads."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._means: OrderedDict[tuple[str, ...], Vector] = OrderedDict()
        self._colours: Vectors | None = None
        self._lock = threading.Lock()

    @property
    def encoder(self) -> Encoder:
        return self._encoder

    def mean(self, sentences: tuple[str, ...]) -> Vector:
        """The renormalised mean of the sentences' unit vectors, shape (dim,).

        A sentence given twice counts twice. ``ValueError`` when there is none.
        """
        mean: Vector = self.means([sentences])[0]
        return mean

    def means(self, ensembles: Sequence[tuple[str, ...]]) -> Vectors:
        """One ``mean`` for each, shape (n, dim); what is not known yet is encoded together."""
        if not all(ensembles):
            raise ValueError("A mean needs at least one sentence.")
        with self._lock:
            known = {each: self._means[each] for each in ensembles if each in self._means}
            for each in known:
                self._means.move_to_end(each)
        missing = list(dict.fromkeys(each for each in ensembles if each not in known))
        place = {one: i for i, one in enumerate(dict.fromkeys(s for each in missing for s in each))}
        if missing:
            vectors = self._encoder.encode_texts(list(place))
            for each in missing:
                counts = Counter(each)
                weights = np.array(list(counts.values()), np.float32)
                known[each] = unit(weights @ vectors[[place[s] for s in counts]])
        with self._lock:
            self._means.update((each, known[each]) for each in missing)
            while len(self._means) > KEPT:
                self._means.popitem(last=False)
        if not ensembles:
            return np.empty((0, self._encoder.dim), np.float32)
        return np.stack([known[each] for each in ensembles])

    def encode(self, sentences: Sequence[str]) -> Vectors:
        """One row each, (n, dim), kept like means."""
        if not sentences:
            return np.empty((0, self._encoder.dim), np.float32)
        return np.stack([self.mean((sentence,)) for sentence in sentences])

    def colours(self) -> Vectors:
        """One row per ``COLOUR_SLUGS``: the classifier's class vectors."""
        if self._colours is None:
            self._colours = self.means([colour_prompts(slug) for slug in COLOUR_SLUGS])
        return self._colours

    def colour_of(self, photo: Vector) -> str:
        """The slug of the main colour that a photo is taken for (zero-shot, prompt ensemble)."""
        return COLOUR_SLUGS[int(np.argmax(self.colours() @ photo))]


def unit(vector: Vector) -> Vector:
    """Scaled to length 1; zeros stay zeros, so that nothing becomes NaN."""
    length = float(np.linalg.norm(vector))
    return np.asarray(vector / length if length > 1e-12 else vector, dtype=np.float32)


_spaces: OrderedDict[tuple[EncoderId, type[Encoder]], TextSpace] = OrderedDict()
_lock = threading.Lock()


def text_space(encoder: Encoder) -> TextSpace:
    """The process's one space for this encoder; the two used last are kept."""
    key = (encoder.id, type(encoder))
    with _lock:
        space = _spaces.setdefault(key, TextSpace(encoder))
        _spaces.move_to_end(key)
        while len(_spaces) > 2:
            _spaces.popitem(last=False)
        return space
