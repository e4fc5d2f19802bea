"""A page of the admin: how an image search stands, model by model."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode

from catalog.exceptions import ImportRefused
from crawler.admin.overview import OverviewViews
from crawler.exceptions import SourceInvalid
from crawler.kinds.builtin import ImageSearchParams
from crawler.models import CrawlSource
from crawler.selectors.searches import COLUMNS, STATES, ModelSearch, model_searches

PER_PAGE = 50
HEADINGS = {
    "model": "Model", "wanted": "Wanted", "found": "Found", "kept": "Kept",
    "rejected": "Rejected", "asked": "Questions done", "left": "Left", "state": "State",
}  # fmt: skip


class SearchViews(OverviewViews):
    """The view that the admin of sources adds for image searches."""

    def models_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Sorted by ``sort`` (a column, - in front for the largest first), those of ``state``."""
        self._require_view(request)
        source = get_object_or_404(CrawlSource, pk=pk)
        if not searches_models(source):
            raise Http404
        try:
            rows = model_searches(source)
        except (SourceInvalid, ImportRefused) as error:
            messages.error(request, str(error))
            rows = []
        counts = {state: sum(row.state == state for row in rows) for state in STATES}
        state, sort = request.GET.get("state", ""), request.GET.get("sort", "")
        chosen = [row for row in rows if row.state == state] if state in STATES else rows
        page = Paginator(_sorted(chosen, sort), PER_PAGE).get_page(request.GET.get("page"))
        kept = {"state": state} if state in STATES else {}
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": source,
            "title": f"Models of “{source}”",
            "page": page,
            "columns": [_heading(name, sort, kept) for name in HEADINGS],
            "states": [(one, STATES[one], counts[one]) for one in STATES if counts[one]],
            "state": state,
            "all": len(rows),
            "found": sum(row.found for row in rows),
            "kept": sum(row.kept for row in rows),
            "wanted": sum(row.wanted for row in rows),
            "more": urlencode({**kept, **({"sort": sort} if sort else {})}),
            "latest": source.runs.filter(is_dry_run=False).order_by("-id").first(),
        }
        return TemplateResponse(request, "admin/crawler/models.html", context)


def models_url(source: CrawlSource) -> str:
    """The page of an image search's models; "" for sources of other kinds."""
    if not searches_models(source):
        return ""
    return reverse("admin:crawler_crawlsource_models", args=[source.pk])


def searches_models(source: CrawlSource) -> bool:
    try:
        return source.kind.params is ImageSearchParams
    except SourceInvalid:
        return False


def _sorted(rows: list[ModelSearch], sort: str) -> list[ModelSearch]:
    column = sort.removeprefix("-")
    if column not in COLUMNS:
        return rows
    return sorted(rows, key=COLUMNS[column], reverse=sort.startswith("-"))


def _heading(name: str, sort: str, kept: dict[str, str]) -> dict[str, Any]:
    """A column's head: what it says, where it leads, and how it is sorted now."""
    turned = {name: f"-{name}", f"-{name}": ""}.get(sort, name)
    ways = {name: "ascending", f"-{name}": "descending"}
    query = {**kept, **({"sort": turned} if turned else {})}
    return {"label": HEADINGS[name], "query": urlencode(query), "way": ways.get(sort, "")}
