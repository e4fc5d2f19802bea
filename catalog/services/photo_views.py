"""Views of photos: who told them, and which word counts.

A person's word stands above a label's or a file name's, and that above an encoder's guess.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.conf import settings

from catalog.models import Colorway, PhotoCheck, ShoeImage, View, ViewBy
from catalog.services.colorways import colorways_refresh


def view_state(*, image: ShoeImage, view: str, by: ViewBy) -> bool:
    """Write down the view that a label or a person tells; whether that changed anything.

    Args:
        view: a `View` value; "" only a person may tell, and no guess fills it then.
        by: ``STATED`` or ``PERSON``.
    """
    if by is ViewBy.STATED and (not view or image.view_by == ViewBy.PERSON):
        return False
    if (image.view, image.view_by) == (view, by):
        return False
    image.view, image.view_by, image.view_confidence = view, by, None
    image.save(update_fields=["view", "view_by", "view_confidence", "updated_at"])
    if image.colorway_id:
        colorways_refresh([image.colorway_id])
    return True


def views_give(checks: Sequence[PhotoCheck], images: Mapping[int, ShoeImage]) -> int:
    """Write sure guesses to photos whose view nobody told; how many changed.

    A guess that is no longer sure, by another head or another SHOEFINDER_VIEW_SURE, is taken back.
    """
    changed = []
    for check in checks:
        image = images.get(check.image_id)
        if image is None or image.view_by in (ViewBy.STATED, ViewBy.PERSON):
            continue
        view, confidence = view_sure(check), check.view_score
        wanted = (view, ViewBy.PREDICTED, confidence) if view else ("", "", None)
        if (image.view, image.view_by, image.view_confidence) != wanted:
            image.view, image.view_by, image.view_confidence = wanted
            changed.append(image)
    ShoeImage.objects.bulk_update(changed, ["view", "view_by", "view_confidence"])
    _better_covers([image for image in changed if image.view == View.LATERAL])
    return len(changed)


def view_sure(check: PhotoCheck) -> str:
    """The guess, if it is sure enough to be believed; else ""."""
    sure = check.view_score is not None and check.view_score >= settings.SHOEFINDER_VIEW_SURE
    return check.view_guess if sure else ""


def _better_covers(lateral: Sequence[ShoeImage]) -> None:
    numbers = {image.colorway_id for image in lateral if image.colorway_id}
    without = Colorway.objects.filter(pk__in=numbers).exclude(cover__view=View.LATERAL)
    colorways_refresh(list(without.values_list("pk", flat=True)))
