"""Photos: looked through, rejected and taken back."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from catalog.admin.base import ModelAdmin, ReadOnlyInline, picture
from catalog.models import ImageSource, ImageStatus, ShoeImage
from catalog.services.colorways import colorways_refresh
from catalog.services.photos import image_delete, image_reject, image_restore


class SourceInline(ReadOnlyInline):
    model = ImageSource
    fields = ("url", "listing", "position", "first_seen_at", "last_seen_at")
    readonly_fields = fields
    show_change_link = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("listing")


@admin.register(ShoeImage)
class ShoeImageAdmin(ModelAdmin):
    list_display = ("shown", "colorway", "view", "size", "format", "status", "rejection",
                    "obtained_at")  # fmt: skip
    list_display_links = ("colorway", "size")
    list_filter = ("status", "view", "format", ("colorway", admin.EmptyFieldListFilter))
    list_select_related = ("colorway__model__brand",)
    list_per_page = 50
    show_full_result_count = False
    search_fields = ("=sha256", "colorway__style_code", "colorway__model__name", "sources__url")
    autocomplete_fields = ("colorway",)
    readonly_fields = ("shown", "size", "format", "byte_size", "sha256", "perceptual_hash",
                       "status", "rejection", "obtained_at", "updated_at")  # fmt: skip
    fields = ("colorway", "view", *readonly_fields)
    inlines = (SourceInline,)
    actions = ("reject", "restore")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @admin.display(description="photo")
    def shown(self, row: ShoeImage) -> SafeString | str:
        return picture(row)

    @admin.display
    def size(self, row: ShoeImage) -> str:
        return f"{row.width} × {row.height}"

    @admin.action(description="Reject selected photos", permissions=["change"])
    def reject(self, request: HttpRequest, chosen: QuerySet[ShoeImage]) -> None:
        rows = list(chosen.filter(status=ImageStatus.ACCEPTED))
        for row in rows:
            image_reject(image=row, reason=f"by {request.user.get_username()}")
        messages.success(request, f"{len(rows)} photos rejected; they leave pages and search.")

    @admin.action(description="Accept selected photos again", permissions=["change"])
    def restore(self, request: HttpRequest, chosen: QuerySet[ShoeImage]) -> None:
        rows = list(chosen.filter(status=ImageStatus.REJECTED))
        for row in rows:
            image_restore(image=row)
        messages.success(request, f"{len(rows)} photos accepted again.")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        old = form.initial.get("colorway")
        obj.save()
        colorways_refresh({number for number in (old, obj.colorway_id) if number}, touch=True)

    def delete_model(self, request: HttpRequest, obj: ShoeImage) -> None:
        image_delete(image=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ShoeImage]) -> None:
        for row in queryset:
            image_delete(image=row)
