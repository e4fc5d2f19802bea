"""What shops write of the shoes in photos."""

from __future__ import annotations

from collections.abc import Sequence

from catalog.models import Listing

LONGEST = 600
"""Characters of a description that are read; what tells shoes apart stands at its beginning."""


def listing_texts(image_ids: Sequence[int]) -> dict[int, str]:
    """By photo: titles of the listings that are live, and the model's description.

    One query; a photo whose colorway nobody sells now has none.
    """
    rows = (
        Listing.objects.filter(colorway__images__in=list(image_ids), vanished_at=None)
        .order_by()
        .values_list("colorway__images__id", "title", "colorway__model__description")
    )
    found: dict[int, str] = {}
    for image, title, description in rows:
        found[image] = f"{found.get(image, description[:LONGEST])} {title}"
    return found
