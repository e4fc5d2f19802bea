"""Lists of the catalog: colorways, models, brands."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from django.db.models import Count, F, Max, Min, OuterRef, QuerySet, Subquery
from django.db.models.functions import Lower
from django.urls import reverse

from catalog.filters import CatalogFilter
from catalog.models import Brand, Colorway, ImageStatus, ShoeImage, ShoeModel
from catalog.selectors.cards import ColorwayCard, Cover, colorway_cards
from catalog.selectors.matching import colorways_matching

PER_PAGE = 24
MODELS_PER_PAGE = 48


class Sort(StrEnum):
    NEWEST = "newest"
    PRICE_UP = "price"
    PRICE_DOWN = "-price"
    NAME = "name"

    @property
    def label(self) -> str:
        return _SORT_LABELS[self]


_SORT_LABELS = {
    Sort.NEWEST: "Newest first",
    Sort.PRICE_UP: "Cheapest first",
    Sort.PRICE_DOWN: "Dearest first",
    Sort.NAME: "By name",
}
_ORDER = {
    # Each ends with the id, so that no two rows are equal, and each follows one index: the tie of
    # the dearest is broken the other way round because that is the price index read backwards.
    Sort.NEWEST: (F("id").desc(),),
    Sort.PRICE_UP: (F("price").asc(nulls_last=True), F("id").desc()),
    Sort.PRICE_DOWN: (F("price").desc(nulls_last=True), F("id").asc()),
    Sort.NAME: (F("sort_name").asc(), F("id").desc()),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ColorwayPage:
    """A page of colorways."""

    cards: tuple[ColorwayCard, ...]
    total: int
    page: int
    """1-based."""
    pages: int
    """At least 1."""
    upto: int
    """The newest colorway when page 1 was shown. Later pages are asked for with it, so that what
    a crawl adds meanwhile does not push cards from one page to the next."""

    @property
    def has_next(self) -> bool:
        return self.page < self.pages


def colorways_list(
    *,
    filters: CatalogFilter,
    sort: Sort = Sort.NEWEST,
    page: int = 1,
    per_page: int = PER_PAGE,
    upto: int | None = None,
) -> ColorwayPage:
    """A page of cards; a page beyond the last has none. At most 10 queries."""
    if upto is None:
        upto = Colorway.objects.aggregate(newest=Max("id"))["newest"] or 0
    rows = colorways_matching(filters).filter(id__lte=upto)
    total = rows.count()
    pages = max(1, -(-total // per_page))
    ids: list[int] = []
    if page <= pages:
        start = (page - 1) * per_page
        ids = list(colorways_ordered(rows, sort)[start : start + per_page])
    cards = tuple(colorway_cards(ids).values())
    return ColorwayPage(cards=cards, total=total, page=page, pages=pages, upto=upto)


def colorways_ordered(rows: QuerySet[Colorway], sort: Sort) -> QuerySet[Colorway, int]:
    """Ids only: the index gives them, and what a card shows is read for one page of them."""
    return rows.order_by(*_ORDER[sort]).values_list("id", flat=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrandEntry:
    name: str
    url: str
    models: int
    colorways: int


def brands_list() -> list[BrandEntry]:
    """Brands that have a colorway, by name. 3 queries."""
    colorways = dict(Colorway.objects.order_by().values_list("brand_id").annotate(n=Count("id")))
    models = dict(
        ShoeModel.objects.filter(merged_into=None)
        .order_by()
        .values_list("brand_id")
        .annotate(n=Count("id"))
    )
    return [
        BrandEntry(
            name=brand.name,
            url=reverse("catalog:brand", args=[brand.slug]),
            models=models.get(brand.pk, 0),
            colorways=colorways[brand.pk],
        )
        for brand in Brand.objects.only("id", "name", "slug")
        if brand.pk in colorways
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelEntry:
    name: str
    url: str
    colorways: int
    price: Decimal | None
    """Of its cheapest colorway."""
    cover: Cover | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPage:
    entries: tuple[ModelEntry, ...]
    total: int
    page: int
    pages: int


def models_list(*, brand: Brand, page: int = 1, per_page: int = MODELS_PER_PAGE) -> ModelPage:
    """A brand's models that have a colorway, by name. 4 queries."""
    own = Colorway.objects.filter(model=OuterRef("pk")).order_by()
    rows = ShoeModel.objects.filter(
        brand=brand, merged_into=None, pk__in=Colorway.objects.filter(brand=brand).values("model")
    )
    total = rows.count()
    pages = max(1, -(-total // per_page))
    if page > pages:
        return ModelPage(entries=(), total=total, page=page, pages=pages)
    start = (page - 1) * per_page
    models = rows.annotate(
        cover_id=Subquery(
            own.filter(cover__status=ImageStatus.ACCEPTED).order_by("-id").values("cover")[:1]
        )
    ).order_by(Lower("name"), "id")[start : start + per_page]
    covers = {
        row[0]: Cover(*row)
        for row in ShoeImage.objects.filter(
            id__in=[model.cover_id for model in models if model.cover_id]
        ).values_list("id", "sha256", "width", "height")
    }
    numbers = {
        model: (count, price)
        for model, count, price in Colorway.objects.filter(model_id__in=[m.pk for m in models])
        .order_by()
        .values_list("model_id")
        .annotate(n=Count("id"), low=Min("price"))
    }
    entries = tuple(
        ModelEntry(
            name=model.name,
            url=reverse("catalog:model", args=[brand.slug, model.slug]),
            colorways=numbers[model.pk][0],
            price=numbers[model.pk][1],
            cover=covers.get(model.cover_id),
        )
        for model in models
        if model.pk in numbers
    )
    return ModelPage(entries=entries, total=total, page=page, pages=pages)
