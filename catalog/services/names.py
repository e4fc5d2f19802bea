"""Brands and models by the names that shops give them; created when new, whoever comes first.

Two workers may create the same name at once: the loser's insert breaks a unique constraint, and
it reads what the winner wrote.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TypeVar

from django.db import IntegrityError, models, transaction

from catalog.models import Brand, BrandAlias, ShoeModel, ShoeModelAlias
from catalog.querysets import named, named_any
from catalog.text import slug_for

M = TypeVar("M", bound=models.Model)

ATTEMPTS = 8
MAX_BRAND_WORDS = 4


def brand_find(*, name: str) -> Brand | None:
    """By name, else by alias; upper and lower case are one."""
    brand = named(Brand.objects.all(), name).first()
    if brand is None:
        alias = named(BrandAlias.objects.select_related("brand"), name).first()
        brand = alias.brand if alias else None
    return brand


def brand_find_in_title(*, title: str) -> Brand | None:
    """The known brand that a title begins with, the longest: "New Balance 990" → New Balance."""
    words = title.split()[:MAX_BRAND_WORDS]
    starts = [" ".join(words[:count]) for count in range(len(words), 0, -1)]
    found = [(len(brand.name), brand) for brand in named_any(Brand.objects.all(), starts)]
    aliases = named_any(BrandAlias.objects.select_related("brand"), starts)
    found += [(len(alias.name), alias.brand) for alias in aliases]
    return max(found, key=lambda pair: pair[0], default=(0, None))[1]


def brand_get_or_create(*, name: str) -> tuple[Brand, bool]:
    """The brand of a cleaned, non-empty name, and whether it is new."""
    return _get_or_create(
        find=lambda: brand_find(name=name),
        create=lambda slug: Brand.objects.create(name=name, slug=slug),
        slug=slug_for(name, fallback=f"brand-{_mark(name)}"),
    )


def model_find(*, brand: Brand, name: str) -> ShoeModel | None:
    """By name, else by alias; a merged model is answered by the one that took it in."""
    # Nothing joined: most models are not merged, and to compile the joins costs more than to look
    # one up.
    model = named(ShoeModel.objects.filter(brand=brand), name).first()
    if model is None:
        alias = named(ShoeModelAlias.objects.filter(brand=brand), name).first()
        model = alias.model if alias else None
    if model is None:
        return None
    if model.merged_into is not None:
        return model.merged_into
    if model.brand_id == brand.pk:
        model.brand = brand  # Known already: spare its query.
    return model


def model_get_or_create(*, brand: Brand, name: str, **fields: str) -> tuple[ShoeModel, bool]:
    """The model of a cleaned, non-empty name within a brand, and whether it is new.

    Args:
        fields: what a new one says beside its name.
    """
    return _get_or_create(
        find=lambda: model_find(brand=brand, name=name),
        create=lambda slug: ShoeModel.objects.create(brand=brand, name=name, slug=slug, **fields),
        slug=slug_for(name, fallback=f"model-{_mark(name)}"),
    )


def _get_or_create(
    *, find: Callable[[], M | None], create: Callable[[str], M], slug: str
) -> tuple[M, bool]:
    for attempt in range(ATTEMPTS):
        if (row := find()) is not None:
            return row, False
        try:
            # A savepoint: PostgreSQL would otherwise refuse the rest of the transaction.
            with transaction.atomic():
                return create(slug if attempt == 0 else f"{slug}-{attempt + 1}"), True
        except IntegrityError:
            # Either somebody was faster (the next find sees it) or the slug belongs to another
            # name ("A-B" and "A B"), and the next attempt takes a number.
            continue
    raise IntegrityError(f"no free slug for “{slug}”")


def _mark(name: str) -> str:
    """Names without a Latin letter still need an address, the same one each time."""
    return hashlib.sha256(name.encode()).hexdigest()[:8]
