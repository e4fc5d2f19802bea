"""Colorways with their photos and listings."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from catalog.admin.base import ReadOnlyInline, TableAdmin, counted, on_site, picture
from catalog.models import Colorway, Listing, ShoeImage
from catalog.resources import ColorwayResource
from catalog.services.colorways import (
    colorway_get_or_create,
    colorway_rename,
    colorways_refresh,
    colour_key_of,
    style_code_clean,
)
from catalog.services.deleting import colorways_delete


class ListingInline(ReadOnlyInline):
    model = Listing
    fields = ("retailer", "title", "price", "currency", "availability", "last_seen_at")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("retailer")


class ImageInline(ReadOnlyInline):
    model = ShoeImage
    fields = ("shown", "view", "status", "rejection", "size")
    readonly_fields = fields

    @admin.display(description="photo")
    def shown(self, row: ShoeImage) -> SafeString | str:
        return picture(row)

    @admin.display
    def size(self, row: ShoeImage) -> str:
        return f"{row.width} × {row.height}"


class ColorwayForm(forms.ModelForm):  # type: ignore[type-arg]
    """What a person may write; colours, price and the like follow from it."""

    class Meta:
        model = Colorway
        fields = ("model", "name", "style_code")

    def clean(self) -> dict[str, Any]:
        told: dict[str, Any] = super().clean() or self.cleaned_data
        model, name = told.get("model"), told.get("name", "")
        code = told["style_code"] = style_code_clean(told.get("style_code", ""))
        if model is None:
            return told
        others = Colorway.objects.filter(model=model).exclude(pk=self.instance.pk)
        if code and others.filter(style_code=code).exists():
            self.add_error("style_code", "Another colorway of this model has this code.")
        same = others.filter(style_code="", name=name, colour_key=colour_key_of(name))
        if not code and same.exists():
            self.add_error("name", "Another colorway of this model has these colours.")
        return told


@admin.register(Colorway)
class ColorwayAdmin(TableAdmin):
    resource_classes = [ColorwayResource]
    form = ColorwayForm
    list_display = ("shown", "model", "name", "style_code", "price", "is_available",
                    "photos_count", "listings_count", "site")  # fmt: skip
    list_display_links = ("model",)
    list_filter = ("is_available", "category", "height", "gender")
    list_select_related = ("model__brand", "cover")
    search_fields = ("style_code", "name", "model__name", "model__brand__name")
    autocomplete_fields = ("model",)
    readonly_fields = ("shown", "colour_key", "category", "height", "gender", "price",
                       "is_available", "created_at", "updated_at")  # fmt: skip
    fields = ("model", "name", "style_code", *readonly_fields)
    inlines = (ImageInline, ListingInline)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Colorway]:
        rows: QuerySet[Colorway] = super().get_queryset(request)
        return rows.annotate(
            photos_count=counted(ShoeImage.objects.all(), "colorway"),
            listings_count=counted(Listing.objects.all(), "colorway"),
        )

    @admin.display(description="photo")
    def shown(self, row: Colorway) -> SafeString | str:
        return picture(row.cover)

    @admin.display(description="photos", ordering="photos_count")
    def photos_count(self, row: Any) -> int:
        return int(row.photos_count)

    @admin.display(description="listings", ordering="listings_count")
    def listings_count(self, row: Any) -> int:
        return int(row.listings_count)

    def delete_model(self, request: HttpRequest, obj: Colorway) -> None:
        colorways_delete(colorways=Colorway.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Colorway]) -> None:
        colorways_delete(colorways=queryset)

    site = admin.display(description="on the site")(staticmethod(on_site))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            made, _ = colorway_get_or_create(model=obj.model, code=obj.style_code, name=obj.name)
            obj.pk, obj._state.adding = made.pk, False
            obj.refresh_from_db()
            return
        Colorway.objects.filter(pk=obj.pk).update(model=obj.model, style_code=obj.style_code)
        if "name" in form.changed_data:
            colorway_rename(colorway=obj, name=obj.name)
        colorways_refresh([obj.pk], touch=True)
        obj.refresh_from_db()
