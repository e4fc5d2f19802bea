"""What the search templates show: one place that turns a query and its answer into their words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse

from catalog.filters import CatalogFilter
from catalog.models import Colorway, ImageStatus, ShoeImage
from catalog.selectors import ColorwayCard, Facet, colorway_cards, facets
from search.active import active_encoder
from search.answer_card import answer_card
from search.chips import ATTRIBUTE_CHOICES, MODES, edit_shown
from search.crop_editor import crop_editor
from search.edits import edit_parse
from search.encoders.base import patch_encoder
from search.exceptions import QueryError
from search.models import QueryPhoto
from search.queries import query_photos_kept
from search.query import MAX_PAGE, MAX_PHOTOS, MAX_WORDS, Query, edit_params
from search.reasons import Reason, reason_of
from search.refinements import Choices, choices, refinements
from search.results import PhotoHit, Result, SearchPage
from search.vocabulary import catalog_lexicon

AUTOMATIC_PAGES = 4
"""Pages that load by scrolling; after them a button, so that the end of the page can be reached."""
EXAMPLES = 12
EXAMPLE_POOL = 240


@dataclass(frozen=True, slots=True)
class Told:
    """Why there is no answer, for the visitor, with what they can do about it."""

    message: str
    status: int
    title: str = "That did not work"
    retry_after: int | None = None
    """Seconds after which trying again makes sense."""
    action: str = ""
    """Words of a link, and where it leads."""
    href: str = ""


@dataclass(frozen=True, slots=True)
class Chip:
    label: str
    href: str
    """The same search without it."""


@dataclass(frozen=True, slots=True)
class ShownPhoto:
    """A photo of a result, with what a template needs to show it and to search with it."""

    image: ShoeImage
    href: str


@dataclass(frozen=True, slots=True)
class ShownResult:
    card: ColorwayCard
    image: ShoeImage | None
    score: float
    others: tuple[ShownPhoto, ...]
    search_with: str
    choices: Choices
    reason: Reason
    where: str
    """Address of the pictures that show where it resembles the photo, or ""."""


@dataclass(frozen=True, slots=True)
class ShownQueryPhoto:
    """One of the visitor's photos."""

    photo: QueryPhoto
    without: str
    """Address of the same query without it."""


def address(query: Query) -> str:
    """Where a query is answered; the same query has the same address."""
    params = query.to_params()
    return reverse("search:page") + (f"?{urlencode(params)}" if params else "")


def page_context(
    query: Query, page: SearchPage | None = None, told: Told | None = None
) -> dict[str, Any]:
    """Everything for ``search/page.html`` and its parts."""
    start = query.is_empty and query.filters.is_empty
    shown_facets = [] if start else facets(filters=query.filters)
    photos = _photos(query)
    return {
        "query": query,
        "page": page,
        "told": told,
        "start": start,
        "photo": photos[0].photo if photos else None,
        "photos": photos,
        "max_photos": MAX_PHOTOS,
        "photos_left": MAX_PHOTOS - len(query.photos),
        "crop_editor": crop_editor(query, photos[0].photo if photos else None),
        "refinements": refinements(query, address),
        "unrefined": address(replace(query, like=(), unlike=(), page=1)),
        "image": _image(query),
        "facets": shown_facets,
        "chips": chips(query, shown_facets),
        "edit": None if query.is_empty else edit_shown(query, address),
        "chip_fields": () if query.edit is None else edit_params(query.edit),
        "chip_modes": MODES,
        "chip_attributes": ATTRIBUTE_CHOICES,
        "filters": query.filters,
        "results": shown_results(query, page.results) if page else (),
        "gap_after": page.gap_after if page else None,
        "suggestions": suggestions(query, page.refine_words if page else ()),
        "answer": answer_card(query, page.identification if page else None, address=address),
        "examples": _examples() if start else (),
        "catalog_is_empty": start and not Colorway.objects.exists(),
        "address": address(query),
        "more": address(replace(query, page=query.page + 1)) if _has_more(page) else "",
        "more_loads_itself": query.page < AUTOMATIC_PAGES,
        "previous": address(replace(query, page=query.page - 1)) if query.page > 1 else "",
        "without_photo": address(replace(query.with_photos(()), image_id=None)),
        "without_filters": address(replace(query, filters=CatalogFilter(), page=1)),
        "browse": f"{reverse('catalog:browse')}?{urlencode(query.filters.to_query())}",
        "max_words": MAX_WORDS,
        "max_bytes": settings.SHOEFINDER_UPLOAD_MAX_BYTES,
        "max_megabytes": settings.SHOEFINDER_UPLOAD_MAX_BYTES // (1024 * 1024),
        "currency": settings.SHOEFINDER_CURRENCY,
    }


def shown_results(query: Query, results: Iterable[Result]) -> tuple[ShownResult, ...]:
    """Results with their photos. One query, however many results."""
    results = tuple(results)
    ids = {result.hit.image_id for result in results}
    ids |= {other.image_id for result in results for other in result.others}
    comparable = bool(results) and (query.has_photo or query.like)
    shows_where = comparable and patch_encoder(active_encoder()) is not None
    images = ShoeImage.objects.only("id", "sha256", "width", "height", "view").in_bulk(ids)
    return tuple(
        ShownResult(
            card=result.card,
            image=images.get(result.hit.image_id),
            score=result.score,
            others=_others(query, result.others, images),
            search_with=search_with(query, result.hit.image_id),
            choices=choices(query, result.hit.image_id, address),
            reason=reason_of(result),
            where=where_address(query, result.hit.image_id) if shows_where else "",
        )
        for result in results
    )


def search_with(query: Query, image_id: int) -> str:
    """The address of "search with this one": filters stay, words are already in that photo."""
    return address(Query(image_id=image_id, filters=query.filters))


def suggestions(query: Query, words: Iterable[str]) -> list[Chip]:
    """Words to refine by, each with the address of the search that says it too."""
    found = []
    for word in words:
        edit = query.edit
        if edit is not None:  # the chips stand, so the word joins them
            said = edit_parse(word, lexicon=catalog_lexicon())
            text = f"{edit.free_text} {said.free_text}".strip()
            edit = replace(edit, terms=(*edit.terms, *said.terms), free_text=text)
        try:
            longer = replace(query, words=f"{query.words}, {word}".lstrip(", "), edit=edit, page=1)
        except QueryError:  # no room for another word
            continue
        found.append(Chip(word, address(longer)))
    return found


def where_address(query: Query, image_id: int) -> str:
    """Of the pictures that show where a photo of the catalog resembles that of ``query``."""
    params = urlencode(replace(query, page=1).to_params())
    return f"{reverse('search:where', args=[image_id])}?{params}"


def chips(query: Query, shown: Iterable[Facet]) -> list[Chip]:
    """What is chosen, each with the address that drops it."""
    labels = {(facet.name, value.slug): value.label for facet in shown for value in facet.values}
    found = []
    for name, value in query.filters.to_query():
        label = labels.get((name, value)) or _spelled(name, value)
        dropped = replace(query, filters=query.filters.without(name, value), page=1)
        found.append(Chip(label, address(dropped)))
    return found


def _spelled(name: str, value: str) -> str:
    match name:
        case "price_min":
            return f"from {value} {settings.SHOEFINDER_CURRENCY}"
        case "price_max":
            return f"up to {value} {settings.SHOEFINDER_CURRENCY}"
        case "available":
            return "in stock"
        case _:
            return value.rpartition("/")[2].replace("-", " ")


def _has_more(page: SearchPage | None) -> bool:
    return page is not None and page.has_next and page.page < MAX_PAGE


def _photos(query: Query) -> tuple[ShownQueryPhoto, ...]:
    return tuple(
        ShownQueryPhoto(
            kept, address(query.with_photos([t for t in query.photos if t != kept.token]))
        )
        for kept in query_photos_kept(query.photos)
    )


def _image(query: Query) -> ShoeImage | None:
    """The catalog photo that is searched with, and whose it is."""
    if query.image_id is None:
        return None
    rows = ShoeImage.objects.select_related("colorway__model__brand")
    return rows.filter(pk=query.image_id, status=ImageStatus.ACCEPTED).first()


def _others(
    query: Query, hits: Iterable[PhotoHit], images: dict[int, ShoeImage]
) -> tuple[ShownPhoto, ...]:
    return tuple(
        ShownPhoto(images[hit.image_id], search_with(query, hit.image_id))
        for hit in hits
        if hit.image_id in images
    )


def _examples() -> list[tuple[ColorwayCard, str]]:
    """Shoes to start from: the newest of each of a dozen models, and how to search with them."""
    newest = (
        Colorway.objects.filter(cover__isnull=False)
        .order_by("-id")
        .values_list("id", "model_id", "cover_id")[:EXAMPLE_POOL]
    )
    chosen: dict[int, tuple[int, int]] = {}
    for colorway, model, cover in newest:
        chosen.setdefault(model, (colorway, cover))
    wanted = list(chosen.values())[:EXAMPLES]
    cards = colorway_cards([colorway for colorway, _ in wanted])
    return [
        (cards[colorway], address(Query(image_id=cover)))
        for colorway, cover in wanted
        if colorway in cards
    ]
