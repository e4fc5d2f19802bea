"""What is read about a change of the encoder: what it will cost, and which encoders are kept."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from typing import Final

from django.conf import settings
from django.db.models import Count, QuerySet
from django.db.models.functions import Length

from catalog.images import photo_load
from catalog.models import ImageStatus, ShoeImage
from search.active import active_encoder, active_name, active_switch
from search.encoders import Encoder, get_encoder
from search.exceptions import EncoderError, IndexUnavailable
from search.models import EmbedFailure, EncoderSwitch, ImageEmbedding, IndexState
from search.selectors import photos_to_embed
from search.stores import get_store

PAGE_BYTES: Final = 4096
ROW_BYTES: Final = 110
"""Of an embedding beside its vector: id of the encoder, of the photo, time."""
KEY_BYTES: Final = 260
"""Of an embedding in the three indexes of its table, the encoder's id in two of them."""
PAYLOAD_BYTES: Final = 120
"""Of a photo in the index beside its vector: number and what it can be filtered by."""
GRAPH_BYTES: Final = 300
"""Of a photo in a large index: the links of its graph (M = 32)."""
GRAPH_FROM: Final = 200_000
SLACK: Final = 1.1
FIXED_BYTES: Final = 32 * 2**20
"""The database's log, and files of earlier generations during their grace."""
PROBES: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchPlan:
    """What a switch will take, told before it begins."""

    name: str
    encoder_id: str
    dim: int
    photos: int
    """Accepted photos in the catalog."""
    to_embed: int
    """Those without a vector of the new encoder."""
    bytes_needed: int
    """At most, while it runs; rows and both copies of the index during the build."""
    bytes_free: int
    photos_per_second: float | None
    """As tried out on a few photos; None when that was not asked for."""

    @property
    def fits(self) -> bool:
        return self.bytes_needed <= self.bytes_free

    @property
    def seconds(self) -> float | None:
        return self.to_embed / self.photos_per_second if self.photos_per_second else None


class Role(StrEnum):
    """What an encoder that has vectors or an index here is for."""

    ACTIVE = "active"
    PREVIOUS = "previous"
    """What `rollback` goes back to."""
    COMING = "coming"
    """A switch to it is under way."""
    KEPT = "kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptEncoder:
    """An encoder whose vectors or index take room."""

    encoder_id: str
    name: str
    """As ``SHOEFINDER_ENCODER`` takes it; "" when no switch tells."""
    dim: int
    role: Role
    vectors: int
    indexed: int | None
    """Photos in its index; None when it has none that can be read."""
    bytes_used: int
    """Of vectors and index, about."""


def switch_plan(*, name: str, probe: bool = False) -> SwitchPlan:
    """Count, and with ``probe`` load the encoder and time it on a few photos of the catalog.

    Raises EncoderError when there is no such encoder.
    """
    encoder = get_encoder(name)
    photos = ShoeImage.objects.filter(status=ImageStatus.ACCEPTED).count()
    to_embed = photos_to_embed(encoder_id=str(encoder.id), retry_failed=True).count()
    return SwitchPlan(
        name=name,
        encoder_id=str(encoder.id),
        dim=encoder.dim,
        photos=photos,
        to_embed=to_embed,
        bytes_needed=bytes_needed(photos=photos, to_embed=to_embed, dim=encoder.dim),
        bytes_free=shutil.disk_usage(settings.VAR_DIR).free,
        photos_per_second=_rate(encoder) if probe else None,
    )


def bytes_needed(*, photos: int, to_embed: int, dim: int) -> int:
    """Disk for the rows to come and for an index built beside another copy of itself."""
    index = photos * (4 * dim + PAYLOAD_BYTES)
    if photos > GRAPH_FROM:
        index += photos * (dim + GRAPH_BYTES)  # 8-bit codes beside the full vectors
    return int(SLACK * (rows_bytes(to_embed, dim) + 2 * index)) + FIXED_BYTES


def rows_bytes(rows: int, dim: int) -> int:
    """Of so many embeddings in SQLite, in pages of whole rows: 768 dimensions fill one."""
    row = 4 * dim + ROW_BYTES
    pages = ceil(row / PAGE_BYTES) if row > PAGE_BYTES else 1 / (PAGE_BYTES // row)
    return int(rows * (pages * PAGE_BYTES + KEY_BYTES))


def switch_unfinished() -> EncoderSwitch | None:
    """The switch that waits, runs or is held."""
    return EncoderSwitch.objects.filter(unfinished=True).first()


def encoders_kept() -> list[KeptEncoder]:
    """Every encoder with vectors or an index, the active one first, then by their size."""
    rows = ImageEmbedding.objects.order_by().values("encoder_id").annotate(vectors=Count("pk"))
    counted: dict[str, int] = dict(rows.values_list("encoder_id", "vectors"))
    ids = {*counted, *IndexState.objects.values_list("encoder_id", flat=True)}
    try:
        ids.add(active := str(active_encoder().id))
    except EncoderError:
        active = ""
    names = {active: active_name()}
    names |= dict(EncoderSwitch.objects.order_by("requested_at").values_list("encoder_id", "name"))
    last, unfinished = active_switch(), switch_unfinished()
    roles = {last.from_encoder_id: Role.PREVIOUS} if last else {}
    roles |= {unfinished.encoder_id: Role.COMING} if unfinished else {}
    roles |= {active: Role.ACTIVE}
    kept = []
    for encoder_id in ids:
        vectors = counted.get(encoder_id, 0)
        dim = encoder_dim(encoder_id)
        indexed, size = _index_of(encoder_id, dim)
        kept.append(
            KeptEncoder(
                encoder_id=encoder_id,
                name=names.get(encoder_id, ""),
                dim=dim,
                role=roles.get(encoder_id, Role.KEPT),
                vectors=vectors,
                indexed=indexed,
                bytes_used=rows_bytes(vectors, dim) + size,
            )
        )
    return sorted(kept, key=lambda k: (k.role is not Role.ACTIVE, -k.bytes_used, k.encoder_id))


def encoder_dim(encoder_id: str) -> int:
    """As its vectors, else its switches, tell; 0 when neither does."""
    rows = ImageEmbedding.objects.filter(encoder_id=encoder_id)
    length = rows.annotate(length=Length("vector")).values_list("length", flat=True).first()
    if length:
        return int(length) // 4
    told = EncoderSwitch.objects.filter(encoder_id=encoder_id).values_list("dim", flat=True)
    return told.first() or 0


def photos_lacking(*, encoder_id: str, than: str) -> QuerySet[ShoeImage]:
    """Photos that searches find with the encoder ``than`` and would not with ``encoder_id``."""
    return photos_to_embed(encoder_id=encoder_id, retry_failed=True).filter(
        embeddings__encoder_id=than
    )


def photos_resting(photos: QuerySet[ShoeImage]) -> QuerySet[ShoeImage]:
    """Those of ``photos`` that could not be embedded and wait for another try."""
    return photos.filter(pk__in=EmbedFailure.objects.values("image"))


def _index_of(encoder_id: str, dim: int) -> tuple[int | None, int]:
    if not dim:
        return None, 0
    try:
        info = get_store(encoder_id=encoder_id, dim=dim).info()
    except IndexUnavailable:
        return None, 0
    return info.count, info.size_bytes


def _rate(encoder: Encoder) -> float | None:
    images = []
    for photo in ShoeImage.objects.filter(status=ImageStatus.ACCEPTED).order_by("pk")[:PROBES]:
        try:
            with photo.file.open("rb") as file:
                images.append(photo_load(file, longest_side=640))
        except OSError:  # gone or damaged: embedding tells it
            continue
    if not images:
        return None
    encoder.encode_images(images[:1])  # loads the weights
    began = time.perf_counter()
    encoder.encode_images(images)
    return len(images) / (time.perf_counter() - began)
