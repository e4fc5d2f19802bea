"""What is asked for each model: queries, and how many photos each may bring."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from catalog.models import ImageStatus, ShoeImage, ShoeModel, View
from catalog.tabular import rows_read
from catalog.text import name_clean
from crawler.exceptions import SourceInvalid

TRUE = {"1", "yes", "true", "x", "popular", "y"}
NONE = "none"
"""The suffix that adds nothing."""


VIEW_WORDS: Final[Mapping[str, str]] = {
    View.LATERAL.value: "side view",
    View.TOP.value: "top view",
    View.SOLE.value: "outsole",
    View.PAIR.value: "pair",
    View.WORN.value: "on feet",
}
"""What to ask a search engine for. Medial is left out: nobody writes it beside a photo."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A model to find photos of."""

    brand: str
    model: str
    aliases: tuple[str, ...] = ()
    popular: bool = False
    views: tuple[str, ...] = ()
    """Views to ask for in words, since no photo shows them."""


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

    Aliases and views are asked for without suffixes: they repeat what the name brings.
    """
    queries: list[ModelQuery] = []
    for wanted in models:
        ends = ["" if one.strip().lower() == NONE else one.strip() for one in suffixes] or [""]
        words = [f"{wanted.brand} {wanted.model} {end}".strip() for end in ends]
        words += [_with_brand(wanted.brand, alias) for alias in wanted.aliases]
        words += [f"{wanted.brand} {wanted.model} {VIEW_WORDS[view]}" for view in wanted.views]
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


def models_of_catalog(*, brands: Sequence[str] = (), missing_views: bool = False) -> list[Wanted]:
    """Every model of the catalog that was not merged into another one, by brand and name.

    Args:
        missing_views: tell the views that none of a model's photos is known to show.
    """
    rows = ShoeModel.objects.filter(merged_into=None).select_related("brand")
    if brands:
        rows = rows.filter(brand__name__in=brands)
    rows = rows.prefetch_related("aliases").order_by("brand__name", "name")
    shown = _views_shown() if missing_views else {}
    return [
        Wanted(
            brand=row.brand.name,
            model=row.name,
            aliases=tuple(a.name for a in row.aliases.all()),
            popular=row.is_popular,
            views=tuple(v for v in VIEW_WORDS if v not in shown.get(row.pk, ()))
            if missing_views
            else (),
        )
        for row in rows
    ]


def _views_shown() -> Mapping[int, set[str]]:
    """By model the views that accepted photos are known to show; 1 query."""
    rows = (
        ShoeImage.objects.filter(status=ImageStatus.ACCEPTED, colorway__isnull=False)
        .exclude(view="")
        .order_by()
        .values_list("colorway__model", "view")
        .distinct()
    )
    shown: dict[int, set[str]] = defaultdict(set)
    for model, view in rows:
        shown[model or 0].add(view)
    return shown
