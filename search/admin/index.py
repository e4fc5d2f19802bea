"""The index in the admin: how it stands, what waits, and a button that builds it anew."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_http_methods, require_safe

from search.admin.base import ModelAdmin, ReadOnly
from search.models import EmbedFailure, IndexBuild
from search.services import (
    IndexHealth,
    embed_failures_retry,
    index_rebuild_request,
    index_status,
)


@admin.register(IndexBuild)
class IndexBuildAdmin(ReadOnly):
    list_display = (
        "requested_at",
        "status",
        "trigger",
        "encoder_id",
        "vectors",
        "size",
        "generation",
        "took",
    )
    list_display_links = ("requested_at",)
    fields = (
        "status",
        "error",
        "trigger",
        "encoder_id",
        "dim",
        "kind",
        "vectors",
        "size",
        "generation",
        "schema_version",
        "checksum",
        "requested_at",
        "started_at",
        "heartbeat_at",
        "finished_at",
        "took",
    )
    change_list_template = "admin/search/indexbuild/change_list.html"

    @admin.display(description="Vectors", ordering="count")
    def vectors(self, build: IndexBuild) -> str:
        if build.status in {IndexBuild.Status.RUNNING, IndexBuild.Status.FAILED}:
            return f"{build.count:,} of {build.total:,}"
        return f"{build.count:,}"

    @admin.display(description="Size", ordering="size_bytes")
    def size(self, build: IndexBuild) -> str:
        return filesizeformat(build.size_bytes) if build.size_bytes else "–"

    @admin.display(description="Took")
    def took(self, build: IndexBuild) -> str:
        return "–" if build.seconds is None else f"{build.seconds:.1f} s"

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("panel/", wrap(self.panel_view), name="search_indexbuild_panel"),
            path("rebuild/", wrap(self.rebuild_view), name="search_indexbuild_rebuild"),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().changelist_view(
            request, {"title": "Index", **(extra_context or {}), **self._panel_context(request)}
        )

    def panel_view(self, request: HttpRequest) -> HttpResponse:
        """The panel alone, for the page that keeps itself up to date."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        template = "admin/search/indexbuild/_panel.html"
        return require_safe(TemplateResponse)(request, template, self._panel_context(request))

    def rebuild_view(self, request: HttpRequest) -> HttpResponse:
        """Ask, then enqueue."""
        return require_http_methods(["GET", "HEAD", "POST"])(self._rebuild)(request)

    def _rebuild(self, request: HttpRequest) -> HttpResponse:
        if not self.may_rebuild(request):
            raise PermissionDenied
        back = reverse("admin:search_indexbuild_changelist")
        if request.method == "POST":
            index_rebuild_request(trigger=IndexBuild.Trigger.ADMIN)
            messages.success(request, "The index will be built anew; this page shows progress.")
            return HttpResponseRedirect(back)
        return TemplateResponse(
            request,
            "admin/search/indexbuild/rebuild.html",
            {
                **self.admin_site.each_context(request),
                "title": "Rebuild the index",
                "opts": self.opts,
                "status": index_status(),
                "back": back,
            },
        )

    def may_rebuild(self, request: HttpRequest) -> bool:
        return request.user.has_perm("search.add_indexbuild")

    def _panel_context(self, request: HttpRequest) -> dict[str, Any]:
        status = index_status()
        build = status.build
        unfinished = build is not None and build.status in IndexBuild.UNFINISHED
        return {
            "status": status,
            "ready": status.health is IndexHealth.READY,
            "unfinished": build if unfinished else None,
            "may_rebuild": self.may_rebuild(request),
            "poll_seconds": 2 if unfinished or status.waiting or status.writer else 15,
        }


@admin.register(EmbedFailure)
class EmbedFailureAdmin(ReadOnly):
    list_display = ("image", "reason", "message", "attempts", "retry_at")
    list_filter = ("reason",)
    list_select_related = ("image",)
    actions = ("retry",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return ModelAdmin.has_delete_permission(self, request, obj)

    @admin.action(description="Try the selected photos again now", permissions=["delete"])
    def retry(self, request: HttpRequest, queryset: QuerySet[EmbedFailure]) -> None:
        count = embed_failures_retry(failures=queryset)
        noun = "photo" if count == 1 else "photos"
        messages.success(request, f"{count} {noun} will be tried again now.")
