"""Runs in the admin: a list, and a page that shows a run live and cancels or resumes it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from crawler.admin.letters import letters_url
from crawler.admin.searches import models_url
from crawler.exceptions import CrawlerError
from crawler.models import CrawlRun
from crawler.selectors import letters_count, run_log_tail
from crawler.services import crawl_run_cancel, crawl_run_delete, crawl_run_resume
from crawler.types import PREVIEW_ITEMS
from crawler.views import report_path

if TYPE_CHECKING:
    RunAdminBase = admin.ModelAdmin[CrawlRun]
else:
    RunAdminBase = admin.ModelAdmin


@admin.register(CrawlRun)
class CrawlRunAdmin(RunAdminBase):
    list_display = (
        "id", "source", "status", "created_at", "elapsed", "pages", "products", "photos_new",
        "errors", "is_dry_run", "is_retry",
    )  # fmt: skip
    list_display_links = ("id", "source")
    list_filter = ("status", "is_dry_run", "is_retry", "trigger", "source")
    list_select_related = ("source",)
    date_hierarchy = "created_at"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: CrawlRun | None = None) -> bool:
        allowed = super().has_delete_permission(request, obj)
        return allowed and obj is not None and not obj.is_active

    def delete_model(self, request: HttpRequest, obj: CrawlRun) -> None:
        crawl_run_delete(run=obj)

    def get_urls(self) -> list[URLPattern]:
        def named(action: str, view: Callable[..., HttpResponse]) -> URLPattern:
            wrapped = self.admin_site.admin_view(view)
            return path(f"<int:pk>/{action}/", wrapped, name=f"crawler_crawlrun_{action}")

        return [
            named("live", require_safe(never_cache(self.live_view))),
            named("cancel", require_POST(self.cancel_view)),
            named("resume", require_POST(self.resume_view)),
            *super().get_urls(),
        ]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The run's page, in place of a form: a run is not edited."""
        if not object_id.isdecimal():
            raise Http404
        run = self.run_for(request, int(object_id))
        context = {
            **self.admin_site.each_context(request),
            **self.told(request, run),
            "opts": self.opts,
            "original": run,
            "title": _title(run),
        }
        return TemplateResponse(request, "admin/crawler/run.html", context)

    def live_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The parts of the page that change, for the script that asks again and again."""
        run = self.run_for(request, pk)
        response = TemplateResponse(
            request, "admin/crawler/_run_parts.html", self.told(request, run)
        )
        response.headers["X-Run-Active"] = "yes" if run.is_active else "no"
        return response

    def cancel_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self.act(request, pk, crawl_run_cancel, "The crawl is being cancelled.")

    def resume_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        resume = partial(crawl_run_resume, trigger=CrawlRun.Trigger.ADMIN)
        return self.act(request, pk, resume, "The crawl goes on where it was.")

    def act(
        self, request: HttpRequest, pk: int, service: Callable[..., CrawlRun], done: str
    ) -> HttpResponse:
        run = self.run_for(request, pk)
        if not self.has_change_permission(request, run):
            raise PermissionDenied
        try:
            service(run=run)
        except CrawlerError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, done)
        return HttpResponseRedirect(run.get_absolute_url())

    def run_for(self, request: HttpRequest, pk: int) -> CrawlRun:
        run: CrawlRun = get_object_or_404(
            CrawlRun.objects.select_related("source", "requested_by"), pk=pk
        )
        if not self.has_view_permission(request, run):
            raise PermissionDenied
        return run

    def told(self, request: HttpRequest, run: CrawlRun) -> dict[str, Any]:
        return {
            "run": run,
            "kinds": list(run.error_kinds.all()),
            "items": [item.content for item in run.preview_items.all()],
            "items_wanted": PREVIEW_ITEMS,
            "letters": letters_count(run),
            "letters_url": letters_url(run.source),
            "models_url": models_url(run.source),
            "log": run_log_tail(run),
            "report": "" if run.is_dry_run else request.build_absolute_uri(report_path(run)),
            "may_act": self.has_change_permission(request, run),
            "may_delete": self.has_delete_permission(request, run),
        }


def _title(run: CrawlRun) -> str:
    what = "Dry run of" if run.is_dry_run else "Letters of" if run.is_retry else "Crawl of"
    return f"{what} {run.source}"
