"""Sources in the admin: what each kind is told, and buttons that start a crawl or a dry run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.views.decorators.http import require_POST, require_safe

from crawler.admin.letters import letters_url
from crawler.admin.searches import SearchViews, models_url
from crawler.exceptions import CrawlerError, CrawlRefused, SourceInvalid
from crawler.forms import PREFIX, CrawlSourceForm, form_of_kind, parameter_fields
from crawler.kinds import Kind, kind_get, kinds_all
from crawler.models import CrawlRun, CrawlSource
from crawler.selectors import run_plots, sources_with_latest_run
from crawler.services import (
    crawl_run_request,
    crawl_source_delete,
    crawl_source_save,
)

RECENT_RUNS = 10


@admin.register(CrawlSource)
class CrawlSourceAdmin(SearchViews):
    change_list_template = "admin/crawler/source_list.html"
    form = CrawlSourceForm
    add_form_template = change_form_template = "admin/crawler/source_change.html"
    # What a person looks for comes first: on a phone the rest is reached by scrolling.
    list_display = ("name", "latest_run", "start_link", "spider", "schedule", "enabled", "retailer")
    list_filter = ("enabled", "schedule", "spider")
    search_fields = ("name", "seeds", "retailer__name")
    actions = ("start_crawl",)
    fieldsets = (
        ("Politeness", {"fields": ("delay", "concurrency", "only_changed")}),
        (
            "Limits of a run",
            {"fields": ("max_pages", "max_minutes", "max_megabytes", "max_photos")},
        ),
        ("Quotas", {"fields": ("quota_megabytes", "quota_photos")}),
        (
            "Schedule",
            {"fields": ("schedule", "cron", "jitter_minutes", "quiet_from", "quiet_until")},
        ),
    )

    def get_fieldsets(self, request: HttpRequest, obj: CrawlSource | None = None) -> Any:
        """What every source has, then what its kind wants to be told."""
        kind = self.kind_for(request, obj)
        own = parameter_fields(kind)
        told = [(kind.label, {"fields": own})] if own else []
        first = ("name", "retailer", "spider", "seeds", "allowed_hosts", "enabled")
        return [(None, {"fields": first}), *told, *self.fieldsets]

    def get_form(
        self, request: HttpRequest, obj: CrawlSource | None = None, change: bool = False, **kw: Any
    ) -> Any:
        kw.setdefault("form", form_of_kind(self.kind_for(request, obj)))
        # Parameters are declared on the form, they are no columns.
        names = [f for _, part in self.get_fieldsets(request, obj) for f in part["fields"]]
        kw["fields"] = [name for name in names if not name.startswith(PREFIX)]
        return super().get_form(request, obj, change, **kw)

    def kind_for(self, request: HttpRequest, source: CrawlSource | None) -> Kind:
        """The kind that the address or the form names, else the source's own."""
        asked = request.POST.get("spider") or request.GET.get("spider")
        try:
            return kind_get(asked or (source.spider if source else "structured"))
        except SourceInvalid:
            return kind_get("structured")

    def get_queryset(self, request: HttpRequest) -> QuerySet[CrawlSource]:
        return sources_with_latest_run().order_by("name")

    @admin.display(description="latest run")
    def latest_run(self, source: Any) -> str:
        if source.latest_id is None:
            return "none yet"
        url = reverse("admin:crawler_crawlrun_change", args=[source.latest_id])
        status = CrawlRun.Status(source.latest_status).label
        return format_html('<a href="{}">{}, {} products</a>', url, status, source.latest_products)

    @admin.display(description="start")
    def start_link(self, source: CrawlSource) -> str:
        url = reverse("admin:crawler_crawlsource_start", args=[source.pk])
        label = f"Start a crawl of {source.name}"
        return format_html('<a href="{}" aria-label="{}">Start crawl</a>', url, label)

    @admin.action(description="Start a crawl of the selected sources", permissions=["change"])
    def start_crawl(self, request: HttpRequest, queryset: QuerySet[CrawlSource]) -> None:
        for source in queryset:
            self.start(request, source)

    def start(
        self, request: HttpRequest, source: CrawlSource, *, is_dry_run: bool = False
    ) -> CrawlRun | None:
        """Ask for a run and tell the user."""
        try:
            run = crawl_run_request(
                source=source,
                trigger=CrawlRun.Trigger.ADMIN,
                requested_by=request.user,  # type: ignore[arg-type]
                is_dry_run=is_dry_run,
            )
        except CrawlerError as error:
            messages.error(request, str(error))
            return None
        what = "A dry run" if is_dry_run else "A crawl"
        text = format_html('{} of “{}” <a href="{}">has been asked for</a>.', what, source,
                           run.get_absolute_url())  # fmt: skip
        messages.success(request, text)
        return run

    def save_model(
        self, request: HttpRequest, obj: CrawlSource, form: ModelForm[CrawlSource], change: bool
    ) -> None:
        crawl_source_save(source=obj)

    def get_deleted_objects(self, objs: Iterable[Any], request: HttpRequest) -> Any:
        """A run that is active stands in the way, which no permission would change."""
        sources = list(objs)
        told, counts, missing, protected = super().get_deleted_objects(sources, request)
        active = CrawlRun.objects.filter(source__in=sources, status__in=CrawlRun.ACTIVE)
        if active and request.user.has_perm("crawler.delete_crawlrun"):
            missing.discard(CrawlRun._meta.verbose_name)
        stand = [
            format_html('<a href="{}">Run {} of “{}”</a> ({}): cancel it first, then delete.',
                        run.get_absolute_url(), run.pk, run.source, run.get_status_display())
            for run in active.select_related("source")
        ]  # fmt: skip
        return told, counts, missing, [*protected, *stand]

    def delete_model(self, request: HttpRequest, obj: CrawlSource) -> None:
        crawl_source_delete(source=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[CrawlSource]) -> None:
        """All or none."""
        with transaction.atomic():
            for source in queryset:
                crawl_source_delete(source=source)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return self.or_told(
            request,
            lambda: super(CrawlSourceAdmin, self).delete_view(request, object_id, extra_context),
        )

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return self.or_told(
            request, lambda: super(CrawlSourceAdmin, self).changelist_view(request, extra_context)
        )

    def or_told(self, request: HttpRequest, view: Callable[[], HttpResponse]) -> HttpResponse:
        """A crawl that began after the page was looked at is told on the list."""
        try:
            return view()
        except CrawlRefused as error:
            messages.error(request, str(error))
            return HttpResponseRedirect(reverse("admin:crawler_crawlsource_changelist"))

    def get_urls(self) -> list[URLPattern]:
        start = self.admin_site.admin_view(self.start_view)
        wrapped = self.admin_site.admin_view
        dry = wrapped(require_POST(self.dry_run_view))
        return [
            path("<int:pk>/start/", start, name="crawler_crawlsource_start"),
            path("<int:pk>/dry-run/", dry, name="crawler_crawlsource_dry_run"),
            path(
                "dashboard/",
                wrapped(require_safe(self.dashboard_view)),
                name="crawler_crawlsource_dashboard",
            ),
            path(
                "<int:pk>/models/",
                wrapped(require_safe(self.models_view)),
                name="crawler_crawlsource_models",
            ),
            path(
                "<int:pk>/pages/",
                wrapped(require_safe(self.pages_view)),
                name="crawler_crawlsource_pages",
            ),
            path(
                "alarms/<int:pk>/close/",
                wrapped(require_POST(self.close_alarm_view)),
                name="crawler_crawlsource_close_alarm",
            ),
            *super().get_urls(),
        ]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """First the kind, then the form that fits it."""
        if request.method == "GET" and "spider" not in request.GET:
            return self.kinds_page(request, None)
        return super().add_view(request, form_url, self.with_kind(request, None, extra_context))

    def kinds_page(self, request: HttpRequest, source: CrawlSource | None) -> HttpResponse:
        """All kinds with what they are for, each leading to its form."""
        if not (self.has_change_permission(request) or self.has_add_permission(request)):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": source,
            "kinds": kinds_all(),
            "title": f"Change the kind of “{source}”" if source else "What kind of source is it?",
        }
        return TemplateResponse(request, "admin/crawler/kinds.html", context)

    def with_kind(
        self, request: HttpRequest, source: CrawlSource | None, extra: dict[str, Any] | None
    ) -> dict[str, Any]:
        return {**(extra or {}), "kind": self.kind_for(request, source)}

    def response_add(
        self, request: HttpRequest, obj: CrawlSource, post_url_continue: str | None = None
    ) -> HttpResponse:
        return self.tried(request, obj) or super().response_add(request, obj, post_url_continue)

    def response_change(self, request: HttpRequest, obj: CrawlSource) -> HttpResponse:
        return self.tried(request, obj) or super().response_change(request, obj)

    def tried(self, request: HttpRequest, source: CrawlSource) -> HttpResponse | None:
        """After “Save and dry run”: the run's page."""
        return (
            self.led_to_run(request, source, is_dry_run=True) if "_dryrun" in request.POST else None
        )

    def dry_run_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        source = get_object_or_404(self.get_queryset(request), pk=pk)
        if not self.has_change_permission(request, source):
            raise PermissionDenied
        return self.led_to_run(request, source, is_dry_run=True)

    def led_to_run(
        self, request: HttpRequest, source: CrawlSource, *, is_dry_run: bool = False
    ) -> HttpResponse:
        """Start a run and lead to its page; back to the source if it is refused."""
        run = self.start(request, source, is_dry_run=is_dry_run)
        back = reverse("admin:crawler_crawlsource_change", args=[source.pk])
        return HttpResponseRedirect(run.get_absolute_url() if run else back)

    def start_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Says what would be done; does it on POST."""
        source = get_object_or_404(self.get_queryset(request), pk=pk)
        if not self.has_change_permission(request, source):
            raise PermissionDenied
        if request.method == "POST":
            return self.led_to_run(request, source)
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
        source = CrawlSource.objects.filter(pk=number).first()
        if request.method == "GET" and "kinds" in request.GET and source is not None:
            return self.kinds_page(request, source)
        runs = CrawlRun.objects.filter(source_id=number)
        context = self.with_kind(request, source, extra_context)
        context["recent_runs"] = runs[:RECENT_RUNS]
        context["plots"] = run_plots(source) if source else []
        context["letters_url"] = letters_url(source) if source else ""
        context["models_url"] = models_url(source) if source else ""
        return super().change_view(request, object_id, form_url, context)
