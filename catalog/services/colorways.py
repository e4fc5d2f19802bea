"""Colorways: found or made for a listing, and what they repeat of model and listings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Case, Min, When
from django.utils import timezone

from catalog.colours import colours_parse
from catalog.models import (
    AttributePrediction,
    Availability,
    Brand,
    Colorway,
    ColorwayColour,
    Gender,
    ImageSource,
    ImageStatus,
    Listing,
    Retailer,
    ShoeImage,
    ShoeModel,
    View,
)
from catalog.types import MAX_NAME, ListingDraft
from catalog.words import gender_parse

MAX_COLOURS = 8
DELIVERABLE = (Availability.IN_STOCK, Availability.PREORDER)

Attribute = AttributePrediction.Attribute
Known = Mapping[str, AttributePrediction]
"""What is known of one colorway beyond what is stated, by attribute."""

LATERAL_FIRST = Case(When(view=View.LATERAL, then=0), When(view="", then=1), default=2)


def style_code_clean(code: str) -> str:
    """Upper case without blanks: makers' codes are compared so."""
    return "".join(code.split()).upper()[:64]


def colour_key_of(text: str) -> str:
    """Slugs in order, joined with "/"; "black / black" keeps both."""
    slugs = colours_parse(text)[:MAX_COLOURS]
    return "/".join(slugs)[:MAX_NAME]


def colorway_find(
    *, rows: Sequence[Colorway], code: str, name: str, colour_key: str, retailer: Retailer | None
) -> Colorway | None:
    """Among a model's colorways by style code, else by colours.

    Args:
        retailer: whose own number the code is (a sku), None when it is the maker's (an mpn).
            Two shops may give one number to different colours.
    """
    alike = [
        row for row in rows if row.colour_key == colour_key and row.name.lower() == name.lower()
    ]
    if code:
        for row in rows:
            if row.style_code == code and _code_agrees(row, colour_key, retailer):
                return row
        # Known by its colours only until now, from a shop that tells no code.
        return next((row for row in alike if not row.style_code), None)
    return min(alike, key=lambda row: (bool(row.style_code), row.pk), default=None)


def _code_agrees(row: Colorway, colour_key: str, retailer: Retailer | None) -> bool:
    if retailer is None or not colour_key or not row.colour_key or row.colour_key == colour_key:
        return True
    return row.listings.filter(retailer=retailer).exists() or not row.listings.exists()


def colorway_get_or_create(
    *,
    model: ShoeModel,
    code: str,
    name: str,
    retailer: Retailer | None = None,
    current: Colorway | None = None,
    model_is_new: bool = False,
    offer: ListingDraft | None = None,
) -> tuple[Colorway, bool]:
    """The colorway of a cleaned style code and published colour text, and whether it is new.

    Args:
        retailer: see `colorway_find`.
        current: what the page was about until now. If nothing else is known of that colorway, the
            shop has corrected its text, and it stays the same colorway.
        model_is_new: made in this transaction, so that it has none yet.
        offer: of the page that a new one is made for, and repeats.
    """
    colour_key = colour_key_of(name)
    rows = [] if model_is_new else _rows(model)
    found = colorway_find(rows=rows, code=code, name=name, colour_key=colour_key, retailer=retailer)
    if found is not None:
        if code and not found.style_code:
            Colorway.objects.filter(pk=found.pk).update(style_code=code)
            found.style_code = code
        return found, False
    if current is not None and _only_known_here(current, model, code):
        if code and not current.style_code:
            Colorway.objects.filter(pk=current.pk).update(style_code=code)
        colorway_rename(colorway=current, name=name)
        return current, False
    taken = bool(code) and any(row.style_code == code for row in rows)
    try:
        with transaction.atomic():
            colorway = Colorway.objects.create(
                model=model,
                brand_id=model.brand_id,
                name=name,
                # Another shop's number of the same digits: colours must tell these two apart.
                style_code="" if taken else code,
                colour_key=colour_key,
                category=model.category,
                height=model.height,
                gender=_gender(model, [offer.gender]) if offer else model.gender,
                sort_name=sort_name_of(model, name),
                **(_offers_of([offer]) if offer else {}),
            )
            _add_colours(colorway, colorway.colours)
            return colorway, True
    except IntegrityError:
        found = colorway_find(
            rows=_rows(model),
            code="" if taken else code,
            name=name,
            colour_key=colour_key,
            retailer=retailer,
        )
        if found is None:
            raise
        return found, False


def _rows(model: ShoeModel) -> list[Colorway]:
    return list(Colorway.objects.filter(model=model).order_by("id"))


def _only_known_here(current: Colorway, model: ShoeModel, code: str) -> bool:
    return (
        current.model_id == model.pk
        and current.style_code in {"", code}
        and current.listings.count() == 1
    )


def images_follow(listings: Iterable[int], *, old: int) -> int:
    """Photos of a colorway that only these listings show go to the listings' colorway."""
    moved = 0
    for number, colorway in Listing.objects.filter(
        pk__in=list(listings), colorway__isnull=False
    ).values_list("id", "colorway_id"):
        elsewhere = ImageSource.objects.filter(listing__colorway=old).values("image")
        moved += (
            ShoeImage.objects.filter(colorway=old, sources__listing=number)
            .exclude(pk__in=elsewhere)
            .update(colorway=colorway, updated_at=timezone.now())
        )
    return moved


def colorway_rename(*, colorway: Colorway, name: str) -> bool:
    """A new published colour text; refused (False) where another colorway has it already."""
    colorway.name, colorway.colour_key = name, colour_key_of(name)
    try:
        with transaction.atomic():
            colorway.save(update_fields=["name", "colour_key", "updated_at"])
            _write_colours(colorway, colorway.colours)
            if colorway.predictions.exists():  # a correction outlives another text
                colorways_refresh([colorway.pk], touch=True, covers=False)
    except IntegrityError:
        colorway.refresh_from_db()
        return False
    return True


def _write_colours(colorway: Colorway, slugs: Sequence[str]) -> None:
    colorway.colour_rows.all().delete()
    _add_colours(colorway, slugs)


def _add_colours(colorway: Colorway, slugs: Sequence[str]) -> None:
    ColorwayColour.objects.bulk_create(
        ColorwayColour(colorway=colorway, colour=slug, position=position)
        for position, slug in enumerate(slugs)
    )


def sort_name_of(model: ShoeModel, name: str) -> str:
    return f"{model.brand.name} {model.name} {name}".lower()[:MAX_NAME].strip()


def colorways_refresh(ids: Iterable[int], *, touch: bool = False, covers: bool = True) -> int:
    """Bring what colorways repeat to what model, listings and photos say, and to corrections and
    predictions of it; how many changed.

    Args:
        touch: stamp ``updated_at`` in any case, since something that an index follows changed
            without showing in these columns (another shop, another model).
        covers: look at photos too; False where only offers or names can have changed.
    """
    changed = 0
    numbers = set(ids)
    with transaction.atomic():
        known = _known(numbers)
        brands = _brands(known.values())
        # In one order, so that two who refresh the same rows wait and do not block each other.
        rows = (
            Colorway.objects.select_for_update(of=("self",), no_key=True)
            .select_related("model__brand")
            .filter(pk__in=numbers)
            .order_by("pk")
        )
        for row in rows:
            changed += _refresh(row, known[row.pk], brands, touch=touch, covers=covers)
    return changed


def _known(ids: Iterable[int]) -> defaultdict[int, dict[str, AttributePrediction]]:
    found: defaultdict[int, dict[str, AttributePrediction]] = defaultdict(dict)
    for row in AttributePrediction.objects.filter(colorway_id__in=ids).order_by():
        found[row.colorway_id][row.attribute] = row
    return found


def _brands(known: Iterable[Known]) -> dict[str, int]:
    """Ids of the brands that corrections name, by slug."""
    slugs = {each[Attribute.BRAND].corrected for each in known if Attribute.BRAND in each} - {""}
    return dict(Brand.objects.filter(slug__in=slugs).values_list("slug", "id")) if slugs else {}


def _offers_of(live: Sequence[Listing | ListingDraft]) -> dict[str, Any]:
    return {
        "price": _price(live),
        "is_available": any(listing.availability in DELIVERABLE for listing in live),
    }


def _refresh(
    row: Colorway, known: Known, brands: Mapping[str, int], *, touch: bool, covers: bool
) -> bool:
    listings = list(Listing.objects.filter(colorway=row).order_by())
    live = [listing for listing in listings if listing.vanished_at is None]
    stated: dict[str, str] = {
        Attribute.COLOURS: row.colour_key,
        Attribute.BRAND: row.model.brand.slug,
        Attribute.HEIGHT: row.model.height,
        Attribute.CATEGORY: row.model.category,
        Attribute.GENDER: _gender(
            row.model, (listing.published.get("gender") for listing in listings)
        ),
    }
    values, settled = _settle(stated, known)
    wanted: dict[str, Any] = {
        "brand_id": brands.get(values[Attribute.BRAND], row.model.brand_id),
        "category": values[Attribute.CATEGORY],
        "height": values[Attribute.HEIGHT],
        "gender": values[Attribute.GENDER],
        "settled": settled,
        **_offers_of(live),
        "sort_name": sort_name_of(row.model, row.name),
    }
    if covers:
        wanted["cover_id"] = _cover(row)
    differ = {name for name, value in wanted.items() if getattr(row, name) != value}
    if Attribute.COLOURS in known or Attribute.COLOURS in row.settled_by:
        slugs = values[Attribute.COLOURS].split("/") if values[Attribute.COLOURS] else []
        if slugs != list(row.colour_rows.order_by("position").values_list("colour", flat=True)):
            _write_colours(row, slugs)
            differ.add("colours")
    if not differ and not touch:
        return False
    # The cover is shown but not filtered by: an index need not hear of it.
    stamp = {"updated_at": timezone.now()} if touch or differ - {"cover_id"} else {}
    Colorway.objects.filter(pk=row.pk).update(**wanted, **stamp)
    return bool(differ)


def _settle(stated: Mapping[str, str], known: Known) -> tuple[dict[str, str], str]:
    """Corrected, else stated, else predicted surely enough; and which are not as stated."""
    values, settled = dict(stated), []
    for attribute, row in sorted(known.items()):
        if row.stated != stated[attribute]:
            row.stated = stated[attribute]
            row.save(update_fields=["stated"])
        if row.corrected:
            values[attribute] = row.corrected
            settled.append(f"{attribute}:corrected")
        elif not stated[attribute] and row.predicted and row.counts:
            values[attribute] = row.predicted
            settled.append(f"{attribute}:predicted")
    return values, " ".join(settled)


def _price(live: Iterable[Listing | ListingDraft]) -> Decimal | None:
    home = settings.SHOEFINDER_CURRENCY
    prices = [row.price for row in live if row.price is not None and row.currency == home]
    return min(prices, default=None)


def _gender(model: ShoeModel, published: Iterable[object]) -> str:
    """What its own listings say; a shoe sold to men and to women is for both."""
    said = {gender_parse(text) for text in published if isinstance(text, str)} - {""}
    if not said:
        return model.gender
    return said.pop() if len(said) == 1 else Gender.UNISEX.value


def _cover(row: Colorway) -> int | None:
    accepted = ShoeImage.objects.filter(status=ImageStatus.ACCEPTED)
    own = accepted.filter(colorway=row)
    shown = own.filter(pk=row.cover_id or 0).values_list("view", flat=True).first()
    if shown == View.LATERAL or (shown is not None and not own.filter(view=View.LATERAL).exists()):
        return row.cover_id
    # A lateral view shows most; then the order of the shop's gallery.
    found = (
        own.annotate(place=Min("sources__position"))
        .order_by(LATERAL_FIRST, "place", "id")
        .values_list("id", flat=True)
        .first()
    )
    if found is not None:
        return found
    shared = ImageSource.objects.filter(
        listing__colorway=row, image__status=ImageStatus.ACCEPTED
    ).order_by("position", "image_id")
    return shared.values_list("image_id", flat=True).first()
