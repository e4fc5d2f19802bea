"""Crawls in the admin: sources, a button that starts them, and a page that shows a run live."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from crawler.exceptions import CrawlerError
from crawler.forms import CrawlSourceForm
from crawler.models import CrawlRun, CrawlSource
from crawler.selectors import run_log_tail, sources_with_latest_run
from crawler.services import (
    crawl_run_cancel,
    crawl_run_delete,
    crawl_run_request,
    crawl_run_resume,
    crawl_source_delete,
    crawl_source_save,
)

if TYPE_CHECKING:
    SourceAdminBase = admin.ModelAdmin[CrawlSource]
    RunAdminBase = admin.ModelAdmin[CrawlRun]
else:
    SourceAdminBase = RunAdminBase = admin.ModelAdmin

RECENT_RUNS = 10


@admin.register(CrawlSource)
class CrawlSourceAdmin(SourceAdminBase):
    form = CrawlSourceForm
    change_form_template = "admin/crawler/source_change.html"
    list_display = ("name", "retailer", "enabled", "schedule", "latest_run", "start_link")
    list_filter = ("enabled", "schedule", "spider")
    search_fields = ("name", "seeds", "retailer__name")
    actions = ("start_crawl",)
    fieldsets = (
        (None, {"fields": ("name", "retailer", "spider", "seeds", "allowed_hosts", "enabled")}),
        ("Politeness", {"fields": ("delay", "concurrency")}),
        (
            "Limits of a run",
            {"fields": ("max_pages", "max_minutes", "max_megabytes", "max_photos")},
        ),
        ("Schedule", {"fields": ("schedule", "cron")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[CrawlSource]:
        return sources_with_latest_run().order_by("name")

    @admin.display(description="latest run")
    def latest_run(self, source: Any) -> str:
        if source.latest_id is None:
            return "none yet"
        url = reverse("admin:crawler_crawlrun_change", args=[source.latest_id])
        status = CrawlRun.Status(source.latest_status).label
        return format_html('<a href="{}">{}, {} products</a>', url, status, source.latest_products)

    @admin.display(description="")
    def start_link(self, source: CrawlSource) -> str:
        url = reverse("admin:crawler_crawlsource_start", args=[source.pk])
        label = f"Start a crawl of {source.name}"
        return format_html('<a href="{}" aria-label="{}">Start crawl</a>', url, label)

    @admin.action(description="Start a crawl of the selected sources", permissions=["change"])
    def start_crawl(self, request: HttpRequest, queryset: QuerySet[CrawlSource]) -> None:
        for source in queryset:
            self.start(request, source)

    def start(self, request: HttpRequest, source: CrawlSource) -> CrawlRun | None:
        """Ask for a run and tell the user."""
        try:
            run = crawl_run_request(
                source=source,
                trigger=CrawlRun.Trigger.ADMIN,
                requested_by=request.user,  # type: ignore[arg-type]
            )
        except CrawlerError as error:
            messages.error(request, str(error))
            return None
        text = format_html('A crawl of “{}” <a href="{}">has been asked for</a>.', source,
                           run.get_absolute_url())  # fmt: skip
        messages.success(request, text)
        return run

    def save_model(
        self, request: HttpRequest, obj: CrawlSource, form: ModelForm[CrawlSource], change: bool
    ) -> None:
        crawl_source_save(source=obj)

    def delete_model(self, request: HttpRequest, obj: CrawlSource) -> None:
        crawl_source_delete(source=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[CrawlSource]) -> None:
        for source in queryset:
            crawl_source_delete(source=source)

    def get_urls(self) -> list[URLPattern]:
        start = self.admin_site.admin_view(self.start_view)
        name = "crawler_crawlsource_start"
        return [path("<int:pk>/start/", start, name=name), *super().get_urls()]

    def start_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Says what would be done; does it on POST."""
        source = get_object_or_404(self.get_queryset(request), pk=pk)
        if not self.has_change_permission(request, source):
            raise PermissionDenied
        if request.method == "POST":
            run = self.start(request, source)
            back = reverse("admin:crawler_crawlsource_change", args=[source.pk])
            return HttpResponseRedirect(run.get_absolute_url() if run else back)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": source,
            "source": source,
            "title": f"Start a crawl of “{source}”?",
        }
        return TemplateResponse(request, "admin/crawler/source_start.html", context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        number = int(object_id) if object_id.isdecimal() else 0
        runs = CrawlRun.objects.filter(source_id=number)
        context = {**(extra_context or {}), "recent_runs": runs[:RECENT_RUNS]}
        return super().change_view(request, object_id, form_url, context)


@admin.register(CrawlRun)
class CrawlRunAdmin(RunAdminBase):
    list_display = (
        "id", "source", "status", "created_at", "elapsed", "pages", "products", "photos_new",
        "errors",
    )  # fmt: skip
    list_display_links = ("id", "source")
    list_filter = ("status", "trigger", "source")
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
            "title": f"Crawl of {run.source}",
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
        return self.act(request, pk, crawl_run_resume, "The crawl goes on where it was.")

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
            "log": run_log_tail(run),
            "may_act": self.has_change_permission(request, run),
            "may_delete": self.has_delete_permission(request, run),
        }
