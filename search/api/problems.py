"""Every error of the API as problem JSON (RFC 9457): the right status, a sentence, no traceback."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation, TooManyFilesSent
from django.http import Http404, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from ninja import NinjaAPI
from ninja.errors import HttpError, Throttled, ValidationError

from catalog.exceptions import FilterError, PhotoRejected
from search.exceptions import IndexUnavailable, QueryError, QueryPhotoExpired, SearchError
from search.uploads import rejection_status

log = logging.getLogger(__name__)

RETRY_AFTER = 30


def problem(status: int, detail: str, **more: Any) -> HttpResponse:
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        **more,
    }
    return HttpResponse(json.dumps(body), status=status, content_type="application/problem+json")


def photo_refused(request: HttpRequest, error: PhotoRejected) -> HttpResponse:
    return problem(rejection_status(error), error.message, reason=error.reason.value)


def _query_refused(request: HttpRequest, error: Exception) -> HttpResponse:
    return problem(HTTPStatus.BAD_REQUEST, str(error))


def _photo_expired(request: HttpRequest, error: QueryPhotoExpired) -> HttpResponse:
    return problem(HTTPStatus.GONE, str(error))


def _search_unavailable(request: HttpRequest, error: SearchError) -> HttpResponse:
    log.error("search_unavailable", exc_info=error)
    detail = (
        "The index of photos is being prepared."
        if isinstance(error, IndexUnavailable)
        else "Search cannot answer at the moment; those who run this site must mend it."
    )
    response = problem(HTTPStatus.SERVICE_UNAVAILABLE, detail)
    response["Retry-After"] = str(RETRY_AFTER)
    return response


def _throttled(request: HttpRequest, error: Throttled) -> HttpResponse:
    wait = math.ceil(error.wait or 1)
    response = problem(
        HTTPStatus.TOO_MANY_REQUESTS, f"Too many requests. Try again in {wait} seconds."
    )
    response["Retry-After"] = str(wait)
    return response


def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    errors = [
        {"where": [str(part) for part in found.get("loc", ())], "message": found.get("msg", "")}
        for found in error.errors
    ]
    first = errors[0] if errors else {"where": ["request"], "message": "is not valid"}
    return problem(
        HTTPStatus.UNPROCESSABLE_ENTITY, f"{first['where'][-1]}: {first['message']}", errors=errors
    )


def _http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    return problem(error.status_code, str(error))


def _not_found(request: HttpRequest, error: Http404) -> HttpResponse:
    return problem(HTTPStatus.NOT_FOUND, "There is nothing at this address.")


def _too_big(request: HttpRequest, error: Exception) -> HttpResponse:
    return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The request has more than is taken.")


def _malformed(request: HttpRequest, error: Exception) -> HttpResponse:
    return problem(HTTPStatus.BAD_REQUEST, "The body of the request cannot be read.")


def _unexpected(request: HttpRequest, error: Exception) -> HttpResponse:
    log.error("api_failed", exc_info=error)
    return problem(
        HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong on our side. It was written down."
    )


HANDLERS: dict[type[Exception], Any] = {
    PhotoRejected: photo_refused,
    FilterError: _query_refused,
    QueryPhotoExpired: _photo_expired,
    QueryError: _query_refused,
    SearchError: _search_unavailable,
    Throttled: _throttled,
    ValidationError: _invalid,
    HttpError: _http_error,
    Http404: _not_found,
    RequestDataTooBig: _too_big,
    TooManyFilesSent: _too_big,
    MultiPartParserError: _malformed,
    SuspiciousOperation: _malformed,
    Exception: _unexpected,
}


def problems_register(api: NinjaAPI) -> None:
    """Make ``api`` answer every error by the nearest handler of its class."""
    for error, handler in HANDLERS.items():
        api.add_exception_handler(error, handler)


def method_problems(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """The view, with ninja's plain text for a method that it does not know as a problem too."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        if response.status_code != HTTPStatus.METHOD_NOT_ALLOWED:
            return response
        allowed = ", ".join(sorted(response["Allow"].split(", ")))
        told = problem(response.status_code, f"This address takes {allowed} only.")
        told["Allow"] = allowed
        return told

    return answer
