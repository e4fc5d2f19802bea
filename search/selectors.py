"""What search reads from the database about its own work: what waits, how the index stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import numpy as np
import numpy.typing as npt
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from catalog.models import AttributePrediction, Colorway, ImageSource, ImageStatus, ShoeImage
from search.active import active_encoder
from search.encoders import Encoder
from search.exceptions import EncoderError, IndexDamaged, IndexMissing, SearchError
from search.locking import Writer, index_writer
from search.models import EmbedFailure, ImageEmbedding, IndexBuild, IndexState
from search.stores import get_store
from search.stores.base import StoreInfo
from search.types import Vector, Vectors

IdArray = npt.NDArray[np.int64]


class IndexHealth(StrEnum):
    """Whether searches can be answered, and if not, what the mend is."""

    READY = "ready"
    MISSING = "missing"
    DAMAGED = "damaged"
    UNAVAILABLE = "unavailable"
    """The encoder or the store itself is not there: an operator must act."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexStatus:
    """How the index of the active encoder stands."""

    health: IndexHealth
    message: str
    """What is wrong and how to mend it; empty when ready."""
    embed_error: str
    """Why the last embedding run came to nothing, so that photos wait; empty when it went well."""
    encoder_id: str
    info: StoreInfo | None
    """What the published index says of itself."""
    photos: int
    """Accepted photos in the catalog."""
    indexed: int
    to_embed: int
    """Accepted photos without a vector that are due, without those that wait for another try."""
    to_index: int
    """Vectors that are in the database and not in the published index."""
    failed: int
    """Photos that could not be embedded and wait for another try."""
    oldest_waiting_at: datetime | None
    published_at: datetime | None
    writer: Writer | None
    build: IndexBuild | None
    """The build that waits or runs, else the last one."""

    @property
    def waiting(self) -> int:
        """Photos that a search cannot find yet."""
        return self.to_embed + self.to_index

    @property
    def age_seconds(self) -> float:
        """Since the last publish; 0 when there was none."""
        return _since(self.published_at)

    @property
    def oldest_waiting_seconds(self) -> float:
        return _since(self.oldest_waiting_at)


def index_status() -> IndexStatus:
    """Never raises for a broken index or encoder; says so in ``health`` and ``message``."""
    encoder_id, info, health, message = "", None, IndexHealth.READY, ""
    try:
        encoder = active_encoder()
        encoder_id = str(encoder.id)
        info = get_store(encoder_id=encoder_id, dim=encoder.dim).info()
    except IndexMissing as error:
        health, message = IndexHealth.MISSING, str(error)
    except IndexDamaged as error:
        health, message = IndexHealth.DAMAGED, str(error)
    except SearchError as error:
        health, message = IndexHealth.UNAVAILABLE, str(error)
    state = IndexState.objects.filter(encoder_id=encoder_id).first()
    due = photos_to_embed(encoder_id=encoder_id)
    oldest = due.order_by("pk").values_list("obtained_at", flat=True).first()
    indexed = info.count if info else 0
    builds = IndexBuild.objects.filter(encoder_id=encoder_id)
    return IndexStatus(
        health=health,
        message=message,
        embed_error=state.embed_error if state else "",
        encoder_id=encoder_id,
        info=info,
        photos=ShoeImage.objects.filter(status=ImageStatus.ACCEPTED).count(),
        indexed=indexed,
        to_embed=due.count() if oldest else 0,
        to_index=max(0, embeddings_count(encoder_id=encoder_id) - indexed),
        failed=EmbedFailure.objects.filter(image__status=ImageStatus.ACCEPTED).count(),
        oldest_waiting_at=oldest,
        published_at=state.published_at if state else None,
        writer=index_writer(),
        build=builds.filter(status__in=IndexBuild.UNFINISHED).first() or builds.first(),
    )


def photos_to_embed(*, encoder_id: str, retry_failed: bool = False) -> QuerySet[ShoeImage]:
    """The work list: accepted photos without a vector of this encoder.

    Those that failed are left out until their next try is due, unless ``retry_failed``.
    """
    embedded = ImageEmbedding.objects.filter(encoder_id=encoder_id, image=OuterRef("pk"))
    photos = ShoeImage.objects.filter(~Exists(embedded), status=ImageStatus.ACCEPTED)
    if not retry_failed:
        resting = EmbedFailure.objects.filter(image=OuterRef("pk"), retry_at__gt=timezone.now())
        photos = photos.filter(~Exists(resting))
    return photos


def colorways_to_predict(*, encoder_id: str) -> QuerySet[Colorway]:
    """The work list: colorways with a vector of this encoder and no prediction from it, by number.

    Colours are predicted for each of them, and so are the mark of having been looked at.
    """
    embedded = ImageEmbedding.objects.filter(
        encoder_id=encoder_id, image__colorway=OuterRef("pk"), image__status=ImageStatus.ACCEPTED
    )
    looked_at = AttributePrediction.objects.filter(
        colorway=OuterRef("pk"),
        attribute=AttributePrediction.Attribute.COLOURS,
        encoder_id=encoder_id,
    )
    return Colorway.objects.filter(~Exists(looked_at), Exists(embedded)).order_by("pk")


def embeddings_count(*, encoder_id: str) -> int:
    """Vectors that belong in the index.

    The difference of two counts that an index answers alone; a join would read every photo.
    """
    rows = ImageEmbedding.objects.filter(encoder_id=encoder_id)
    return rows.count() - rows.filter(image__status=ImageStatus.REJECTED).count()


def embedding_newest(*, encoder_id: str) -> int:
    """The highest row number of this encoder's vectors; 0 if there is none."""
    rows = ImageEmbedding.objects.filter(encoder_id=encoder_id).order_by("-pk")
    return rows.values_list("pk", flat=True).first() or 0


def embeddings_indexable(*, encoder_id: str) -> QuerySet[ImageEmbedding]:
    """Vectors that belong in the index: those of accepted photos."""
    return ImageEmbedding.objects.filter(
        encoder_id=encoder_id, image__status=ImageStatus.ACCEPTED
    ).order_by("image_id")


def embeddings_read(
    *, encoder: Encoder, size: int, among: Sequence[int] | IdArray | None = None
) -> Iterator[tuple[IdArray, Vectors]]:
    """Image ids, ascending, and their vectors, (n, dim), in batches of at most ``size``.

    Read by key, so that a batch in the middle costs as little as the first and other writers are
    not held up. ``among`` limits it to these images.
    """
    rows = embeddings_indexable(encoder_id=str(encoder.id))
    parts = [rows] if among is None else _parts(rows, among, size)
    for part in parts:
        last, more = 0, True
        while more:
            batch = list(part.filter(image_id__gt=last).values_list("image_id", "vector")[:size])
            if batch:
                last = batch[-1][0]
                ids = np.array([number for number, _ in batch], np.int64)
                yield ids, vectors_of([raw for _, raw in batch], dim=encoder.dim)
            more = len(batch) == size


def vectors_of(raw: Sequence[bytes | memoryview], *, dim: int) -> Vectors:
    """Stored vectors as a matrix, (n, dim). Raises EncoderError if their length is another."""
    joined = b"".join(bytes(vector) for vector in raw)
    if len(joined) != len(raw) * dim * 4:
        raise EncoderError(
            f"The database holds vectors that do not have {dim} dimensions under this encoder's "
            "id. An encoder must change its id when its vectors change; give it a new revision."
        )
    return np.frombuffer(joined, "<f4").reshape(len(raw), dim).astype(np.float32, copy=False)


def vectors_by_image(images: Sequence[int], *, encoder_id: str, dim: int) -> dict[int, Vector]:
    """The vector of each of these images that has one."""
    rows = list(
        ImageEmbedding.objects.filter(encoder_id=encoder_id, image__in=images).values_list(
            "image_id", "vector"
        )
    )
    matrix = vectors_of([raw for _, raw in rows], dim=dim)
    return {number: matrix[place] for place, (number, _) in enumerate(rows)}


def images_changed(*, since: datetime) -> IdArray:
    """Photos whose state or payload may have changed, ascending: one query, answered by indexes."""
    images = ShoeImage.objects.order_by()
    sources = ImageSource.objects.order_by()
    changed = images.filter(updated_at__gte=since).values_list("pk", flat=True)
    others = [
        images.filter(colorway__updated_at__gte=since).values_list("pk", flat=True),
        images.filter(colorway__listings__changed_at__gte=since).values_list("pk", flat=True),
        sources.filter(listing__changed_at__gte=since).values_list("image_id", flat=True),
    ]
    return np.array(sorted(changed.union(*others)), np.int64)


def image_ids_indexable(*, encoder_id: str) -> IdArray:
    """Every photo that belongs in the index, ascending; 8 bytes each."""
    ids = embeddings_indexable(encoder_id=encoder_id).values_list("image_id", flat=True)
    return np.fromiter(ids.iterator(chunk_size=10_000), np.int64)


def builds_interrupted(*, before: datetime) -> QuerySet[IndexBuild]:
    """Builds that say they run and have not said so since ``before``."""
    silent = Q(heartbeat_at__lt=before) | Q(heartbeat_at=None)
    return IndexBuild.objects.filter(silent, status=IndexBuild.Status.RUNNING)


def _parts(
    rows: QuerySet[ImageEmbedding], among: Sequence[int] | IdArray, size: int
) -> Iterator[QuerySet[ImageEmbedding]]:
    numbers = [int(number) for number in among]
    for start in range(0, len(numbers), size):
        yield rows.filter(image_id__in=numbers[start : start + size])


def _since(moment: datetime | None) -> float:
    return max(0.0, (timezone.now() - moment).total_seconds()) if moment else 0.0
