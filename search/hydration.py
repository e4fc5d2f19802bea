"""From the index's numbers to what a page shows: a constant number of queries, whatever comes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.core.files.storage import Storage

from catalog.models import ColorwayColour, ImageStatus, ShoeImage
from catalog.selectors import colorway_cards
from search.results import PhotoHit, Result
from search.types import Hit
from search.wishes import Terms

MAX_IDS: Final = 10_000
"""In one statement: SQLite takes 32,766 parameters, PostgreSQL 65,535."""


@dataclass(frozen=True, slots=True)
class Group:
    """Hits on one colorway, best first."""

    colorway_id: int
    hits: list[Hit]


def group_hits(
    hits: Sequence[Hit], *, leaving_out: int | None = None, refused: Collection[int] = ()
) -> list[Group]:
    """Hits by colorway, in the order of each one's best photo. One query.

    Photos that are gone, rejected or without a colorway since the index was published are left
    out here, so that pages are filled with what can be shown. ``leaving_out`` is a photo that
    must not answer: the one that is searched with. ``refused`` are photos whose colorways must
    not.
    """
    colorways = colorways_of((*(hit.image_id for hit in hits), *refused))
    without = {colorways[number] for number in refused if number in colorways}
    groups: dict[int, Group] = {}
    for hit in hits:
        colorway = colorways.get(hit.image_id)
        if colorway is None or colorway in without or hit.image_id == leaving_out:
            continue
        groups.setdefault(colorway, Group(colorway, [])).hits.append(hit)
    return list(groups.values())


def colorways_of(image_ids: Iterable[int]) -> dict[int, int]:
    """Image id → colorway id, of those that may be shown. One query for each ``MAX_IDS``."""
    found: dict[int, int] = {}
    ids = list(image_ids)
    for start in range(0, len(ids), MAX_IDS):
        rows = (
            ShoeImage.objects.filter(
                id__in=ids[start : start + MAX_IDS],
                status=ImageStatus.ACCEPTED,
                colorway__isnull=False,
            )
            .order_by()
            .values_list("id", "colorway_id")
        )
        found.update((image, colorway) for image, colorway in rows if colorway is not None)
    return found


def models_of(image_ids: Iterable[int]) -> dict[int, tuple[int, str]]:
    """Image id → (model id, "Brand Model"), of those that may be shown. One query."""
    rows = ShoeImage.objects.filter(
        id__in=list(image_ids), status=ImageStatus.ACCEPTED, colorway__isnull=False
    ).values_list(
        "id", "colorway__model_id", "colorway__model__brand__name", "colorway__model__name"
    )
    return {image: (model, f"{brand} {name}".strip()) for image, model, brand, name in rows}


def colour_of_image(image_id: int) -> str | None:
    """The slug of the main colour that the catalog knows of a photo, or None. One query."""
    rows = ColorwayColour.objects.filter(colorway__images=image_id).order_by("position")
    return rows.values_list("colour", flat=True).first()


NEARLY: Final = 4
"""Bits of 64 in which the hashes of nearly the same pictures differ (docs/evaluation.md)."""


def results_from(
    groups: Sequence[Group],
    why: Mapping[int, Mapping[str, float]],
    standing: Mapping[int, Terms],
    closeness: Callable[[float], float],
) -> tuple[Result, ...]:
    """Results in the order of ``groups``; one whose colorway is gone meanwhile is left out.

    ``why`` gives the shares by image id, of leading photos, ``standing`` how an edit's terms stand.
    Of nearly the same pictures of a colorway the best is shown, the others are counted.
    """
    cards = colorway_cards([group.colorway_id for group in groups])
    urls = _image_urls(hit.image_id for group in groups for hit in group.hits)
    results = []
    for group in groups:
        card = cards.get(group.colorway_id)
        hits = [hit for hit in group.hits if hit.image_id in urls]
        if card is None or not hits:
            continue
        best = hits[0]
        others = _distinct(hits, urls)[1:]
        results.append(
            Result(
                card=card,
                score=best.score,
                hit=best,
                image_url=urls[best.image_id][0],
                others=tuple(PhotoHit(h.image_id, h.score, urls[h.image_id][0]) for h in others),
                why=why.get(best.image_id, {}),
                terms=standing.get(best.image_id, ()),
                closeness=closeness(best.score),
                alike=len(hits) - 1 - len(others),
            )
        )
    return tuple(results)


def _distinct(hits: Sequence[Hit], photos: Mapping[int, tuple[str, str]]) -> list[Hit]:
    kept: list[Hit] = []
    hashes: list[int] = []
    for hit in hits:
        text = photos[hit.image_id][1]
        if text:
            number = int(text, 16)
            if any((number ^ other).bit_count() <= NEARLY for other in hashes):
                continue
            hashes.append(number)
        kept.append(hit)
    return kept


def _image_urls(image_ids: Iterable[int]) -> dict[int, tuple[str, str]]:
    """Address and perceptual hash by photo."""
    storage: Storage = ShoeImage._meta.get_field("file").storage
    rows = ShoeImage.objects.filter(id__in=list(image_ids)).values_list(
        "id", "file", "perceptual_hash"
    )
    return {image: (storage.url(name), text) for image, name, text in rows}
