"""What the catalog's admin pages share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Count, IntegerField, Model, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from import_export.admin import ImportExportMixin

from catalog.exceptions import CatalogError
from catalog.models import ImageStatus, ShoeImage
from catalog.resources import FORMATS
from catalog.thumbnails import thumbnail_url

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
    TabularInline = admin.TabularInline[Any, Any]
else:
    ModelAdmin = admin.ModelAdmin
    TabularInline = admin.TabularInline

THUMBNAIL = 160


class TableAdmin(ImportExportMixin, ModelAdmin):  # type: ignore[misc]
    """A list that can be exported and imported, with a preview before anything is written."""

    formats = FORMATS
    import_error_display = ("message",)
    list_per_page = 50
    show_full_result_count = False

    def add_data_read_fail_error_to_form(self, form: Any, e: Exception) -> None:
        """Our own errors say what is wrong and the mend; the library would name their class."""
        if isinstance(e, CatalogError):
            form.add_error("import_file", str(e))
        else:
            super().add_data_read_fail_error_to_form(form, e)


class ReadOnlyInline(TabularInline):
    """Rows that only services write."""

    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def counted(rows: QuerySet[Any], owner: str) -> Coalesce:
    """How many of ``rows`` point to the outer row by ``owner``, in the list's own query.

    A subquery and no join: two counts in one list would multiply each other.
    """
    grouped = rows.filter(**{owner: OuterRef("pk")}).order_by().values(owner)
    return Coalesce(
        Subquery(grouped.annotate(n=Count("pk")).values("n"), output_field=IntegerField()), 0
    )


def picture(image: ShoeImage | None) -> SafeString | str:
    """A small version that leads to the whole photo; a rejected one is shown from its file."""
    if image is None:
        return "–"
    accepted = image.status == ImageStatus.ACCEPTED
    return format_html(
        '<a href="{}"><img src="{}" width="{}" height="{}" alt="Photo {}" loading="lazy"></a>',
        image.file.url,
        thumbnail_url(image, THUMBNAIL) if accepted else image.file.url,
        *_fitted(image),
        image.pk,
    )


def _fitted(image: ShoeImage, side: int = 72) -> tuple[int, int]:
    scale = side / max(image.width, image.height, 1)
    return max(1, round(image.width * scale)), max(1, round(image.height * scale))


def on_site(row: Model) -> SafeString:
    """Its public page."""
    address = row.get_absolute_url()  # type: ignore[attr-defined]
    return format_html('<a href="{}">View</a>', address)
