"""The seam behind which every encoder stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol, cast, runtime_checkable

from PIL.Image import Image

from search.types import Degrees, EncoderId, Patches, Vectors

ENOUGH: Final = 448
"""Pixels of the longest side: twice what CLIP looks at."""


@runtime_checkable
class Encoder(Protocol):
    """Photos and words to vectors of one space.

    The contract, held by ``tests/search/encoders/contract.py``: float32, shape ``(n, dim)``, rows
    of unit length, order kept, an empty input gives shape ``(0, dim)``, safe to call from several
    threads, and cheap to construct: weights are loaded at the first call.
    """

    @property
    def id(self) -> EncoderId:
        """``name@revision+preprocessing``; changes whenever a vector would.

        Known without loading weights.
        """

    @property
    def dim(self) -> int:
        """Length of a vector. Known without loading weights where the files say it."""

    def encode_images(self, images: Sequence[Image]) -> Vectors:
        """Encode decoded, upright RGB photos of any size."""

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """Encode sentences; longer ones than the model reads are cut, never refused."""


def enough_pixels(encoder: Encoder) -> int:
    """How small the longest side of a photo may become, by a whole factor, before it is encoded.

    ``encoder.enough_pixels`` where it says so, else `ENOUGH`. More pixels only take longer to
    decode and to frame. Photos of the catalog and of queries go by this alike: the same photo at
    600 and at 300 px gives vectors whose cosine is about .99.
    """
    return int(getattr(encoder, "enough_pixels", ENOUGH))


class PatchEncoder(Protocol):
    """What an encoder may give beside: its feature map, for questions of where in a photo.

    Patches of one encoder can be compared with each other by their cosine; they are no vectors of
    the space that `Encoder` encodes to.
    """

    @property
    def gives_patches(self) -> bool:
        """False where the chosen runtime cannot; known without loading weights."""

    def encode_patches(self, images: Sequence[Image]) -> Patches:
        """(n, rows, columns, width): a grid over each whole photo, stretched to a square, first
        row at the top. No plain margin is cut."""


class UprightEncoder(Protocol):
    """What an encoder may do by itself: turn a photo that lies on its side before it is encoded."""

    @property
    def turns_upright(self) -> bool:
        """False where the chosen weights cannot; known without loading weights."""

    def encode_upright(self, images: Sequence[Image]) -> tuple[Vectors, Degrees]:
        """What ``encode_images`` gives, and by how many degrees counter-clockwise each photo was
        turned for it: (n, dim) and (n,) of 0, 90, 180, 270."""


def upright_encoder(encoder: Encoder) -> UprightEncoder | None:
    """``encoder`` where it turns photos by itself; loads no weights."""
    return cast(UprightEncoder, encoder) if getattr(encoder, "turns_upright", False) else None


def patch_encoder(encoder: Encoder) -> PatchEncoder | None:
    """``encoder`` where it gives patches; loads no weights."""
    return cast(PatchEncoder, encoder) if getattr(encoder, "gives_patches", False) else None
