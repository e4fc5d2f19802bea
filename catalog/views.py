"""Pages of the catalog: an address becomes a question to a selector, its answer a page."""

from __future__ import annotations

from http import HTTPStatus
from itertools import groupby

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from catalog import selectors
from catalog.contexts import (
    browse_address,
    browse_context,
    colorway_context,
    list_address,
    pager,
)
from catalog.exceptions import FilterError
from catalog.filters import CatalogFilter
from catalog.selectors import Sort

MAX_NUMBER = 2**63 - 1
"""What a database takes as an id."""


@require_safe
def browse(request: HttpRequest) -> HttpResponse:
    """All colorways, narrowed down by filters. htmx gets the part below the heading."""
    told, page = "", None
    filters, sort = CatalogFilter(), Sort.NEWEST
    try:
        filters = CatalogFilter.from_query(request.GET)
        sort = _sort(request)
        page = selectors.colorways_list(
            filters=filters, sort=sort, page=_number(request, "page") or 1, upto=_upto(request)
        )
    except FilterError as error:
        told = str(error)
    status = HTTPStatus.BAD_REQUEST if told else HTTPStatus.OK
    if page is not None and page.page > page.pages:
        status = HTTPStatus.NOT_FOUND
        told = f"There is no page {page.page}: the list ends with page {page.pages}."
    context = browse_context(filters=filters, sort=sort, page=None if told else page, told=told)
    swap = request.headers.get("HX-Target") == "browse"
    response = render(
        request, "catalog/_browse.html" if swap else "catalog/browse.html", context, status=status
    )
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    if told:
        response["X-Told"] = "1"
    elif swap and page is not None:
        # Without the empty fields that a form sends.
        upto = page.upto if page.page > 1 else None
        response["HX-Push-Url"] = browse_address(filters, sort, page=page.page, upto=upto)
    return response


@require_safe
def colorway(request: HttpRequest, colorway_id: int) -> HttpResponse:
    if colorway_id > MAX_NUMBER:
        raise Http404
    detail = selectors.colorway_detail(colorway_id=colorway_id)
    if detail is None:
        moved_to = selectors.colorway_moved_to(colorway_id=colorway_id)
        if moved_to is None:
            raise Http404
        return redirect("catalog:colorway", moved_to)
    return render(request, "catalog/colorway.html", colorway_context(detail))


@require_safe
def brands(request: HttpRequest) -> HttpResponse:
    entries = selectors.brands_list()
    letters = [
        (letter, list(group))
        for letter, group in groupby(entries, lambda entry: _letter(entry.name))
    ]
    return render(request, "catalog/brands.html", {"letters": letters, "total": len(entries)})


@require_safe
def brand(request: HttpRequest, slug: str) -> HttpResponse:
    found = selectors.brand_get(slug=slug)
    if found is None:
        raise Http404
    page = selectors.models_list(brand=found, page=_page_or_404(request))
    if page.page > page.pages:
        raise Http404
    context = {
        "brand": found,
        "aliases": [alias.name for alias in found.aliases.all()],
        "page": page,
        "pager": pager(page.page, page.pages, lambda n: list_address(request.path, page=n)),
        "browse": browse_address(CatalogFilter(brands=(found.slug,))),
        "currency": settings.SHOEFINDER_CURRENCY,
    }
    return render(request, "catalog/brand.html", context)


@require_safe
def model(request: HttpRequest, brand_slug: str, slug: str) -> HttpResponse:
    found = selectors.model_get(brand_slug=brand_slug, slug=slug)
    if found is None:
        raise Http404
    if found.merged_into is not None:
        return redirect(found.merged_into)
    path = f"{found.brand.slug}/{found.slug}"
    try:
        page = selectors.colorways_list(
            filters=CatalogFilter(models=(path,)),
            page=_page_or_404(request),
            upto=_upto(request),
        )
    except FilterError as error:
        raise Http404 from error
    if page.page > page.pages:
        raise Http404
    context = {
        "model": found,
        "aliases": sorted({alias.name for alias in found.aliases.all()} - {found.name}),
        "page": page,
        "pager": pager(
            page.page,
            page.pages,
            lambda n: list_address(request.path, page=n, upto=page.upto),
        ),
        "browse": browse_address(CatalogFilter(models=(path,))),
    }
    return render(request, "catalog/model.html", context)


def _sort(request: HttpRequest) -> Sort:
    text = request.GET.get("sort") or Sort.NEWEST
    try:
        return Sort(text)
    except ValueError as error:
        raise FilterError("The shoes cannot be sorted in this way.") from error


def _upto(request: HttpRequest) -> int | None:
    return _number(request, "upto")


def _number(request: HttpRequest, name: str) -> int | None:
    """A whole number above 0 from the address, or None where it is not given."""
    text = request.GET.get(name) or ""
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and 0 < int(text[:20]) <= MAX_NUMBER):
        raise FilterError(f"The address asks for a {name} that is not a number.")
    return int(text)


def _page_or_404(request: HttpRequest) -> int:
    try:
        return _number(request, "page") or 1
    except FilterError as error:
        raise Http404 from error


def _letter(name: str) -> str:
    first = name[:1].upper()
    return first if first.isalpha() else "#"
