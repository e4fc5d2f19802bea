"""Which main colour? By pixels, by the encoder, and by both."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from search.evidence.weights import Weights

Floats = npt.NDArray[np.float32]


def colour_log(
    *,
    similarities: Floats,
    deviation: float,
    tallies: Floats | None,
    known: npt.NDArray[np.bool_] | None,
    learned: Weights,
    names: Sequence[str],
    temperature: float,
    floor: float,
    pixels: float,
) -> Floats:
    """Log-probability of each of ``names`` as the main colour, (n, c).

    The mean of two logs: of the softmax over the encoder's ``similarities`` to the colours' words,
    (n, c), divided by their ``deviation`` and multiplied by ``temperature``; and of the histogram's
    classifier over ``tallies``, (n, 120), where ``known``; ``pixels`` is its share. ``floor`` is
    added to each probability.
    """
    scaled = similarities * (temperature / max(deviation, 1e-6))
    by_words: Floats = np.log(_softmax(scaled) + np.float32(floor))
    if tallies is None or not len(tallies):
        return by_words
    place = [learned.names.index(name) for name in names]
    with_one = np.concatenate([3 * tallies, np.ones((len(tallies), 1), np.float32)], axis=1)
    by_pixels = np.log(_softmax(with_one @ learned.colours)[:, place] + floor)
    mixed = (1 - pixels) * by_words + pixels * by_pixels
    chosen = mixed if known is None else np.where(known[:, None], mixed, by_words)
    return np.asarray(chosen, np.float32)


def _softmax(logits: Floats) -> Floats:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32)
