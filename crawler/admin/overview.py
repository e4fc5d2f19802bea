"""Pages of the admin over all sources: the dashboard, alarms, and what alarms are about."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse

from crawler.models import CrawlRun, CrawlSource, SourceAlarm
from crawler.selectors import growth_plots, real_runs, sources_health, storage_now
from crawler.services import disk_shortage, source_alarm_close
from crawler.types import BAD_PAGE, GOOD_PAGE

if TYPE_CHECKING:
    SourceAdminBase = admin.ModelAdmin[CrawlSource]
else:
    SourceAdminBase = admin.ModelAdmin

DAYS = (30, 90, 365)
SHOWN_CHARACTERS = 100_000


class OverviewViews(SourceAdminBase):
    """Views that the admin of sources adds to its own."""

    def dashboard_view(self, request: HttpRequest) -> HttpResponse:
        """How all sources do, and how the catalog grew."""
        self._require_view(request)
        asked = request.GET.get("days", "")
        days = int(asked) if asked.isdecimal() and int(asked) in DAYS else DAYS[0]
        sources = sources_health()
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "How the sources do",
            "sources": sources,
            "needy": sum(one.state in {"bad", "warning"} for one in sources),
            "alarms": SourceAlarm.objects.filter(closed_at=None).select_related("source", "run"),
            "running": real_runs().filter(status__in=CrawlRun.ACTIVE).count(),
            "storage": storage_now(),
            "shortage": disk_shortage(),
            "plots": growth_plots(days=days),
            "days": days,
            "choices": DAYS,
            "may_act": self.has_change_permission(request),
        }
        return TemplateResponse(request, "admin/crawler/dashboard.html", context)

    def pages_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The last good page and the first bad one, as text: a shop's markup never runs here."""
        self._require_view(request)
        source = get_object_or_404(CrawlSource, pk=pk)
        folder = source.samples_path
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": source,
            "title": f"Pages kept of “{source}”",
            "kept": [
                ("The last good page", _page(folder / GOOD_PAGE)),
                ("The first bad page", _page(folder / BAD_PAGE)),
            ],
        }
        return TemplateResponse(request, "admin/crawler/pages.html", context)

    def close_alarm_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not self.has_change_permission(request):
            raise PermissionDenied
        alarm = get_object_or_404(SourceAlarm, pk=pk)
        source_alarm_close(alarm=alarm)
        messages.success(request, "The alarm is closed; the next run that drifts raises it again.")
        return HttpResponseRedirect(reverse("admin:crawler_crawlsource_dashboard"))

    def _require_view(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied


def _page(path: Path) -> dict[str, Any] | None:
    """A kept page; None where there is none, or where it cannot be read."""
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            told: dict[str, Any] = json.load(file)
    except (OSError, EOFError, ValueError):
        return None
    told["text"] = told["text"][:SHOWN_CHARACTERS]
    return told
