"""From the index's numbers to what a page shows: a constant number of queries, whatever comes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from catalog.models import ColorwayColour, ImageStatus, ShoeImage
from catalog.selectors import colorway_cards
from search.results import PhotoHit, Result
from search.types import Hit
from search.wishes import Terms

MAX_IDS: Final = 10_000
"""In one statement: SQLite takes 32,766 parameters, PostgreSQL 65,535."""


class Photo(NamedTuple):
    """What is read of a photo that may be shown."""

    id: int
    colorway_id: int
    file: str
    perceptual_hash: str


@dataclass(frozen=True, slots=True)
class Group:
    """Hits on one colorway, best first, and their photos in the same order."""

    colorway_id: int
    hits: list[Hit]
    photos: list[Photo]


def group_hits(
    hits: Sequence[Hit], *, leaving_out: int | None = None, refused: Collection[int] = ()
) -> list[Group]:
    """Hits by colorway, in the order of each one's best photo. One query.

    Photos that are gone, rejected or without a colorway since the index was published are left
    out here, so that pages are filled with what can be shown. ``leaving_out`` is a photo that
    must not answer: the one that is searched with. ``refused`` are photos whose colorways must
    not.
    """
    photos = _photos_of((*(hit.image_id for hit in hits), *refused))
    without = {photos[number].colorway_id for number in refused if number in photos}
    groups: dict[int, Group] = {}
    for hit in hits:
        photo = photos.get(hit.image_id)
        if photo is None or photo.colorway_id in without or hit.image_id == leaving_out:
            continue
        group = groups.setdefault(photo.colorway_id, Group(photo.colorway_id, [], []))
        group.hits.append(hit)
        group.photos.append(photo)
    return list(groups.values())


# Built once: with every search this would take as long as the queries themselves.
_SHOWN = ShoeImage.objects.filter(status=ImageStatus.ACCEPTED, colorway__isnull=False).order_by()
_PHOTOS = _SHOWN.values_list(*Photo._fields)
_MODELS = _SHOWN.values_list(
    "id", "colorway__model_id", "colorway__model__brand__name", "colorway__model__name"
)


def _photos_of(image_ids: Iterable[int]) -> dict[int, Photo]:
    """By id, of those that may be shown. One query for each ``MAX_IDS``."""
    found: dict[int, Photo] = {}
    ids = list(image_ids)
    for start in range(0, len(ids), MAX_IDS):
        rows = _PHOTOS.filter(id__in=ids[start : start + MAX_IDS])
        found.update((row[0], Photo(*row)) for row in rows)
    return found


def models_of(image_ids: Iterable[int]) -> dict[int, tuple[int, str]]:
    """Image id → (model id, "Brand Model"), of those that may be shown. One query."""
    rows = _MODELS.filter(id__in=list(image_ids))
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
    results = []
    for group in groups:
        card = cards.get(group.colorway_id)
        if card is None:
            continue
        best, *others = _distinct(group)
        hit, photo = best
        results.append(
            Result(
                card=card,
                score=hit.score,
                hit=hit,
                photo=PhotoHit(hit.image_id, hit.score, photo.file),
                others=tuple(PhotoHit(h.image_id, h.score, p.file) for h, p in others),
                why=why.get(hit.image_id, {}),
                terms=standing.get(hit.image_id, ()),
                closeness=closeness(hit.score),
                alike=len(group.hits) - 1 - len(others),
            )
        )
    return tuple(results)


def _distinct(group: Group) -> list[tuple[Hit, Photo]]:
    """Without those that show nearly the same as a better one."""
    kept: list[tuple[Hit, Photo]] = []
    hashes: list[int] = []
    for hit, photo in zip(group.hits, group.photos, strict=True):
        if photo.perceptual_hash:
            number = int(photo.perceptual_hash, 16)
            if any((number ^ other).bit_count() <= NEARLY for other in hashes):
                continue
            hashes.append(number)
        kept.append((hit, photo))
    return kept
