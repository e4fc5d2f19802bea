"""What a photo can be filtered by inside a vector store."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from catalog.colours import BY_SLUG
from catalog.models import Category, Gender, Height, Listing, ShoeImage
from catalog.selectors.predictions import colours_of

Payload = dict[str, int | float | tuple[int, ...]]

BATCH = 5_000
"""Ids in one statement: SQLite takes 32,766 parameters, PostgreSQL 65,535."""

_HEIGHTS, _CATEGORIES, _GENDERS = (
    {value: place for place, value in enumerate(choices.values, start=1)}
    for choices in (Height, Category, Gender)
)


def image_payloads(image_ids: Sequence[int]) -> dict[int, Payload]:
    """Payload by photo id; a photo without a colorway has an empty one, a missing id none.

    Fields: ``colorway``, ``model``, ``brand`` (ids); ``colour`` (tuple of Colour.code, ascending)
    and ``main_colour`` (the first one's); ``height``, ``category``, ``gender`` (1-based places in
    declaration order); ``retailer`` (ids of shops that list it now); ``price`` (float,
    SHOEFINDER_CURRENCY); ``available`` (0 or 1).
    A correction counts, else what is stated, else a sure prediction; what is unknown is absent. 2
    queries for each 5,000 ids, and one where colours are not as stated.
    """
    found: dict[int, Payload] = {}
    for start in range(0, len(image_ids), BATCH):
        found.update(_payloads(image_ids[start : start + BATCH]))
    return found


def _payloads(image_ids: Sequence[int]) -> dict[int, Payload]:
    rows = list(
        ShoeImage.objects.filter(id__in=[int(number) for number in image_ids])
        .order_by()
        .values_list(
            "id",
            "colorway_id",
            "colorway__model_id",
            "colorway__brand_id",
            "colorway__colour_key",
            "colorway__settled",
            "colorway__height",
            "colorway__category",
            "colorway__gender",
            "colorway__price",
            "colorway__is_available",
        )
    )
    shops = _shops(row[1] for row in rows if row[1] is not None)
    otherwise = colours_of({row[1] for row in rows if row[1] and "colours:" in (row[5] or "")})
    found: dict[int, Payload] = {}
    for image, colorway, model, brand, key, _, height, category, gender, price, available in rows:
        payload: Payload = {}
        found[image] = payload
        if not colorway:
            continue
        payload |= {"colorway": colorway, "model": model, "brand": brand}
        payload["available"] = int(bool(available))
        slugs = otherwise.get(colorway) or (key or "").split("/")
        codes = [BY_SLUG[slug].code for slug in slugs if slug in BY_SLUG]
        if codes:
            payload["colour"] = tuple(sorted(set(codes)))
            payload["main_colour"] = codes[0]
        if height in _HEIGHTS:
            payload["height"] = _HEIGHTS[height]
        if category in _CATEGORIES:
            payload["category"] = _CATEGORIES[category]
        if gender in _GENDERS:
            payload["gender"] = _GENDERS[gender]
        if price is not None:
            payload["price"] = float(price)
        if retailers := shops.get(colorway):
            payload["retailer"] = tuple(sorted(retailers))
    return found


def _shops(colorways: Iterable[int]) -> dict[int, set[int]]:
    shops: dict[int, set[int]] = defaultdict(set)
    live = Listing.objects.filter(colorway_id__in=set(colorways), vanished_at=None).order_by()
    for colorway, retailer in live.values_list("colorway_id", "retailer_id"):
        if colorway is not None:
            shops[colorway].add(retailer)
    return shops
