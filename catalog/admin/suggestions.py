"""Models that may be one: looked through, and united or declined in bulk."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from catalog.admin.base import ModelAdmin
from catalog.models import MergeSuggestion
from catalog.services.uniting import suggestions_decline, suggestions_find, suggestions_unite


@admin.register(MergeSuggestion)
class MergeSuggestionAdmin(ModelAdmin):
    change_list_template = "admin/catalog/suggestions.html"
    list_display = ("source", "target", "reason", "names", "photos", "status", "created_at")
    list_display_links = None
    list_filter = ("status", "reason", "source__brand")
    list_select_related = ("source__brand", "target__brand")
    search_fields = ("source__name", "target__name")
    list_per_page = 100
    actions = ("unite", "decline")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @admin.display(description="names", ordering="name_score")
    def names(self, row: MergeSuggestion) -> str:
        return f"{row.name_score:.0%}"

    @admin.display(description="photos", ordering="photo_score")
    def photos(self, row: MergeSuggestion) -> str:
        return "–" if row.photo_score is None else f"{row.photo_score:.2f}"

    @admin.action(description="Unite selected models (can be undone)", permissions=["change"])
    def unite(self, request: HttpRequest, chosen: QuerySet[MergeSuggestion]) -> None:
        by: Any = request.user
        united, refused = suggestions_unite(suggestions=list(chosen), by=by)
        if united:
            messages.success(request, f"{united} united. Shoe model merges → Undo… takes one back.")
        for text in dict.fromkeys(refused):
            messages.error(request, text)

    @admin.action(description="These are two models each", permissions=["change"])
    def decline(self, request: HttpRequest, chosen: QuerySet[MergeSuggestion]) -> None:
        count = suggestions_decline(suggestions=chosen)
        messages.success(request, f"{count} declined; they are not suggested again.")

    def get_urls(self) -> list[URLPattern]:
        find: URLPattern = path(
            "find/",
            self.admin_site.admin_view(require_POST(self.find_view)),
            name="catalog_mergesuggestion_find",
        )
        return [find, *super().get_urls()]

    def find_view(self, request: HttpRequest) -> HttpResponseRedirect:
        """Look for pairs now."""
        if self.has_change_permission(request):
            messages.success(request, f"{suggestions_find()} new suggestions.")
        return HttpResponseRedirect(reverse("admin:catalog_mergesuggestion_changelist"))
