"""Merges that were done, and the way back."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from catalog.admin.base import ModelAdmin
from catalog.admin.merging import unmerge_view
from catalog.models import ShoeModelMerge


@admin.register(ShoeModelMerge)
class ShoeModelMergeAdmin(ModelAdmin):
    list_display = ("source", "target", "merged_at", "merged_by", "moved", "united", "state")
    list_display_links = ("source",)
    list_filter = (("undone_at", admin.EmptyFieldListFilter), "merged_at")
    list_select_related = ("source__brand", "target__brand", "merged_by")
    search_fields = ("source__name", "target__name")
    fields = ("source", "target", "merged_at", "merged_by", "moved", "united", "undone_at", "state")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # Its record is what a merge is undone by.

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(unmerge_view)
        own = path("<int:merge_id>/undo/", view, name="catalog_shoemodelmerge_undo")
        return [own, *super().get_urls()]

    @admin.display(description="colorways moved")
    def moved(self, row: ShoeModelMerge) -> int:
        return len(row.record.get("moved", ()))

    @admin.display(description="colorways united")
    def united(self, row: ShoeModelMerge) -> int:
        return len(row.record.get("united", ()))

    @admin.display(description="undo")
    def state(self, row: ShoeModelMerge) -> SafeString | str:
        if row.undone_at is not None:
            return f"Undone {row.undone_at:%Y-%m-%d %H:%M}"
        address = reverse("admin:catalog_shoemodelmerge_undo", args=[row.pk])
        return format_html('<a href="{}">Undo…</a>', address)
