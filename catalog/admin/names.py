"""Brands and models, with their aliases."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import BaseInlineFormSet
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from catalog.admin.base import TableAdmin, TabularInline, counted, on_site
from catalog.admin.merging import merge_view
from catalog.models import Brand, BrandAlias, Colorway, ShoeModel, ShoeModelAlias
from catalog.resources import BrandResource, ShoeModelResource
from catalog.services.editing import brand_renamed, model_changed


class BrandAliasInline(TabularInline):
    model = BrandAlias
    extra = 0


@admin.register(Brand)
class BrandAdmin(TableAdmin):
    resource_classes = [BrandResource]
    list_display = ("name", "models_count", "colorways_count", "site")
    search_fields = ("name", "aliases__name")
    prepopulated_fields = {"slug": ("name",)}
    inlines = (BrandAliasInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Brand]:
        rows: QuerySet[Brand] = super().get_queryset(request)
        return rows.annotate(
            models_count=counted(ShoeModel.objects.all(), "brand"),
            colorways_count=counted(Colorway.objects.all(), "brand"),
        )

    @admin.display(description="models", ordering="models_count")
    def models_count(self, row: Any) -> int:
        return int(row.models_count)

    @admin.display(description="colorways", ordering="colorways_count")
    def colorways_count(self, row: Any) -> int:
        return int(row.colorways_count)

    site = admin.display(description="on the site")(staticmethod(on_site))

    def save_model(self, request: HttpRequest, obj: Brand, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and "name" in form.changed_data:
            brand_renamed(brand=obj)


class AliasFormSet(BaseInlineFormSet):  # type: ignore[type-arg]
    """An alias stands in the brand of its model, and means one model there."""

    def clean(self) -> None:
        super().clean()
        for form in self.forms:
            name = form.cleaned_data.get("name") if form.is_valid() else None
            if not name or form.cleaned_data.get("DELETE"):
                continue
            rows = ShoeModelAlias.objects.filter(brand_id=self.instance.brand_id)
            rows = rows.filter(name__iexact=name).exclude(pk=form.instance.pk)
            if rows.exists():
                raise ValidationError(f"“{name}” means another model of this brand already.")

    def save_new(self, form: Any, commit: bool = True) -> Any:
        form.instance.brand_id = self.instance.brand_id
        return super().save_new(form, commit)


class ShoeModelAliasInline(TabularInline):
    model = ShoeModelAlias
    formset = AliasFormSet
    fields = ("name",)
    extra = 0


class MergedFilter(admin.SimpleListFilter):
    title = "merged"
    parameter_name = "merged"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", "Stands by itself"), ("yes", "Merged into another")]

    def queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() in {"yes", "no"}:
            return rows.filter(merged_into__isnull=self.value() == "no")
        return rows


@admin.register(ShoeModel)
class ShoeModelAdmin(TableAdmin):
    resource_classes = [ShoeModelResource]
    list_display = ("name", "brand", "category", "height", "gender", "colorways_count",
                    "merged_into", "site")  # fmt: skip
    list_filter = (MergedFilter, "category", "height", "gender")
    list_select_related = ("brand", "merged_into__brand")
    search_fields = ("name", "aliases__name", "brand__name")
    autocomplete_fields = ("brand",)
    prepopulated_fields = {"slug": ("name",)}
    readonly_fields = ("merged_into",)
    inlines = (ShoeModelAliasInline,)
    actions = ("merge",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ShoeModel]:
        rows: QuerySet[ShoeModel] = super().get_queryset(request)
        return rows.annotate(colorways_count=counted(Colorway.objects.all(), "model"))

    def get_urls(self) -> list[URLPattern]:
        own = path("merge/", self.admin_site.admin_view(merge_view), name="catalog_shoemodel_merge")
        return [own, *super().get_urls()]

    @admin.action(description="Merge selected models into one…", permissions=["change"])
    def merge(
        self, request: HttpRequest, chosen: QuerySet[ShoeModel]
    ) -> HttpResponseRedirect | None:
        numbers = list(chosen.order_by("pk").values_list("pk", flat=True)[:51])
        if len(numbers) > 50:
            messages.error(request, "At most 50 models can be merged at once.")
            return None
        address = reverse("admin:catalog_shoemodel_merge")
        return HttpResponseRedirect(f"{address}?ids={','.join(map(str, numbers))}")

    @admin.display(description="colorways", ordering="colorways_count")
    def colorways_count(self, row: Any) -> int:
        return int(row.colorways_count)

    site = admin.display(description="on the site")(staticmethod(on_site))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change:
            ShoeModelAlias.objects.filter(model=obj).update(brand=obj.brand)
            model_changed(model=obj)
