"""Does a photo lie on its side, and does it show a shoe at all? Read off the vector, at no cost.

Two linear classifiers on an encoder's vectors, trained on photos of the catalog: as they are and
turned by quarters; and against pictures that are no shoes (`search.nonshoes`: drawn
ones, tiles and corners of the same photos). docs/search.md tells how the bounds were set. An
encoder that turns photos by itself (`search.encoders.base.UprightEncoder`) is asked instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt
from PIL.Image import Image

from search.encoders import Encoder
from search.encoders.base import upright_encoder
from search.encoders.pixels import TURNS
from search.nonshoes import strange_pictures
from search.recognition.base import Arrays, Floats, Linear, Report, linear, silent, softmax
from search.recognition.discriminant import Head
from search.recognition.gallery import Gallery
from search.types import Vector, Vectors

VERSION: Final = 2
"""Of what is learned and of the bounds."""
UPRIGHT_BELOW: Final = 0.1
"""Probability of being upright below which other orientations are tried (sneakers50, validation:
10 % of the photos as they are, 62 to 67 % of those turned)."""
SHOE_FROM: Final = 0.2
"""Probability of a shoe below which the photo is said to show none; chosen so that hardly any
phone photo of a shoe is."""
ENOUGH: Final = 40
"""Photos of the catalog to learn from, at least."""
MOST: Final = 400
TURNS_DECAY: Final = 2e-5
KINDS_DECAY: Final = 1e-4
STRANGE: Final = 120
"""Pictures of each kind that are no shoes."""
BATCH: Final = 32


@dataclass(frozen=True, slots=True)
class Upright:
    """A photo's vector, and by how much the photo was turned for it."""

    vector: Vector
    turned: int = 0


@dataclass(frozen=True, slots=True)
class Looks:
    """How photos look to one encoder."""

    turns: Linear | None
    """Upright, turned by 90°, 180°, 270°; None where the encoder turns photos by itself."""
    kinds: Linear
    """No shoe, a shoe."""

    @classmethod
    def learn(cls, photos: Sequence[Image], encoder: Encoder, *, report: Report = silent) -> Self:
        """From upright photos of shoes. Encodes about 4 · len(photos) + 480 pictures."""
        pictures: list[tuple[Image, int, int]] = []
        turning = [] if upright_encoder(encoder) else list(TURNS.values())
        for photo in photos:
            pictures.append((photo, 0, 1))
            for place, turn in enumerate(turning, start=1):
                pictures.append((photo.transpose(turn), place, 1))
        pictures += [(each, -1, 0) for each in strange_pictures(photos, each=STRANGE, seed=0)]
        parts: list[Vectors] = []
        for start in range(0, len(pictures), BATCH):
            report("Turning photos", start, len(pictures))
            batch = [image for image, _, _ in pictures[start : start + BATCH]]
            parts.append(encoder.encode_images(batch))
        vectors = np.concatenate(parts)
        turned = np.array([turn for _, turn, _ in pictures], np.intp)
        shoe = np.array([kind for _, _, kind in pictures], np.intp)
        turns: Linear | None = None
        if turning:
            some = turned >= 0
            lying = Gallery.of(vectors[some], turned[some], ["0", *map(str, TURNS)])
            turns = Head(decay=TURNS_DECAY).fit(lying, None)
        return cls(
            turns,
            Head(decay=KINDS_DECAY).fit(Gallery.of(vectors, shoe, ["other", "shoe"]), None),
        )

    def put_upright(self, image: Image, encoder: Encoder, *, vector: Vector) -> Upright:
        """``vector``, that of the picture as it is; of another orientation where it seems to lie
        on its side.

        That is read off the vector itself, so only what seems turned is encoded again.
        """
        if self.turns is None or self._shares(self.turns, vector[None, :])[0, 0] >= UPRIGHT_BELOW:
            return Upright(vector)
        others = encoder.encode_images([image.transpose(turn) for turn in TURNS.values()])
        views = np.vstack([vector, others])
        quarters = -self._lying(self.turns, views) % len(views)
        return Upright(views[quarters], 90 * quarters)

    @classmethod
    def _lying(cls, turns: Linear, views: Vectors) -> int:
        """By how many quarters a picture lies turned, which all its orientations tell together.

        ``views`` (4, dim) show it as it is and turned by one, two and three quarters more: where
        it lies turned by h, view d shows a shoe turned by h + d.
        """
        shares = np.log(cls._shares(turns, views))
        quarters = np.arange(len(views))
        agreed = [shares[quarters, (h + quarters) % len(views)].sum() for h in quarters]
        return int(np.argmax(agreed))

    @staticmethod
    def _shares(turns: Linear, vectors: Vectors) -> Floats:
        """Probabilities of lying upright, turned by 90°, 180°, 270°, (n, 4)."""
        return softmax(turns.scores(vectors))

    def shoe(self, vectors: Vectors) -> Floats:
        """Probability that each photo shows a shoe, (n,)."""
        return softmax(self.kinds.scores(vectors))[:, 1]

    def arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        return {
            f"{name}.{part}": array
            for name, one in (("turns", self.turns), ("kinds", self.kinds))
            if one is not None
            for part, array in one.arrays().items()
        }

    @classmethod
    def restore(cls, arrays: Arrays) -> Self:
        def read(name: str) -> Linear:
            return linear({part: arrays[f"{name}.{part}"] for part in ("weights", "bias")})

        return cls(read("turns") if "turns.weights" in arrays else None, read("kinds"))
