"""Photos judged anew in the admin: asked for, watched, and what came of it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST, require_safe

from catalog.photo_rules import MEANINGS, Rule
from search.admin.base import ReadOnly
from search.models import RulesReplay
from search.services import rules_replay_request


@admin.register(RulesReplay)
class RulesReplayAdmin(ReadOnly):
    """For whoever may change photos: a replay is nothing else."""

    list_display = ("requested_at", "is_dry_run", "status", "done", "total", "changes", "took")
    list_display_links = ("requested_at",)
    list_filter = ("status", "is_dry_run")
    change_list_template = "admin/search/rulesreplay/change_list.html"

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("catalog.change_shoeimage")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return super().has_module_permission(request) or self.has_view_permission(request)

    @admin.display(description="Took")
    def took(self, replay: RulesReplay) -> str:
        return "–" if replay.seconds is None else f"{replay.seconds:.1f} s"

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        panel = require_safe(self.panel_view)
        return [
            path("start/", wrap(require_POST(self.start_view)), name="search_rulesreplay_start"),
            path("<int:pk>/panel/", wrap(panel), name="search_rulesreplay_panel"),
            *super().get_urls(),
        ]

    def start_view(self, request: HttpRequest) -> HttpResponse:
        """Find out what would change; with ``apply``: change it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        replay = rules_replay_request(is_dry_run="apply" not in request.POST)
        messages.success(request, "A worker judges the photos; this page shows progress.")
        return HttpResponseRedirect(reverse("admin:search_rulesreplay_change", args=[replay.pk]))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """How far it is, and what came of it."""
        replay = self.replay_for(request, object_id)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": str(replay),
            "back": reverse("admin:search_rulesreplay_changelist"),
            **self.panel(replay),
        }
        return TemplateResponse(request, "admin/search/rulesreplay/replay.html", context)

    def panel_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The part that changes while it goes on."""
        context = self.panel(self.replay_for(request, str(pk)))
        return TemplateResponse(request, "admin/search/rulesreplay/_panel.html", context)

    def replay_for(self, request: HttpRequest, number: str) -> RulesReplay:
        if not self.has_view_permission(request):
            raise PermissionDenied
        replay: RulesReplay | None = self.get_object(request, number)
        if replay is None:
            raise Http404("There is no such replay.")
        return replay

    def panel(self, replay: RulesReplay) -> dict[str, Any]:
        counts = [
            (MEANINGS[rule], replay.rejected.get(rule.value, 0), replay.restored.get(rule.value, 0))
            for rule in Rule
        ]
        return {
            "replay": replay,
            "unfinished": replay.status in RulesReplay.UNFINISHED,
            "counts": [row for row in counts if row[1] or row[2]],
        }
