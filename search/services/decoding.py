"""Photos to vectors: decoders work ahead of the encoder, the caller works beside it.

Only the calling thread touches the database. The threads read files and compute, so a process
needs one connection, and a test may wrap it all in a transaction.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
from django.core.files.storage import Storage
from PIL import UnidentifiedImageError
from PIL.Image import Image

from catalog.images import photo_load
from catalog.photo_rules import PhotoMeasures, measure
from search.encoders import Encoder
from search.encoders.base import enough_pixels
from search.exceptions import EncoderError
from search.types import Vectors

ENCODING = 2
"""Batches in the encoder at once: it frames the photos of one while the tower sees another's."""


@dataclass(frozen=True, slots=True)
class WaitingPhoto:
    """A stored photo without a vector."""

    image_id: int
    name: str
    """Of the file in its storage."""


@dataclass(frozen=True, slots=True)
class PhotoFailure:
    """Why a stored photo gave no vector."""

    image_id: int
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class EncodedBatch:
    """A batch in the order of the work list."""

    image_ids: list[int]
    vectors: Vectors
    """(len(image_ids), dim)"""
    failures: list[PhotoFailure]
    measures: dict[int, PhotoMeasures] = field(default_factory=dict)
    """Of photos that were decoded, if they were to be measured."""


def encode_ahead(
    photos: Iterable[WaitingPhoto],
    *,
    encoder: Encoder,
    storage: Storage,
    batch_size: int,
    decode_threads: int,
    depth: int,
    measured: bool = False,
) -> Iterator[EncodedBatch]:
    """Vectors of ``photos``, batch by batch in their order.

    Up to ``depth`` batches are decoded or encoded while the caller handles the one it was given, so
    at most ``depth * batch_size`` decoded photos are held (up to 2.4 MB each). ``photos`` is
    drawn from in the calling thread. With ``measured`` the decoders measure for the photo rules as
    well. Raises EncoderError, and whatever the encoder raises when it
    fails for every photo of a batch; a photo that fails alone is a `PhotoFailure`.
    """
    source = iter(photos)
    at_least = enough_pixels(encoder)
    under_way: deque[Future[EncodedBatch]] = deque()
    decoders = ThreadPoolExecutor(decode_threads, thread_name_prefix="decode")
    encoding = ThreadPoolExecutor(ENCODING, thread_name_prefix="encode")
    try:
        while chunk := list(islice(source, batch_size)):
            decoded = [
                decoders.submit(_decode, storage, photo, at_least, measured) for photo in chunk
            ]
            under_way.append(encoding.submit(_encode, encoder, decoded))
            if len(under_way) >= depth:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    finally:
        decoders.shutdown(wait=False, cancel_futures=True)
        encoding.shutdown(wait=True, cancel_futures=True)


Decoded = tuple[int, Image | PhotoFailure, PhotoMeasures | None]


def _decode(storage: Storage, photo: WaitingPhoto, at_least: int, measured: bool) -> Decoded:
    try:
        with storage.open(photo.name, "rb") as file:
            image = photo_load(file, at_least=at_least)
        return photo.image_id, image, measure(image) if measured else None
    except FileNotFoundError:
        reason, message = "file-missing", f"There is no file {photo.name} in the photo storage."
    except UnidentifiedImageError:
        reason, message = "unreadable", "The stored bytes are not a photo."
    except Exception as error:
        # Decoders of damaged bytes raise nearly anything: OSError, SyntaxError, struct.error …
        reason, message = "unreadable", f"The stored photo is damaged: {error}"
    return photo.image_id, PhotoFailure(photo.image_id, reason, message), None


def _encode(encoder: Encoder, decoded: Sequence[Future[Decoded]]) -> EncodedBatch:
    results = [future.result() for future in decoded]
    failures = [found for _, found, _ in results if isinstance(found, PhotoFailure)]
    photos = [(image_id, found) for image_id, found, _ in results if isinstance(found, Image)]
    measures = {image_id: said for image_id, _, said in results if said is not None}
    if not photos:
        return EncodedBatch([], np.empty((0, encoder.dim), np.float32), failures)
    ids, vectors, refused = _vectors(encoder, photos)
    return EncodedBatch(ids, vectors, failures + refused, measures)


def _vectors(
    encoder: Encoder, photos: list[tuple[int, Image]]
) -> tuple[list[int], Vectors, list[PhotoFailure]]:
    ids = [image_id for image_id, _ in photos]
    try:
        vectors = _checked(encoder, [image for _, image in photos])
    except EncoderError:
        raise
    except Exception as error:
        if len(photos) == 1:
            refusal = PhotoFailure(ids[0], "encoder-refused", f"The encoder failed: {error}")
            return [], np.empty((0, encoder.dim), np.float32), [refusal]
        # One photo must not cost its neighbours their vectors: find it.
        parts = [_vectors(encoder, [photo]) for photo in photos]
        if not any(part[0] for part in parts):
            raise
        return (
            [image_id for part in parts for image_id in part[0]],
            np.concatenate([part[1] for part in parts]),
            [failure for part in parts for failure in part[2]],
        )
    return ids, vectors, []


def _checked(encoder: Encoder, images: list[Image]) -> Vectors:
    vectors = encoder.encode_images(images)
    if vectors.shape != (len(images), encoder.dim):
        raise ValueError(f"vectors of shape {vectors.shape} for {len(images)} photos")
    if not np.isfinite(vectors).all():
        raise ValueError("a vector that is not finite")
    return vectors.astype(np.float32, copy=False)
