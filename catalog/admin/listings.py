"""Shops and their listings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import PROTECT, QuerySet, URLField
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from catalog.admin.base import ModelAdmin, ReadOnlyInline, counted
from catalog.models import Listing, PriceObservation, Retailer
from catalog.services.colorways import colorways_refresh, images_follow
from catalog.services.deleting import listings_delete, retailer_delete


@admin.register(Retailer)
class RetailerAdmin(ModelAdmin):
    list_display = ("name", "website", "listings_count")
    search_fields = ("name", "website")
    prepopulated_fields = {"slug": ("name",)}
    formfield_overrides = {URLField: {"assume_scheme": "https"}}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Retailer]:
        rows: QuerySet[Retailer] = super().get_queryset(request)
        return rows.annotate(listings_count=counted(Listing.objects.all(), "retailer"))

    @admin.display(description="listings", ordering="listings_count")
    def listings_count(self, row: Any) -> int:
        return int(row.listings_count)

    def get_deleted_objects(self, objs: Iterable[Any], request: HttpRequest) -> Any:
        """By counts: a shop may have a million listings, and Django would write out each."""
        shops = list(objs)
        listings = Listing.objects.filter(retailer__in=shops)
        prices = PriceObservation.objects.filter(listing__in=listings)
        counts = {
            capfirst(str(rows.model._meta.verbose_name_plural)): rows.count()
            for rows in (listings, prices)
        }
        missing = {
            str(model._meta.verbose_name)
            for model in (Retailer, Listing)
            if not request.user.has_perm(f"catalog.delete_{model._meta.model_name}")
        }
        protected = [
            f"{capfirst(relation.related_model._meta.verbose_name)}: {row}"
            for relation in Retailer._meta.related_objects
            if relation.on_delete is PROTECT
            for row in relation.related_model._base_manager.filter(
                **{f"{relation.field.name}__in": shops}
            )
        ]
        names = [f"Shop: {shop}" for shop in shops]
        return names, {"Shops": len(shops), **counts}, missing, protected

    def delete_model(self, request: HttpRequest, obj: Retailer) -> None:
        retailer_delete(retailer=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Retailer]) -> None:
        for shop in queryset:
            retailer_delete(retailer=shop)


class PriceInline(ReadOnlyInline):
    model = PriceObservation
    fields = ("observed_at", "price", "currency", "availability")
    readonly_fields = fields
    show_change_link = False


class IdentityFilter(admin.SimpleListFilter):
    title = "colorway"
    parameter_name = "known"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Known"), ("no", "Not known")]

    def queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() in {"yes", "no"}:
            return rows.filter(colorway__isnull=self.value() == "no")
        return rows


@admin.register(Listing)
class ListingAdmin(ModelAdmin):
    """What a shop published is shown; which colorway it is about may be corrected by hand."""

    list_display = ("title", "retailer", "colorway", "price", "currency", "availability",
                    "last_seen_at", "page")  # fmt: skip
    list_filter = (IdentityFilter, "availability", "retailer",
                   ("vanished_at", admin.EmptyFieldListFilter))  # fmt: skip
    list_select_related = ("retailer", "colorway__model__brand")
    search_fields = ("title", "sku", "gtin", "url")
    autocomplete_fields = ("colorway",)
    list_per_page = 50
    show_full_result_count = False
    readonly_fields = ("retailer", "title", "page", "sku", "gtin", "group_id", "price", "currency",
                       "availability", "published", "first_seen_at", "last_seen_at", "changed_at",
                       "vanished_at")  # fmt: skip
    fields = ("colorway", *readonly_fields)
    inlines = (PriceInline,)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def delete_model(self, request: HttpRequest, obj: Listing) -> None:
        listings_delete(listings=Listing.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Listing]) -> None:
        listings_delete(listings=queryset)

    @admin.display(description="page")
    def page(self, row: Listing) -> SafeString:
        return format_html('<a href="{}" rel="noopener nofollow">Open</a>', row.url)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        old = form.initial.get("colorway")
        obj.changed_at = timezone.now()
        obj.save(update_fields=["colorway", "changed_at"])
        if old and obj.colorway_id:
            images_follow([obj.pk], old=old)
        colorways_refresh({number for number in (old, obj.colorway_id) if number}, touch=True)
