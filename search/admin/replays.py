"""Photos judged anew in the admin: asked for, watched, and what came of it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from catalog.photo_rules import MEANINGS, Rule
from search.admin.base import Followed
from search.models import RulesReplay
from search.services import rules_replay_request


@admin.register(RulesReplay)
class RulesReplayAdmin(Followed):
    """For whoever may change photos: a replay is nothing else."""

    list_display = ("requested_at", "is_dry_run", "status", "done", "total", "changes", "took")
    list_display_links = ("requested_at",)
    list_filter = ("status", "is_dry_run")
    change_list_template = "admin/search/rulesreplay/change_list.html"
    page_template = "admin/search/rulesreplay/replay.html"
    panel_template = "admin/search/rulesreplay/_panel.html"

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("catalog.change_shoeimage")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return super().has_module_permission(request) or self.has_view_permission(request)

    @admin.display(description="Took")
    def took(self, replay: RulesReplay) -> str:
        return "–" if replay.seconds is None else f"{replay.seconds:.1f} s"

    def get_urls(self) -> list[URLPattern]:
        start = self.admin_site.admin_view(require_POST(self.start_view))
        return [path("start/", start, name="search_rulesreplay_start"), *super().get_urls()]

    def start_view(self, request: HttpRequest) -> HttpResponse:
        """Find out what would change; with ``apply``: change it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        replay = rules_replay_request(is_dry_run="apply" not in request.POST)
        messages.success(request, "A worker judges the photos; this page shows progress.")
        return HttpResponseRedirect(reverse("admin:search_rulesreplay_change", args=[replay.pk]))

    def panel(self, row: RulesReplay) -> dict[str, Any]:
        counts = [
            (MEANINGS[rule], row.rejected.get(rule.value, 0), row.restored.get(rule.value, 0))
            for rule in Rule
        ]
        return {
            "replay": row,
            "unfinished": row.status in RulesReplay.UNFINISHED,
            "counts": [each for each in counts if each[1] or each[2]],
        }
