"""Where a query's photo and an answer resemble each other, as two warm pictures.

Each patch a_i of one photo, and b_j of the other, is taken relative to what surrounds the shoe, the
mean patch of its photo's border; its heat is max_j a_i·b_j. A product, not a cosine: patches of the
ground are short then, and a white ground that both photos have does not glow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from search.active import active_encoder
from search.encoders import Encoder
from search.encoders.base import patch_encoder
from search.encoders.pixels import TURNS
from search.exceptions import QueryError
from search.pictures import catalog_photo, picture_load, query_pictures
from search.query import Query
from search.recognition import upright_vector
from search.types import Patches

SIDE: Final = 480
"""Pixels of a drawn picture's longest side."""
GLOW: Final = (255, 92, 20)
STRENGTH: Final = 0.45
"""Of the glow where it is warmest; what is cold turns grey and pale, so that colour is not all."""
PALE: Final = 0.6
NO_PATCHES: Final = "This site's encoder cannot tell where photos resemble each other."
NO_PHOTO: Final = "There is no photo to compare with: this search was made by words."

Heat = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Likeness:
    """Two pictures, warm where they resemble each other, and how warm."""

    asked: Image.Image
    answer: Image.Image
    asked_heat: Heat
    """(rows, columns) in [0, 1]; 1 is the warmest patch of its photo."""
    answer_heat: Heat


def likeness(query: Query, image_id: int, *, encoder: Encoder | None = None) -> Likeness:
    """Compare the photo of ``query`` with a photo of the catalog.

    Without a photo the first one of "more like this" stands for it. Raises ``QueryError`` where
    there is nothing to compare, or the encoder gives no patches; ``EncoderError``.
    """
    encoder = encoder or active_encoder()
    patches = patch_encoder(encoder)
    if patches is None:
        raise QueryError(NO_PATCHES)
    pictures = query_pictures(query, at_least=SIDE)
    if pictures:
        asked = pictures[0]
        turned = upright_vector(asked, encoder=encoder).turned
        asked = asked.transpose(TURNS[turned]) if turned else asked
    elif query.like:
        asked = picture_load(catalog_photo(query.like[0]).file, at_least=SIDE)
    else:
        raise QueryError(NO_PHOTO)
    answer = picture_load(catalog_photo(image_id).file, at_least=SIDE)
    one, other = heats(patches.encode_patches([asked, answer]))
    return Likeness(_glowing(asked, one), _glowing(answer, other), one, other)


def heats(maps: Patches) -> tuple[Heat, Heat]:
    """Of two photos' patches, (2, rows, columns, width)."""
    rows, columns = maps.shape[1:3]
    edge = np.ones((rows, columns), np.bool_)
    edge[1:-1, 1:-1] = False
    one, other = (grid - grid[edge].mean(axis=0) for grid in maps.astype(np.float32))
    alike = one.reshape(rows * columns, -1) @ other.reshape(rows * columns, -1).T
    return (
        _scaled(alike.max(axis=1)).reshape(rows, columns),
        _scaled(alike.max(axis=0)).reshape(rows, columns),
    )


def _scaled(heat: Heat) -> Heat:
    warm = np.maximum(heat, 0.0)
    return np.asarray(warm / max(float(warm.max()), 1e-9), np.float32)


def _glowing(picture: Image.Image, heat: Heat) -> Image.Image:
    shown = picture.copy()
    shown.thumbnail((SIDE, SIDE))
    mask = Image.fromarray(np.uint8(np.round(255 * heat)), "L").resize(
        shown.size, Image.Resampling.BICUBIC
    )
    white = Image.new("RGB", shown.size, "white")
    pale = Image.blend(ImageOps.grayscale(shown).convert("RGB"), white, PALE)
    glow = Image.blend(shown, Image.new("RGB", shown.size, GLOW), STRENGTH)
    return Image.composite(glow, pale, mask)
