"""What a listing's photos say of a title that could not be read for sure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import structlog

from catalog.models import ImageStatus, MergeSuggestion, ShoeImage, TitleReview
from catalog.services.titles import title_review_weigh, titles_resolve
from search.active import active_encoder
from search.exceptions import IndexDamaged, IndexMissing
from search.models import ImageEmbedding
from search.selectors import vectors_of
from search.stores import VectorStore, get_store
from search.types import Vector, Vectors

log = structlog.get_logger(__name__)

NEIGHBOURS = 12
LEAST_COSINE = 0.6
"""Neighbours below say nothing: the model is not in the catalog, or the photo shows no shoe."""
BATCH = 100
MEAN_OF = 50


def titles_weigh(*, limit: int = 2_000) -> int:
    """Read again what waits, then let the photos of waiting titles vote; how many got a model.

    A title's photos vote once for each encoder; one whose photos have no vector yet is left for
    the next time.

    Raises:
        EncoderError, StoreError: encoder or index cannot be used at all.
    """
    resolved = titles_resolve()
    encoder = active_encoder()
    encoder_id = str(encoder.id)
    store = get_store(encoder_id=encoder_id, dim=encoder.dim)
    waiting = (
        TitleReview.objects.filter(status=TitleReview.Status.WAITING)
        .exclude(photo_encoder=encoder_id)
        .order_by("pk")
    )
    last = done = 0
    while done < limit and (batch := list(waiting.filter(pk__gt=last)[:BATCH])):
        for review in batch:
            last, done = review.pk, done + 1
            vectors = _vectors(review, encoder_id=encoder_id, dim=encoder.dim)
            if not len(vectors):
                continue
            try:
                votes = model_votes(store, vectors, without=_own(review))
            except (IndexMissing, IndexDamaged):
                return resolved  # The index is built first; the next sweep comes here again.
            resolved += title_review_weigh(review=review, votes=votes, encoder_id=encoder_id)
    if resolved:
        log.info("titles_resolved", count=resolved)
    return resolved


def model_votes(
    store: VectorStore, vectors: Vectors, *, without: Sequence[int] = ()
) -> dict[int, float]:
    """Model id → share of the nearest photos' votes, over all of ``vectors``, (n, dim).

    Each neighbour votes with its cosine above `LEAST_COSINE`; photos without a model do not vote.
    Where the photos know nothing alike, the answer is empty.
    """
    own = set(without)
    hits = store.search(vectors, NEIGHBOURS + len(own))
    near = [
        hit for row in hits for hit in row if hit.image_id not in own and hit.score > LEAST_COSINE
    ]
    models = dict(
        ShoeImage.objects.filter(
            pk__in={hit.image_id for hit in near}, colorway__isnull=False
        ).values_list("pk", "colorway__model_id")
    )
    votes: dict[int, float] = defaultdict(float)
    for hit in near:
        if hit.image_id in models:
            votes[models[hit.image_id]] += hit.score - LEAST_COSINE
    total = sum(votes.values())
    return {model: weight / total for model, weight in votes.items()} if total else {}


def suggestions_weigh(*, limit: int = 500) -> int:
    """Give suggested pairs of models the cosine of their photos' mean vectors; how many.

    Of each model up to `MEAN_OF` photos count.
    """
    encoder = active_encoder()
    waiting = MergeSuggestion.objects.filter(
        status=MergeSuggestion.Status.WAITING, photo_score=None
    )
    done = 0
    means: dict[int, Vector | None] = {}
    for row in waiting.order_by("pk")[:limit]:
        pair = []
        for model in (row.source_id, row.target_id):
            if model not in means:
                means[model] = _mean(model, encoder_id=str(encoder.id), dim=encoder.dim)
            pair.append(means[model])
        if pair[0] is not None and pair[1] is not None:
            row.photo_score = round(float(pair[0] @ pair[1]), 4)
            row.save(update_fields=["photo_score", "updated_at"])
            done += 1
    return done


def _mean(model: int, *, encoder_id: str, dim: int) -> Vector | None:
    rows = ImageEmbedding.objects.filter(
        encoder_id=encoder_id, image__colorway__model=model, image__status=ImageStatus.ACCEPTED
    )
    raw = list(rows.order_by("pk").values_list("vector", flat=True)[:MEAN_OF])
    if not raw:
        return None
    mean = vectors_of(raw, dim=dim).mean(axis=0)
    length = float(np.linalg.norm(mean))
    return mean / length if length else None


def _own(review: TitleReview) -> list[int]:
    return list(
        ShoeImage.objects.filter(sources__listing=review.listing_id).values_list("pk", flat=True)
    )


def _vectors(review: TitleReview, *, encoder_id: str, dim: int) -> Vectors:
    rows = ImageEmbedding.objects.filter(
        encoder_id=encoder_id,
        image__sources__listing=review.listing_id,
        image__status=ImageStatus.ACCEPTED,
    )
    raw = list(rows.order_by("image_id").values_list("vector", flat=True).distinct()[:8])
    return vectors_of(raw, dim=dim) if raw else np.empty((0, dim), np.float32)
