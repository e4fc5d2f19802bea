"""What is asked for each model: queries, and how many photos each may bring."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from catalog.models import ShoeModel
from catalog.tabular import rows_read
from catalog.text import name_clean
from crawler.exceptions import SourceInvalid

TRUE = {"1", "yes", "true", "x", "popular", "y"}
NONE = "none"
"""The suffix that adds nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A model to find photos of."""

    brand: str
    model: str
    aliases: tuple[str, ...] = ()
    popular: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelQuery:
    """One question for one model."""

    brand: str
    model: str
    words: str
    share: int
    """Photos that it may bring."""


def queries_of(
    models: Iterable[Wanted], *, suffixes: Sequence[str], photos: int, photos_popular: int
) -> list[ModelQuery]:
    """All questions, those of one model together; its photos are shared out among them.

    Aliases are asked for without suffixes: they repeat what the name brings.
    """
    queries: list[ModelQuery] = []
    for wanted in models:
        ends = ["" if one.strip().lower() == NONE else one.strip() for one in suffixes] or [""]
        words = [f"{wanted.brand} {wanted.model} {end}".strip() for end in ends]
        words += [_with_brand(wanted.brand, alias) for alias in wanted.aliases]
        words = list(dict.fromkeys(words))
        share = math.ceil((photos_popular if wanted.popular else photos) / len(words))
        queries += [
            ModelQuery(brand=wanted.brand, model=wanted.model, words=one, share=share)
            for one in words
        ]
    return queries


def _with_brand(brand: str, alias: str) -> str:
    return alias if alias.lower().startswith(brand.lower()) else f"{brand} {alias}"


def models_of_table(text: str) -> list[Wanted]:
    """Models of CSV text with the columns brand, model, aliases (parted by ;) and popular.

    Raises:
        SourceInvalid: a column is missing, or a line cannot be read; with the line.
        ImportRefused: nothing of it can be read.
    """
    columns, rows = rows_read(text.encode(), suffix="csv")
    for column in ("brand", "model"):
        if column not in columns:
            raise SourceInvalid(f"The list of models has no column “{column}”.")
    models: list[Wanted] = []
    for row in rows:
        brand = name_clean(row.cells.get("brand", ""))
        model = name_clean(row.cells.get("model", ""))
        if row.error or not brand or not model:
            raise SourceInvalid(f"Line {row.line}: {row.error or 'brand or model is empty.'}")
        aliases = tuple(name_clean(one) for one in row.cells.get("aliases", "").split(";"))
        popular = row.cells.get("popular", "").strip().lower() in TRUE
        models.append(
            Wanted(brand=brand, model=model, aliases=tuple(filter(None, aliases)), popular=popular)
        )
    return models


def models_of_catalog(*, brands: Sequence[str] = ()) -> list[Wanted]:
    """Every model of the catalog that was not merged into another one, by brand and name."""
    rows = ShoeModel.objects.filter(merged_into=None).select_related("brand")
    if brands:
        rows = rows.filter(brand__name__in=brands)
    rows = rows.prefetch_related("aliases").order_by("brand__name", "name")
    return [
        Wanted(
            brand=row.brand.name,
            model=row.name,
            aliases=tuple(a.name for a in row.aliases.all()),
            popular=row.is_popular,
        )
        for row in rows
    ]
