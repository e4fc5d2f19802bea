"""What a colorway's card shows, in lists of the catalog and in search results alike."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from django.conf import settings
from django.urls import reverse

from catalog.colours import BY_SLUG, Colour
from catalog.models import Availability, Colorway, ImageSource, ImageStatus, Listing, ShoeImage
from catalog.selectors.predictions import colours_of


@dataclass(frozen=True, slots=True)
class Cover:
    """A photo as ``{% photo %}`` and thumbnails need it."""

    id: int
    sha256: str
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ColorwayCard:
    """A colorway, ready to be shown without a further query."""

    id: int
    brand: str
    brand_slug: str
    """In the address of its model; ``brand`` may have been corrected."""
    model: str
    model_id: int
    model_slug: str
    name: str
    """The colour as published, or its colours joined."""
    style_code: str
    colours: tuple[Colour, ...]
    """The main one first."""
    predicted: frozenset[str]
    """Attributes that nobody stated: colours, height, category, gender."""
    url: str
    cover: Cover | None
    price: Decimal | None
    currency: str
    shop: str
    """Who sells it at that price; "" when no shop lists it now."""
    shops: int
    """How many shops list it now."""
    availability: str
    """A catalog.models.Availability value; "" when no shop says."""
    is_available: bool

    @property
    def title(self) -> str:
        """ "Brand Model Colour"."""
        return " ".join(part for part in (self.brand, self.model, self.name) if part)

    @property
    def availability_label(self) -> str:
        return Availability(self.availability).label if self.availability else ""


@dataclass(frozen=True, slots=True)
class _Offer:
    shop: str
    price: Decimal | None
    currency: str
    availability: str


def colorway_cards(ids: Sequence[int]) -> dict[int, ColorwayCard]:
    """Cards by colorway id, in the order of ``ids``; ids that are gone are left out. 2 queries,
    and one where colours are not as stated."""
    rows = _rows(ids)
    offers = _offers(rows)
    otherwise = colours_of(n for n, row in rows.items() if "colours:" in row.settled)
    # Looked up once: for every card of a page it would take as long as both queries.
    head, tail = reverse("catalog:colorway", args=[0]).rsplit("0", 1)
    return {
        number: _card(
            rows[number],
            otherwise.get(number, tuple(rows[number].colour_key.split("/"))),
            offers.get(number, []),
            f"{head}{number}{tail}",
        )
        for number in dict.fromkeys(ids)
        if number in rows
    }


class _Row(NamedTuple):
    """What is read of a colorway: models of five tables would take longer than the query."""

    id: int
    name: str
    style_code: str
    colour_key: str
    settled: str
    is_available: bool
    brand: str
    model_id: int
    model: str
    model_slug: str
    brand_slug: str
    cover_id: int | None
    sha256: str
    width: int
    height: int
    status: str


_FIELDS = (
    "id", "name", "style_code", "colour_key", "settled", "is_available", "brand__name", "model_id",
    "model__name", "model__slug", "model__brand__slug", "cover_id", "cover__sha256",
    "cover__width", "cover__height", "cover__status",
)  # fmt: skip


# Built once: to find its fields in five tables takes longer than to ask for them.
_ROWS = Colorway.objects.order_by().values_list(*_FIELDS)


def _rows(ids: Sequence[int]) -> dict[int, _Row]:
    return {row[0]: _Row(*row) for row in _ROWS.filter(pk__in=set(ids))}


def _card(row: _Row, slugs: Sequence[str], offers: Sequence[_Offer], url: str) -> ColorwayCard:
    best = _best(offers)
    colours = tuple(BY_SLUG[slug] for slug in slugs if slug in BY_SLUG)
    cover = None
    if row.cover_id is not None and row.status == ImageStatus.ACCEPTED:
        cover = Cover(row.cover_id, row.sha256, row.width, row.height)
    marks = (part.partition(":") for part in row.settled.split())
    return ColorwayCard(
        id=row.id,
        brand=row.brand,
        brand_slug=row.brand_slug,
        model=row.model,
        model_id=row.model_id,
        model_slug=row.model_slug,
        name=row.name or " / ".join(colour.name.capitalize() for colour in colours),
        style_code=row.style_code,
        colours=colours,
        predicted=frozenset(attribute for attribute, _, by in marks if by == "predicted"),
        url=url,
        cover=cover,
        price=best.price if best else None,
        currency=best.currency if best else "",
        shop=best.shop if best else "",
        shops=len({offer.shop for offer in offers}),
        availability=best.availability if best else "",
        is_available=row.is_available,
    )


def _best(offers: Sequence[_Offer]) -> _Offer | None:
    """The lowest price in the catalog's currency; else in another one; else any shop."""
    home = settings.SHOEFINDER_CURRENCY

    def rank(offer: _Offer) -> tuple[int, Decimal, str]:
        known = 0 if offer.currency == home else 1
        return (2 if offer.price is None else known, offer.price or Decimal(0), offer.shop)

    return min(offers, key=rank, default=None)


_LISTED = (
    Listing.objects.filter(vanished_at=None)
    .order_by()
    .values_list("colorway_id", "retailer__name", "price", "currency", "availability")
)


def _offers(ids: Iterable[int]) -> dict[int, list[_Offer]]:
    found: dict[int, list[_Offer]] = defaultdict(list)
    for colorway, shop, price, currency, availability in _LISTED.filter(colorway_id__in=list(ids)):
        if colorway is not None:
            found[colorway].append(_Offer(shop, price, currency, availability))
    return found


def photo_counts(ids: Iterable[int]) -> dict[int, int]:
    """Accepted photos by colorway id: one counts where it was first seen and at every listing that
    shows it. 2 queries."""
    numbers = list(ids)
    # Compared here: asked for the status, SQLite goes through the index of all accepted photos.
    own = ShoeImage.objects.filter(colorway_id__in=numbers).order_by()
    shared = ImageSource.objects.filter(listing__colorway_id__in=numbers).order_by()
    shown = {
        (colorway, image)
        for colorway, image, status in (
            *own.values_list("colorway_id", "id", "status"),
            *shared.values_list("listing__colorway_id", "image_id", "image__status"),
        )
        if status == ImageStatus.ACCEPTED
    }
    counts: dict[int, int] = defaultdict(int)
    for colorway, _image in shown:
        if colorway is not None:
            counts[colorway] += 1
    return counts
