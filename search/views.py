"""The search page. Without JavaScript it is a form and links; htmx swaps its inside."""

from __future__ import annotations

import logging
import math
from base64 import b64encode
from http import HTTPStatus
from io import BytesIO
from urllib.parse import urlencode

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from PIL import Image

from catalog.exceptions import PhotoRejected
from catalog.models import ImageStatus, ShoeImage
from search import Query, SearchPage, search
from search.chips import PLACE, chips_applied, chips_for_words
from search.contexts import ShownResult, Told, address, page_context, shown_results
from search.crop_editor import crop_applied
from search.exceptions import IndexUnavailable, QueryError, QueryPhotoExpired, SearchError
from search.heat import likeness
from search.models import QueryPhoto
from search.proposals import crops_proposed
from search.queries import query_photo_create, query_photo_get, query_photos_kept
from search.query import MAX_ID, MAX_PHOTOS, TOO_MANY_PHOTOS
from search.services import name_report_create
from search.throttling import report_throttle, upload_throttle
from search.uploads import rejection_status, upload_capped, upload_contents

log = logging.getLogger(__name__)

PER_PAGE = 24
SIMILAR = 12
RETRY_AFTER = 30
KEPT_WORDS = 300
THANKS = "Someone will look at it, and it makes names better."
KEPT_VALUES = 24
FILE, MORE = "file", "more"
"""Names of the form's file inputs: for the shoe, and for further photos of it."""
OF_THE_PHOTO = ("crop", "like", "unlike")
"""What an address says that a new photo makes void."""


def _refuse_upload(request: HttpRequest, error: PhotoRejected) -> HttpResponse:
    told = Told(error.message, rejection_status(error), title="This photo cannot be used")
    # The body was not read: what was asked beside the photo is known from the address only.
    return _answer(request, _lenient(request.GET), told=told)


@csrf_exempt  # the cap comes first, and the check is made by csrf_protect below
@upload_capped(_refuse_upload, photos=MAX_PHOTOS)
@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponseBase:
    """Show a query; a POST is turned into one, and sent to its address."""
    return _submit(request) if request.method == "POST" else _show(request)


def _submit(request: HttpRequest) -> HttpResponse:
    params = request.POST.copy()
    replacing, adding = upload_contents(request, FILE), upload_contents(request, MORE)
    try:
        kept = [] if replacing else [token for token in params.getlist("photo") if token]
        if len(kept) + len(replacing) + len(adding) > MAX_PHOTOS:
            raise QueryError(TOO_MANY_PHOTOS)
        sent: list[QueryPhoto] = []
        for content in (*replacing, *adding):
            if not upload_throttle.allow_request(request):
                return _answer(request, _lenient(params), told=_too_many_uploads())
            sent.append(query_photo_create(content))
        kept += [photo.token for photo in sent]
        crop_applied(params)
        if replacing or adding:
            params.setlist("photo", kept)
            params["image"] = ""
        if replacing:  # another shoe: what was said of answers to the last one is over
            for name in OF_THE_PHOTO:
                params.setlist(name, [])
            for crop in crops_proposed(photo=sent[0])[:1]:
                params["crop"] = str(crop)
        params["page"] = ""
        chips_for_words(params)
        query = Query.from_params(params)
    except PhotoRejected as error:
        told = Told(error.message, rejection_status(error), title="This photo cannot be used")
        return _answer(request, _lenient(params), told=told)
    except QueryError as error:
        return _answer(request, _lenient(params), told=Told(str(error), HTTPStatus.BAD_REQUEST))
    if query.is_empty and query.filters.is_empty:
        told = Told(
            "Choose a photo, or describe the shoe in a few words.",
            HTTPStatus.BAD_REQUEST,
            title="There is nothing to search for yet",
        )
        return _answer(request, query, told=told)
    response = redirect(address(query))
    response.status_code = HTTPStatus.SEE_OTHER
    return response


def _too_many_uploads() -> Told:
    wait = math.ceil(upload_throttle.wait())
    return Told(
        f"Too many photos came from your address. Try again in {wait} seconds.",
        HTTPStatus.TOO_MANY_REQUESTS,
        retry_after=wait,
    )


def _show(request: HttpRequest) -> HttpResponse:
    try:
        if PLACE in request.GET:
            return redirect(address(chips_applied(request.GET)))
        query = Query.from_params(request.GET)
    except QueryError as error:
        rest = _lenient(request.GET)
        told = Told(
            str(error),
            HTTPStatus.BAD_REQUEST,
            action="Start a new search" if rest.is_empty else "Go on without it",
            href=request.path if rest.is_empty else address(rest),
        )
        return _answer(request, rest, _found_still(request, rest), told)
    if query.is_empty:
        return _answer(request, query)
    try:
        found = search(query, per_page=PER_PAGE)
    except SearchError as error:
        return _answer(request, query, told=_told(error, query))
    return _answer(request, query, found)


def _found_still(request: HttpRequest, rest: Query) -> SearchPage | None:
    """What was found before a chip was changed in a way that cannot be meant."""
    if PLACE not in request.GET or rest.is_empty:
        return None
    try:
        return search(rest, per_page=PER_PAGE)
    except SearchError:
        return None


def _told(error: SearchError, query: Query) -> Told:
    """What the visitor hears; what the operator must mend goes to the log."""
    if isinstance(error, QueryPhotoExpired):
        rest = query.with_photos([photo.token for photo in query_photos_kept(query.photos)])
        return Told(
            str(error),
            HTTPStatus.GONE,
            title="The photo of this link has expired",
            action="" if rest.is_empty else "Search without the photo",
            href="" if rest.is_empty else address(rest),
        )
    if isinstance(error, QueryError):
        return Told(str(error), HTTPStatus.BAD_REQUEST)
    log.error("search_unavailable", exc_info=error)
    preparing = isinstance(error, IndexUnavailable)
    return Told(
        "The index of photos is being prepared. This page can be loaded again in a moment."
        if preparing
        else "Search cannot answer at the moment; those who run this site must mend it.",
        HTTPStatus.SERVICE_UNAVAILABLE,
        title="Search is not ready yet" if preparing else "Search is out of order",
        retry_after=RETRY_AFTER,
        action="Try again",
        href=address(query),
    )


def _lenient(params: QueryDict) -> Query:
    """As much of a refused query as still makes sense, so that nobody has to write it again."""
    kept = QueryDict(mutable=True)
    kept["q"] = (params.get("q") or "")[:KEPT_WORDS]
    for name in ("photo", "image", "crop", "like", "unlike", "weight", "chip", "text", "either"):
        trial = kept.copy()
        trial.setlist(name, params.getlist(name)[:KEPT_VALUES])
        try:
            Query.from_params(trial)
        except QueryError:
            continue
        kept = trial
    return Query.from_params(kept)


def _answer(
    request: HttpRequest,
    query: Query,
    found: SearchPage | None = None,
    told: Told | None = None,
) -> HttpResponse:
    htmx = request.headers.get("HX-Request") == "true"
    target = request.headers.get("HX-Target")
    template = "search/page.html"
    if htmx and not request.headers.get("HX-History-Restore-Request"):
        template = "search/_more.html" if target == "more" and found else "search/_swap.html"
    response = render(
        request,
        template,
        page_context(query, found, told),
        status=told.status if told else HTTPStatus.OK,
    )
    # One address has two forms, and neither may stand in for the other in a cache.
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    patch_cache_control(response, private=True, max_age=0)
    if query.photo or (told and told.status == HTTPStatus.GONE):
        response["X-Robots-Tag"] = "noindex"
    if told:
        response["X-Told"] = "1"
        if told.retry_after:
            response["Retry-After"] = str(told.retry_after)
    elif htmx and template == "search/_swap.html":
        response["HX-Push-Url"] = address(query)
    return response


@require_POST
def report(request: HttpRequest) -> HttpResponse:
    """What a visitor says of the name of their photo."""
    title, message, status = "Thank you", THANKS, HTTPStatus.OK
    try:
        if not report_throttle.allow_request(request):
            raise QueryError("Too many reports came from your address. Try again in a minute.")
        name_report_create(
            photo=request.POST.get("photo") or "",
            kind=request.POST.get("kind") or "",
            model_id=_model_id(request.POST.get("model") or ""),
            said=request.POST.get("said") or "",
            keep_photo=request.POST.get("keep") == "1",
            method=request.POST.get("named_by") or "",
        )
    except SearchError as error:
        told = _told(error, Query())
        title, message, status = told.title, told.message, HTTPStatus(told.status)
    if request.headers.get("HX-Request") == "true":
        context = {"message": message, "good": status == HTTPStatus.OK}
        # A refusal is an answer too: htmx swaps only what succeeded, unless it is told.
        response = render(request, "search/_reported.html", context, status=status)
        response["X-Told"] = "1"
        return response
    token = request.POST.get("photo") or ""
    back = f"{reverse('search:page')}?{urlencode({'photo': token})}" if token else "/"
    return render(
        request,
        "search/reported.html",
        {"title": title, "message": message, "back": back},
        status=status,
    )


def _model_id(text: str) -> int | None:
    """A number as the form gives it; -1, which is no model, for what nobody's form sends."""
    if not text:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 19 else -1


@require_safe
def similar(request: HttpRequest, image_id: int) -> HttpResponse:
    """A strip of shoes that look like a catalog photo, for a colorway's page."""
    image = ShoeImage.objects.filter(pk=image_id, status=ImageStatus.ACCEPTED).first()
    if image is None:
        raise Http404
    query = Query(image_id=image_id)
    if request.headers.get("HX-Request") != "true":
        return redirect(address(query))
    told: Told | None = None
    results: tuple[ShownResult, ...] = ()
    try:
        found = search(query, per_page=SIMILAR + 1)
        others = [r for r in found.results if r.card.id != image.colorway_id][:SIMILAR]
        results = shown_results(query, others)
    except SearchError as error:
        told = _told(error, query)
    response = render(
        request, "search/_similar.html",
        {"results": results, "told": told, "address": address(query)},
        status=told.status if told else HTTPStatus.OK,
    )  # fmt: skip
    patch_vary_headers(response, ["HX-Request"])
    if told:
        response["X-Told"] = "1"
    return response


@require_safe
def where(request: HttpRequest, image_id: int) -> HttpResponse:
    """Two pictures: where a photo of the catalog resembles the one that is searched with."""
    told: Told | None = None
    pictures: tuple[str, ...] = ()
    query = _lenient(request.GET)
    if image_id > MAX_ID:
        raise Http404
    try:
        query = Query.from_params(request.GET)
        found = likeness(query, image_id)
        pictures = (_inline(found.asked), _inline(found.answer))
    except SearchError as error:
        told = _told(error, query)
    htmx = request.headers.get("HX-Request") == "true"
    response = render(
        request,
        "search/_where.html" if htmx else "search/where.html",
        {"pictures": pictures, "told": told, "back": address(query)},
        status=told.status if told else HTTPStatus.OK,
    )
    patch_vary_headers(response, ["HX-Request"])
    patch_cache_control(response, private=True, max_age=600)
    response["X-Robots-Tag"] = "noindex"
    if told:
        response["X-Told"] = "1"
    return response


def _inline(picture: Image.Image) -> str:
    """As an address that holds the picture itself: both are drawn at once, and kept nowhere."""
    drawn = BytesIO()
    picture.save(drawn, "JPEG", quality=82)
    return f"data:image/jpeg;base64,{b64encode(drawn.getvalue()).decode()}"


@require_safe
def photo(request: HttpRequest, token: str) -> HttpResponseBase:
    """A visitor's photo, for the page that searches with it, until it expires."""
    try:
        kept: QueryPhoto = query_photo_get(token)
        response = FileResponse(kept.file.open("rb"), content_type="image/jpeg")
    except QueryPhotoExpired as error:
        return HttpResponse(str(error), status=HTTPStatus.GONE, content_type="text/plain")
    except FileNotFoundError as error:
        raise Http404 from error
    patch_cache_control(response, private=True, max_age=3600)
    response["X-Robots-Tag"] = "noindex"
    return response
