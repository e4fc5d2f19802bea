"""Views told anew, from vectors that are stored, when the head that tells them is another one."""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction
from django.db.models import Q, QuerySet

from catalog.models import PhotoCheck, ShoeImage
from catalog.services.photo_views import views_give
from search.encoders import Encoder
from search.rules.scoring import head_load
from search.selectors import vectors_by_image

BATCH = 500


def views_untold(*, encoder_id: str, views_id: str) -> QuerySet[PhotoCheck]:
    """Photos judged under an encoder whose view another head told, or none."""
    # Not exclude(): two ranges follow the index, so that asking costs nothing where none waits.
    another = Q(view_head__lt=views_id) | Q(view_head__gt=views_id)
    return PhotoCheck.objects.filter(another, encoder_id=encoder_id).order_by("pk")


def photo_views_apply(
    *, encoder: Encoder, progress: Callable[[int, int], None] | None = None
) -> int:
    """Tell the view of every photo that waits for it; of how many.

    Killed at any point, what was told stays, and another call does the rest.

    Args:
        progress: called with photos done and in all, after every batch.
    """
    encoder_id = str(encoder.id)
    head = head_load(encoder_id)
    if head is None or not head.views:
        return 0
    rows = views_untold(encoder_id=encoder_id, views_id=head.views_id)
    total = rows.count() if progress else 0
    told = last = 0
    while batch := list(rows.filter(pk__gt=last)[:BATCH]):
        last = batch[-1].pk
        numbers = [check.image_id for check in batch]
        vectors = vectors_by_image(numbers, encoder_id=encoder_id, dim=encoder.dim)
        for check in batch:
            if (vector := vectors.get(check.image_id)) is not None:
                ((check.view_guess, check.view_score),) = head.tell_views(vector[None])
            check.view_head = head.views_id
        with transaction.atomic():
            images = ShoeImage.objects.select_for_update(no_key=True).in_bulk(numbers)
            views_give(batch, images)
            PhotoCheck.objects.bulk_update(batch, ["view_guess", "view_score", "view_head"])
        told += len(batch)
        if progress:
            progress(told, total)
    return told
