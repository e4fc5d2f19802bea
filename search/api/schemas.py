"""What the API takes and gives; docs/api.md tells it to people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from django.http import QueryDict
from ninja import Schema
from pydantic import BeforeValidator, ConfigDict, Field, PlainSerializer

from catalog.selectors import Sort
from search.edits import term_make, term_spell
from search.exceptions import QueryError
from search.query import DEFAULT_WEIGHT, MAX_PAGE, MAX_PHOTOS, MAX_WORDS, NO_CHIPS

MAX_PER_PAGE = 100

Price = Annotated[Decimal, PlainSerializer(lambda value: f"{value:.2f}", return_type=str)]
"""As text with two decimals: JSON's numbers are binary fractions."""


class FilterIn(Schema):
    """Filters as in the catalog: values of one name widen, different names narrow."""

    brand: list[str] = Field([], description="Slugs of brands")
    model: list[str] = Field([], description="`brand-slug/model-slug`")
    colour: list[str] = Field([], description="Slugs of colours")
    height: list[str] = Field([], description="low, mid or high")
    category: list[str] = Field([], description="Kinds of shoe, e.g. sneaker")
    gender: list[str] = Field([], description="men, women, kids or unisex")
    shop: list[str] = Field([], description="Slugs of shops")
    price_min: str | None = Field(None, description="In the catalog's currency, e.g. 49.90")
    price_max: str | None = None
    available: bool = Field(False, description="Only what a shop can deliver")


class ChipOut(Schema):
    """A wish about one attribute (docs/search.md lists the values)."""

    mode: Literal["keep", "change", "avoid"]
    attribute: str
    value: str | None = Field(None, description="null: the same, or another")
    weight: float = Field(1.0, description="0 to 2; 1 is as usual")
    tone: Literal["darker", "lighter", "brighter"] | None = Field(
        None, description="Of another colour than the photo's, which; value is then null"
    )


def _as_list(value: object) -> object:
    """One token as it was before several could be sent."""
    return [value] if isinstance(value, str) else value


class SearchIn(FilterIn):
    q: str = Field("", description=f"Words, at most {MAX_WORDS} characters")
    chip: list[str] = Field(
        [],
        description="Corrected chips instead of those that `q` is read into: "
        "`change:colour:red@0.5`, `keep:brand`; `none` for no chip at all",
    )
    text: str = Field("", description="Beside corrected chips: words that count as they are")
    either: bool = Field(
        False, description="Beside corrected chips: any one of the colours will do"
    )
    photo: Annotated[list[str], BeforeValidator(_as_list)] = Field(
        [],
        description="Tokens of photos that were sent to `POST /photos`: up to "
        f"{MAX_PHOTOS} of one shoe, the main one first",
    )
    image: int | None = Field(None, description="Id of a catalog photo to search with")
    crop: str = Field(
        "",
        description="Where the shoe is in the first photo: `x,y,width,height` in fractions",
    )
    like: list[int] = Field([], description="Ids of catalog photos: more like these")
    unlike: list[int] = Field(
        [], description="Ids of catalog photos: not these shoes, nor what is very like them"
    )
    weight: float = Field(DEFAULT_WEIGHT, description="0: like the photo, 1: like the words")
    named_by: str = Field("", description="Method that names the shoe, of those that are offered")
    page: int = Field(1, description=f"From 1 to {MAX_PAGE}")
    per_page: int = Field(24, ge=1, le=MAX_PER_PAGE)


class SearchBody(SearchIn):
    """The body of `POST /search` as JSON: the names of `GET /search`, nothing else."""

    model_config = ConfigDict(extra="forbid")

    chips: list[ChipOut] | None = Field(None, description="As `chip`, spelled out")

    def to_params(self) -> QueryDict:
        """As an address would say it, so that there is one reader of queries."""
        params = params_from(self.model_dump(exclude_unset=True, exclude={"per_page", "chips"}))
        if self.chips is not None:
            params.setlist("chip", chips_spelled(self.chips))
        return params


def chips_spelled(chips: Iterable[ChipOut]) -> list[str]:
    """As an address says them. ``QueryError`` when one cannot be meant."""
    try:
        made = [term_make(c.mode, c.attribute, c.value or c.tone, c.weight) for c in chips]
    except ValueError as error:
        raise QueryError(str(error)) from error
    return [term_spell(term) for term in made] or [NO_CHIPS]


def params_from(values: Mapping[str, Any]) -> QueryDict:
    params = QueryDict(mutable=True)
    for name, value in values.items():
        many = value if isinstance(value, list) else [value]
        params.setlist(name, [_spelled(one) for one in many if one is not None])
    return params


def _spelled(value: object) -> str:
    if isinstance(value, bool):
        return "1" if value else ""
    return str(value)


class ShoesIn(FilterIn):
    sort: Sort = Sort.NEWEST
    page: int = Field(1, ge=1)
    per_page: int = Field(24, ge=1, le=MAX_PER_PAGE)
    upto: int | None = Field(
        None, ge=0, description="From the first page's answer: keeps later pages stable"
    )


class PhotoOut(Schema):
    id: int
    url: str
    thumbnail: str = Field(description="WebP, longest side 320 px; 160, 640 and 1280 exist too")
    width: int
    height: int


class HitOut(Schema):
    photo: PhotoOut
    score: float


class ShoeOut(Schema):
    """A colorway: one colour version of a model."""

    id: int
    url: str = Field(description="Its page for people")
    brand: str
    brand_slug: str
    model: str
    model_slug: str
    name: str = Field(description="The colour as published")
    style_code: str
    colours: list[str] = Field(description="Slugs, the main one first")
    cover: PhotoOut | None
    price: Price | None
    currency: str
    shop: str = Field(description="Who sells it at that price")
    shops: int
    availability: str
    is_available: bool
    photos: int


class WishOut(ChipOut):
    standing: Literal["yes", "no", "unknown"]


class ResultOut(Schema):
    shoe: ShoeOut
    score: float = Field(description="For comparing within one answer only")
    photo: PhotoOut = Field(description="The photo that answers best")
    others: list[HitOut] = Field(description="Its other photos that were found")
    why: dict[str, float] = Field(description="Shares of the score")
    wishes: list[WishOut] = Field(description="How each chip stands for this shoe")
    closeness: float = Field(
        description="0: the typical photo of the catalog; 1: the very photo with all wishes met"
    )
    alike: int = Field(description="More photos of it that are nearly the same picture")


class CandidateOut(Schema):
    model: str
    model_id: int
    confidence: float = Field(description="That it is this model, from 0 to 1")
    votes: int


class GuessOut(Schema):
    value: str
    confidence: float


class ReportIn(Schema):
    """What a visitor says of the name of their photo."""

    model_config = ConfigDict(extra="forbid")

    photo: str = Field(description="Token of the photo")
    kind: Literal["mine", "wrong"]
    model_id: int | None = Field(None, description="What the shoe is, if the catalog has it")
    said: str = Field("", description="What the shoe is, in words")
    keep_photo: bool = Field(False, description="Consent to keep the photo beyond its time")
    named_by: str = ""


class ReportOut(Schema):
    id: int


class IdentificationOut(Schema):
    known: bool = Field(description="False: probably not in the catalog; these are the closest")
    shoe: bool = Field(description="False: the photo does not look like a shoe")
    turned: int = Field(description="Degrees counter-clockwise that the photo was turned by")
    method: str
    calibrated: bool = Field(
        description="Whether confidences were measured on held-out photos, or are shares of votes"
    )
    brand: GuessOut | None
    height: GuessOut | None
    colours: list[str] = Field(description="Slugs, the main one first")
    candidates: list[CandidateOut]


class SearchOut(Schema):
    query: str = Field(description="The query as the search page's address says it")
    chips: list[ChipOut] = Field(description="What the words were read into, or as corrected")
    free_text: str = Field(description="What was not understood; it counts by its embedding")
    results: list[ResultOut]
    gap_after: int | None = Field(description="Results of this page before likeness drops")
    refine_words: list[str] = Field(description="Words in which the results differ most")
    total: int
    total_exact: bool = Field(description="False: there are more; `total` is a lower bound")
    page: int
    has_next: bool
    next: str | None
    identification: IdentificationOut | None
    notices: list[str]
    timings: dict[str, float] = Field(description="Seconds by stage")


class QueryPhotoOut(Schema):
    token: str
    url: str
    width: int
    height: int
    expires_at: datetime


class CropsOut(Schema):
    """The crops that the search page proposes."""

    crops: list[str] = Field(
        description="Each as `crop` takes it: `x,y,width,height` in fractions of the photo; the "
        "greatest first. Empty where all of the photo is best compared"
    )


class HeatOut(Schema):
    """A grid that is laid over a picture."""

    width: int = Field(description="Of the picture as it is compared, in pixels; its shape counts")
    height: int
    heat: list[list[float]] = Field(
        description="Rows from the top, each from the left: 0 is cold, 1 the warmest place"
    )


class WhereOut(Schema):
    url: str = Field(description="The two pictures with what is warm aglow, for people")
    asked: HeatOut = Field(
        description="Over the photo searched with, cut to `crop`, then turned by the "
        "`turned` of its identification"
    )
    answer: HeatOut = Field(description="Over the photo of the answer, all of it")


class ShoesOut(Schema):
    items: list[ShoeOut]
    total: int
    page: int
    pages: int
    has_next: bool
    next: str | None
    upto: int


class ListingOut(Schema):
    shop: str
    url: str
    title: str
    price: Price | None
    currency: str
    availability: str
    first_seen_at: datetime
    last_seen_at: datetime
    vanished_at: datetime | None


class ShoeDetailOut(Schema):
    shoe: ShoeOut
    photos: list[PhotoOut]
    listings: list[ListingOut]
    others: list[ShoeOut] = Field(description="Other colorways of the model")


class BrandOut(Schema):
    name: str
    slug: str
    url: str
    models: int
    colorways: int


class BrandsOut(Schema):
    items: list[BrandOut]
    total: int


class ModelOut(Schema):
    name: str
    slug: str
    url: str
    colorways: int
    price: Price | None
    cover: PhotoOut | None


class ModelsOut(Schema):
    items: list[ModelOut]
    total: int
    page: int
    pages: int
    has_next: bool
    next: str | None


class ProblemOut(Schema):
    """RFC 9457. ``detail`` is a sentence for people, with the mend where there is one."""

    type: Literal["about:blank"] = "about:blank"
    title: str
    status: int
    detail: str
    reason: Annotated[str | None, Field(description="Of a refused photo, e.g. truncated")] = None
    errors: list[dict[str, Any]] | None = None


def problem_statuses(*statuses: int) -> dict[int, type[ProblemOut]]:
    """For ``response=`` of an operation: what else it may answer."""
    return dict.fromkeys(_sorted(statuses), ProblemOut)


def _sorted(statuses: Iterable[int]) -> list[int]:
    return sorted(set(statuses))
