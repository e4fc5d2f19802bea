"""Addresses of the API."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver, reverse
from django.views.decorators.csrf import csrf_exempt
from ninja import File, NinjaAPI, Status, UploadedFile
from ninja import Query as Params
from ninja.decorators import decorate_view
from ninja.errors import HttpError, Throttled
from pydantic import ValidationError as BodyError

from catalog.filters import CatalogFilter
from catalog.images import photo_open
from catalog.models import ImageStatus, ShoeImage
from catalog.selectors import (
    brand_get,
    brands_list,
    colorway_detail,
    colorway_moved_to,
    colorways_list,
    models_list,
)
from search import Query, identify, search
from search.active import active_encoder
from search.api.problems import method_problems, photo_refused, problem, problems_register
from search.api.schemas import (
    BrandOut,
    BrandsOut,
    CropsOut,
    IdentificationOut,
    ModelOut,
    ModelsOut,
    QueryPhotoOut,
    ReportIn,
    ReportOut,
    SearchBody,
    SearchIn,
    SearchOut,
    ShoeDetailOut,
    ShoesIn,
    ShoesOut,
    WhereOut,
    problem_statuses,
)
from search.api.showing import (
    detail_out,
    identification_out,
    image_urls,
    photo_out,
    search_out,
    shoes_out,
    where_out,
)
from search.encoders.base import enough_pixels
from search.exceptions import QueryError
from search.heat import likeness
from search.models import QueryPhoto
from search.pictures import query_pictures
from search.proposals import crops_proposed
from search.queries import query_photo_create, query_photo_get, upload_limits
from search.query import MAX_ID, MAX_PHOTOS, TOO_MANY_PHOTOS
from search.services import name_report_create
from search.throttling import api_throttle, report_throttle, upload_throttle
from search.uploads import upload_capped, upload_contents

ASKED = problem_statuses(400, 410, 422, 429, 503)
SENT = problem_statuses(400, 410, 413, 415, 422, 429, 503)
FOUND = problem_statuses(400, 404, 410, 422, 429, 503)
READ = problem_statuses(400, 404, 422, 429)

SEARCH_BODY: dict[str, Any] = {
    "requestBody": {
        "content": {
            "application/json": {"schema": SearchBody.model_json_schema()},
            "multipart/form-data": {
                "schema": {
                    "description": "The names of `GET /search`, and photos of the shoe as `file`",
                    "type": "object",
                    "properties": {
                        "file": {
                            "type": "array",
                            "maxItems": MAX_PHOTOS,
                            "items": {"type": "string", "format": "binary"},
                        },
                        "q": {"type": "string"},
                        "weight": {"type": "number"},
                    },
                }
            },
        }
    }
}

api = NinjaAPI(
    title="shoefinder",
    version="1",
    description="Find the shoe in a photo. Errors are problem JSON (RFC 9457); see docs/api.md.",
    urls_namespace="api",
    throttle=[api_throttle],
)
problems_register(api)


@api.get("/search", response={200: SearchOut, **ASKED}, tags=["search"])
def search_get(request: HttpRequest, params: Params[SearchIn]) -> SearchOut:
    """Search by words, by a photo that was sent before, by a catalog photo, or by both."""
    found = search(Query.from_params(request.GET), per_page=params.per_page)
    return search_out(request, found)


@api.post("/search", response={200: SearchOut, **SENT}, tags=["search"], openapi_extra=SEARCH_BODY)
@decorate_view(upload_capped(photo_refused, photos=MAX_PHOTOS))
def search_post(request: HttpRequest) -> SearchOut:
    """The same with photos of the shoe in the request (multipart, a field `file` for each), or with
    a JSON body."""
    try:
        params, per_page = _asked(request)
    except BodyError as error:
        raise _unprocessable(error) from error
    if contents := upload_contents(request, "file"):
        if len(contents) > MAX_PHOTOS:
            raise QueryError(TOO_MANY_PHOTOS)
        params.setlist("photo", [_photo_kept(request, content).token for content in contents])
    return search_out(request, search(Query.from_params(params), per_page=per_page))


def _asked(request: HttpRequest) -> tuple[QueryDict, int]:
    """What a body asks, as an address would say it, and how many results it wants at once."""
    if request.content_type == "application/json":
        body = SearchBody.model_validate_json(request.body)
        return body.to_params(), body.per_page
    if request.content_type in {"multipart/form-data", "application/x-www-form-urlencoded"}:
        params = request.POST.copy()
        wanted = {"per_page": params["per_page"]} if params.get("per_page") else {}
        return params, SearchBody.model_validate(wanted).per_page
    raise HttpError(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "Send multipart/form-data with a photo as `file`, or application/json.",
    )


def _unprocessable(error: BodyError) -> HttpError:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "body"
    malformed = first["type"] == "json_invalid"
    return HttpError(
        HTTPStatus.BAD_REQUEST if malformed else HTTPStatus.UNPROCESSABLE_ENTITY,
        f"{where}: {first['msg']}",
    )


def _photo_kept(request: HttpRequest, content: bytes) -> QueryPhoto:
    _count_upload(request)
    return query_photo_create(content)


def _count_upload(request: HttpRequest) -> None:
    if not upload_throttle.allow_request(request):
        raise Throttled(wait=int(upload_throttle.wait()) + 1)


@api.post("/photos", response={201: QueryPhotoOut, **SENT}, tags=["search"])
@decorate_view(upload_capped(photo_refused))
def photo_create(request: HttpRequest, file: File[UploadedFile]) -> Status[QueryPhotoOut]:
    """Keep a photo for searches. It is stored without metadata and deleted at `expires_at`."""
    kept = _photo_kept(request, file.read())
    out = QueryPhotoOut(
        token=kept.token,
        url=request.build_absolute_uri(reverse("search:photo", args=[kept.token])),
        width=kept.width,
        height=kept.height,
        expires_at=kept.expires_at,
    )
    return Status(HTTPStatus.CREATED, out)


@api.get("/photos/{token}/crops", response={200: CropsOut, **ASKED}, tags=["search"])
def photo_crops(request: HttpRequest, token: str) -> CropsOut:
    """Where the shoes in a kept photo are. Send one of them as `crop` of a search."""
    return CropsOut(crops=[str(crop) for crop in crops_proposed(photo=query_photo_get(token))])


@api.get("/where/{int:image_id}", response={200: WhereOut, **FOUND}, tags=["search"])
def where(request: HttpRequest, image_id: int, params: Params[SearchIn]) -> WhereOut:
    """Where a photo of an answer and the photo that was searched with resemble each other, as a
    grid of warmth over each. Takes the search as `GET /search` does; its photo counts, its crop,
    and without a photo the first of `like`."""
    query = Query.from_params(request.GET)
    _photo_there(image_id)
    return where_out(request, query, image_id, likeness(query, image_id))


@api.get("/identify", response={200: IdentificationOut, **FOUND}, tags=["search"])
def identify_get(
    request: HttpRequest, photo: str = "", image: int | None = None, named_by: str = ""
) -> IdentificationOut | None:
    """Which model is it? `photo` is the token of a photo, `image` the id of a catalog photo."""
    query = Query(photo=photo, image_id=image, method=named_by)
    if not query.has_photo:
        raise QueryError("Name a photo by its token, or a catalog photo by its id.")
    if image is not None:
        _photo_there(image)
    own = () if image is None else (image,)
    pictures = query_pictures(query, at_least=enough_pixels(active_encoder()))
    return identification_out(identify(pictures[0], method=named_by, leaving_out=own))


def _photo_there(image_id: int) -> None:
    accepted = ShoeImage.objects.filter(status=ImageStatus.ACCEPTED)
    if image_id > MAX_ID or not accepted.filter(pk=image_id).exists():
        raise Http404


@api.post("/identify", response={200: IdentificationOut, **SENT}, tags=["search"])
@decorate_view(upload_capped(photo_refused))
def identify_post(request: HttpRequest, file: File[UploadedFile]) -> IdentificationOut | None:
    """Which model does this photo show? The photo is not kept."""
    _count_upload(request)
    return identification_out(identify(photo_open(file.read(), limits=upload_limits()).image))


@api.post("/reports", response={201: ReportOut, **ASKED}, tags=["search"])
def report_create(request: HttpRequest, body: ReportIn) -> Status[ReportOut]:
    """Say that a photo shows your shoe, or that its name is wrong. The photo is kept beyond its
    time only with `keep_photo`."""
    if not report_throttle.allow_request(request):
        raise Throttled(wait=int(report_throttle.wait()) + 1)
    report = name_report_create(
        photo=body.photo,
        kind=body.kind,
        model_id=body.model_id,
        said=body.said,
        keep_photo=body.keep_photo,
        method=body.named_by,
    )
    return Status(HTTPStatus.CREATED, ReportOut(id=report.pk))


@api.get("/shoes", response={200: ShoesOut, **READ}, tags=["catalog"])
def shoes(request: HttpRequest, params: Params[ShoesIn]) -> ShoesOut:
    """Colorways, filtered and sorted. Follow `next`: it keeps pages stable while shops are read."""
    found = colorways_list(
        filters=CatalogFilter.from_query(request.GET),
        sort=params.sort,
        page=params.page,
        per_page=params.per_page,
        upto=params.upto,
    )
    return ShoesOut(
        items=shoes_out(request, found.cards),
        total=found.total,
        page=found.page,
        pages=found.pages,
        has_next=found.has_next,
        next=_page_after(request, found.page, found.pages, upto=found.upto),
        upto=found.upto,
    )


@api.get("/shoes/{int:shoe_id}", response={200: ShoeDetailOut, **READ}, tags=["catalog"])
def shoe(request: HttpRequest, shoe_id: int) -> ShoeDetailOut | HttpResponse:
    """A colorway with its photos, its listings in shops and the model's other colorways."""
    detail = colorway_detail(colorway_id=shoe_id) if shoe_id <= MAX_ID else None
    if detail is not None:
        return detail_out(request, detail)
    moved = colorway_moved_to(colorway_id=shoe_id) if shoe_id <= MAX_ID else None
    if moved is None:
        raise Http404
    return redirect("api:shoe", shoe_id=moved, permanent=True)


@api.get("/brands", response={200: BrandsOut, **READ}, tags=["catalog"])
def brands(request: HttpRequest) -> BrandsOut:
    """Brands that have shoes, by name."""
    items = [
        BrandOut(
            name=entry.name,
            slug=_last_part(entry.url),
            url=request.build_absolute_uri(entry.url),
            models=entry.models,
            colorways=entry.colorways,
        )
        for entry in brands_list()
    ]
    return BrandsOut(items=items, total=len(items))


@api.get("/models", response={200: ModelsOut, **READ}, tags=["catalog"])
def models(request: HttpRequest, brand: str, page: int = 1) -> ModelsOut:
    """A brand's models, by name; `brand` is its slug."""
    owner = brand_get(slug=brand) if "\0" not in brand else None
    if owner is None:
        raise Http404
    if page < 1:
        raise QueryError("There is no such page; the first one is page 1.")
    found = models_list(brand=owner, page=min(page, MAX_ID // 1000))
    photos = image_urls(entry.cover.id for entry in found.entries if entry.cover)
    items = [
        ModelOut(
            name=entry.name,
            slug=_last_part(entry.url),
            url=request.build_absolute_uri(entry.url),
            colorways=entry.colorways,
            price=entry.price,
            cover=photo_out(request, *photos[entry.cover.id])
            if entry.cover and entry.cover.id in photos
            else None,
        )
        for entry in found.entries
    ]
    return ModelsOut(
        items=items,
        total=found.total,
        page=found.page,
        pages=found.pages,
        has_next=found.page < found.pages,
        next=_page_after(request, found.page, found.pages),
    )


def _last_part(url: str) -> str:
    return url.rstrip("/").rpartition("/")[2]


def _page_after(
    request: HttpRequest, page: int, pages: int, *, upto: int | None = None
) -> str | None:
    if page >= pages:
        return None
    params = request.GET.copy()
    params["page"] = str(page + 1)
    if upto is not None:
        params["upto"] = str(upto)
    return request.build_absolute_uri(f"{request.path}?{params.urlencode()}")


@csrf_exempt
def nothing_here(request: HttpRequest, rest: str) -> HttpResponse:
    """For addresses below the API's own, so that programs never get a page for people."""
    return problem(HTTPStatus.NOT_FOUND, "There is nothing at this address; see /api/v1/docs.")


def api_urls() -> tuple[list[URLResolver | URLPattern], str, str]:
    """What `include` takes: ninja's own addresses, each of which answers errors as problems."""
    patterns, app_name, namespace = api.urls
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            pattern.callback = method_problems(pattern.callback)
    return patterns, app_name, namespace
