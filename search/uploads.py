"""A visitor's file before anything has read it: how large it may be, and which answer it gets."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from catalog.exceptions import PhotoRejected
from catalog.types import PhotoRejection

P = ParamSpec("P")

OVERHEAD = 64 * 1024
"""What a form may say beside the photo."""
DRAIN_FACTOR = 4
CHUNK = 256 * 1024

STATUS = {
    PhotoRejection.EMPTY: HTTPStatus.BAD_REQUEST,
    PhotoRejection.TOO_MANY_BYTES: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    PhotoRejection.TOO_MANY_PIXELS: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    PhotoRejection.NOT_AN_IMAGE: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    PhotoRejection.UNSUPPORTED_FORMAT: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
}


def rejection_status(error: PhotoRejected) -> HTTPStatus:
    """413 too large, 415 no photo of ours, 400 empty, 422 all others (damaged, too small)."""
    return STATUS.get(error.reason, HTTPStatus.UNPROCESSABLE_ENTITY)


def upload_too_large(length: int) -> PhotoRejected:
    megabyte = 1024 * 1024
    return PhotoRejected(
        PhotoRejection.TOO_MANY_BYTES,
        f"The file has {length / megabyte:.1f} MB; at most "
        f"{settings.SHOEFINDER_UPLOAD_MAX_BYTES / megabyte:.0f} MB are taken. "
        "Save it smaller and try again.",
    )


def upload_capped(
    refuse: Callable[[HttpRequest, PhotoRejected], HttpResponseBase], *, photos: int = 1
) -> Callable[
    [Callable[Concatenate[HttpRequest, P], HttpResponseBase]],
    Callable[Concatenate[HttpRequest, P], HttpResponseBase],
]:
    """Answer with ``refuse`` when the body states more bytes than so many ``photos`` may have.

    It must be the outermost decorator: whoever reads ``request.POST`` (the CSRF check does) has
    already taken the whole body in. Without a stated length WSGI gives no body, so nothing gets
    by. The rest of the body is read and thrown away, within reason: a server that hangs up on a
    browser that still sends leaves it with a connection error in place of the answer.
    """

    def decorate(
        view: Callable[Concatenate[HttpRequest, P], HttpResponseBase],
    ) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
        @wraps(view)
        def capped(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            length = int(request.META.get("CONTENT_LENGTH") or 0)
            limit = photos * settings.SHOEFINDER_UPLOAD_MAX_BYTES + OVERHEAD
            if length <= limit:
                return view(request, *args, **kwargs)
            _drain(request, min(length, limit * DRAIN_FACTOR))
            return refuse(request, upload_too_large(length))

        return capped

    return decorate


def _drain(request: HttpRequest, length: int) -> None:
    while length > 0 and (chunk := request.read(min(CHUNK, length))):
        length -= len(chunk)


def upload_contents(request: HttpRequest, name: str) -> list[bytes]:
    """The bytes of the files sent under ``name``, in their order; empty when none was chosen.

    Several inputs may share the name (file and camera), and a form sends all of them.
    """
    files = [file for file in request.FILES.getlist(name) if isinstance(file, UploadedFile)]
    return [file.read() for file in files]
