"""Pages of the catalog."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse


def browse(request: HttpRequest) -> HttpResponse:
    raise NotImplementedError


def colorway(request: HttpRequest, colorway_id: int) -> HttpResponse:
    raise NotImplementedError


def brands(request: HttpRequest) -> HttpResponse:
    raise NotImplementedError


def brand(request: HttpRequest, slug: str) -> HttpResponse:
    raise NotImplementedError


def model(request: HttpRequest, brand_slug: str, slug: str) -> HttpResponse:
    raise NotImplementedError
