"""From the engine's and the catalog's values to those of the API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from urllib.parse import urlencode

from django.http import HttpRequest
from PIL.Image import Image

from catalog.models import ShoeImage
from catalog.selectors import ColorwayCard, ColorwayDetail, photo_counts
from catalog.thumbnails import Pictured, thumbnail_url
from search.api.schemas import (
    CandidateOut,
    ChipOut,
    GuessOut,
    HeatOut,
    HitOut,
    IdentificationOut,
    ListingOut,
    PhotoOut,
    ResultOut,
    SearchOut,
    ShoeDetailOut,
    ShoeOut,
    WhereOut,
    WishOut,
)
from search.contexts import address, where_address
from search.heat import Heat, Likeness
from search.query import MAX_PAGE, Query
from search.results import Guess, Identification, Result, SearchPage
from search.vocabulary import edit_of

THUMBNAIL = 320


def image_urls(ids: Iterable[int]) -> dict[int, tuple[ShoeImage, str]]:
    """Photos with their addresses, by id. One query."""
    rows = ShoeImage.objects.only("id", "sha256", "width", "height", "file").in_bulk(list(ids))
    return {number: (row, row.file.url) for number, row in rows.items()}


def photo_out(request: HttpRequest, image: Pictured, url: str) -> PhotoOut:
    return PhotoOut(
        id=image.id,
        url=request.build_absolute_uri(url),
        thumbnail=request.build_absolute_uri(thumbnail_url(image, THUMBNAIL)),
        width=image.width,
        height=image.height,
    )


def shoes_out(request: HttpRequest, cards: Iterable[ColorwayCard]) -> list[ShoeOut]:
    """Three queries, for the covers' addresses and for how many photos there are."""
    cards = list(cards)
    covers = image_urls(card.cover.id for card in cards if card.cover)
    counts = photo_counts(card.id for card in cards)
    return [_shoe(request, card, covers, counts) for card in cards]


def _shoe(
    request: HttpRequest,
    card: ColorwayCard,
    photos: Mapping[int, tuple[ShoeImage, str]],
    counts: Mapping[int, int],
) -> ShoeOut:
    cover = photos.get(card.cover.id) if card.cover else None
    return ShoeOut(
        id=card.id,
        url=request.build_absolute_uri(card.url),
        brand=card.brand,
        brand_slug=card.brand_slug,
        model=card.model,
        model_slug=card.model_slug,
        name=card.name,
        style_code=card.style_code,
        colours=[colour.slug for colour in card.colours],
        cover=photo_out(request, *cover) if cover else None,
        price=card.price,
        currency=card.currency,
        shop=card.shop,
        shops=card.shops,
        availability=card.availability,
        is_available=card.is_available,
        photos=counts.get(card.id, 0),
    )


def search_out(request: HttpRequest, found: SearchPage) -> SearchOut:
    ids = {result.hit.image_id for result in found.results}
    ids |= {other.image_id for result in found.results for other in result.others}
    ids |= {result.card.cover.id for result in found.results if result.card.cover}
    photos = image_urls(ids)
    counts = photo_counts(result.card.id for result in found.results)
    edit = edit_of(found.query)
    results = [
        _result(request, result, photos, counts)
        for result in found.results
        if result.hit.image_id in photos  # deleted between two queries
    ]
    return SearchOut(
        query=request.build_absolute_uri(address(replace(found.query, page=1))),
        chips=[ChipOut(**asdict(term)) for term in edit.terms],
        free_text=edit.free_text,
        results=results,
        gap_after=found.gap_after,
        refine_words=list(found.refine_words),
        total=found.total,
        total_exact=found.total_exact,
        page=found.page,
        has_next=found.has_next and found.page < MAX_PAGE,
        next=_next(request, found),
        identification=identification_out(found.identification),
        notices=list(found.notices),
        timings=dict(found.timings),
    )


def _result(
    request: HttpRequest,
    result: Result,
    photos: Mapping[int, tuple[ShoeImage, str]],
    counts: Mapping[int, int],
) -> ResultOut:
    return ResultOut(
        shoe=_shoe(request, result.card, photos, counts),
        score=result.score,
        photo=photo_out(request, *photos[result.hit.image_id]),
        others=[
            HitOut(photo=photo_out(request, *photos[other.image_id]), score=other.score)
            for other in result.others
            if other.image_id in photos
        ],
        why=dict(result.why),
        wishes=[WishOut(**asdict(term), standing=standing) for term, standing in result.terms],
        closeness=result.closeness,
        alike=result.alike,
    )


def _next(request: HttpRequest, found: SearchPage) -> str | None:
    """Always an address to GET, also for what was asked by POST."""
    if not found.has_next or found.page >= MAX_PAGE:
        return None
    params = replace(found.query, page=found.page + 1).to_params()
    if per_page := request.GET.get("per_page"):
        params.append(("per_page", per_page))
    return request.build_absolute_uri(f"/api/v1/search?{urlencode(params)}")


def identification_out(found: Identification | None) -> IdentificationOut | None:
    if found is None:
        return None
    return IdentificationOut(
        known=found.known,
        shoe=found.shoe,
        turned=found.turned,
        method=found.method,
        calibrated=found.calibrated,
        brand=_guess(found.brand),
        height=_guess(found.height),
        colours=list(found.colours),
        candidates=[
            CandidateOut(
                model=candidate.name,
                model_id=candidate.model_id,
                confidence=candidate.confidence,
                votes=candidate.votes,
            )
            for candidate in found.candidates
        ],
    )


def _guess(guess: Guess | None) -> GuessOut | None:
    return GuessOut(value=guess.value, confidence=guess.confidence) if guess else None


def where_out(request: HttpRequest, query: Query, image_id: int, found: Likeness) -> WhereOut:
    return WhereOut(
        url=request.build_absolute_uri(where_address(query, image_id)),
        asked=_heat(found.asked, found.asked_heat),
        answer=_heat(found.answer, found.answer_heat),
    )


def _heat(picture: Image, heat: Heat) -> HeatOut:
    rows = [[round(float(warm), 3) for warm in row] for row in heat]
    return HeatOut(width=picture.width, height=picture.height, heat=rows)


def detail_out(request: HttpRequest, detail: ColorwayDetail) -> ShoeDetailOut:
    shoe, *others = shoes_out(request, [detail.card, *detail.siblings])
    return ShoeDetailOut(
        shoe=shoe,
        photos=[photo_out(request, photo, photo.file.url) for photo in detail.photos],
        listings=[
            ListingOut(
                shop=entry.listing.retailer.name,
                url=entry.listing.url,
                title=entry.listing.title,
                price=entry.listing.price,
                currency=entry.listing.currency,
                availability=entry.listing.availability,
                first_seen_at=entry.listing.first_seen_at,
                last_seen_at=entry.listing.last_seen_at,
                vanished_at=entry.listing.vanished_at,
            )
            for entry in detail.listings
        ],
        others=others,
    )
