"""Photos: looked through, rejected and taken back."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString

from catalog.admin.base import ModelAdmin, ReadOnlyInline, picture
from catalog.models import ImageSource, ImageStatus, PhotoCheck, ShoeImage, View, ViewBy
from catalog.photo_rules import MEANINGS, Rule
from catalog.selectors.photo_rules import rules_report
from catalog.services.colorways import colorways_refresh
from catalog.services.photo_checks import photos_restore, photos_restore_rule
from catalog.services.photos import image_delete, image_reject


class SourceInline(ReadOnlyInline):
    model = ImageSource
    fields = ("url", "listing", "position", "first_seen_at", "last_seen_at")
    readonly_fields = fields
    show_change_link = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("listing")


class RuleFilter(admin.SimpleListFilter):
    title = "why it was rejected"
    parameter_name = "rejection"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(rule.value, MEANINGS[rule]) for rule in Rule]

    def queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.filter(rejection=self.value()) if self.value() else rows


class TwinFilter(admin.SimpleListFilter):
    title = "the same photo"
    parameter_name = "twin"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("elsewhere", "Also shows another colorway")]

    def queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.filter(check_row__twin_elsewhere=True) if self.value() else rows


class ViewFilter(admin.SimpleListFilter):
    title = "view"
    parameter_name = "view"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [*((view.value, str(view.label)) for view in View), ("none", "Not known")]

    def queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.value()
        return rows.filter(view="" if chosen == "none" else chosen) if chosen else rows


class CheckInline(ReadOnlyInline):
    """What the photo rules know."""

    model = PhotoCheck
    fk_name = "image"
    verbose_name = verbose_name_plural = "photo rules"
    fields = ("rule", "value", "kept", "sharpness", "scores", "scored_by", "twin", "twin_score",
              "twin_elsewhere", "view_guess", "view_score", "checked_at")  # fmt: skip
    readonly_fields = fields
    show_change_link = False


@admin.register(ShoeImage)
class ShoeImageAdmin(ModelAdmin):
    list_display = ("shown", "colorway", "view", "view_by", "size", "format", "status",
                    "rejection", "obtained_at")  # fmt: skip
    list_display_links = ("colorway", "size")
    list_editable = ("view",)
    list_filter = (
        "status",
        RuleFilter,
        TwinFilter,
        ViewFilter,
        "view_by",
        "format",
        ("colorway", admin.EmptyFieldListFilter),
    )
    list_select_related = ("colorway__model__brand",)
    list_per_page = 50
    show_full_result_count = False
    search_fields = ("=sha256", "colorway__style_code", "colorway__model__name", "sources__url")
    autocomplete_fields = ("colorway",)
    readonly_fields = ("shown", "size", "format", "byte_size", "sha256", "perceptual_hash",
                       "status", "rejection", "view_by", "view_confidence", "obtained_at",
                       "updated_at")  # fmt: skip
    fields = ("colorway", "view", *readonly_fields)
    inlines = (CheckInline, SourceInline)
    change_list_template = "admin/catalog/photos.html"
    actions = ("reject", "restore")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        # In the list it has no label beside it.
        kwargs["widget"] = forms.Select(attrs={"aria-label": str(db_field.verbose_name)})
        return super().formfield_for_choice_field(db_field, request, **kwargs)

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
        count = photos_restore(images=chosen)
        messages.success(request, f"{count} photos accepted again; no rule rejects them any more.")

    def get_urls(self) -> list[URLPattern]:
        rules: URLPattern = path(
            "rules/", self.admin_site.admin_view(self.rules_view), name="catalog_shoeimage_rules"
        )
        return [rules, *super().get_urls()]

    def rules_view(self, request: HttpRequest) -> HttpResponse:
        """What each rule rejected; POST: restore by rule. A worker judges all anew."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        here = reverse("admin:catalog_shoeimage_rules")
        rule = request.POST.get("restore", "")
        if rule in MEANINGS:
            count = photos_restore_rule(rule=Rule(rule))
            messages.success(request, f"{count} photos accepted again ({rule}).")
            return HttpResponseRedirect(here)
        asked = request.GET.get("ask", "")
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Photo rules",
            "rules": rules_report(),
            "asked": asked if asked in MEANINGS else "",
        }
        return TemplateResponse(request, "admin/catalog/photo_rules.html", context)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        old = form.initial.get("colorway")
        if "view" in form.changed_data:
            obj.view_by, obj.view_confidence = ViewBy.PERSON, None
        obj.save()
        colorways_refresh({number for number in (old, obj.colorway_id) if number}, touch=True)

    def delete_model(self, request: HttpRequest, obj: ShoeImage) -> None:
        image_delete(image=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ShoeImage]) -> None:
        for row in queryset:
            image_delete(image=row)
