"""Rows that people may look at and only services write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_safe

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin


class ReadOnly(ModelAdmin):
    """Rows that only services write."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class Followed(ReadOnly):
    """Work that goes on: each row has a page, whose panel asks for itself while it does."""

    page_template = ""
    panel_template = ""

    def panel(self, row: Any) -> dict[str, Any]:
        """What the panel shows of a row."""
        raise NotImplementedError

    def title_of(self, row: Any) -> str:
        return str(row)

    def get_urls(self) -> list[URLPattern]:
        panel = self.admin_site.admin_view(require_safe(self.panel_view))
        name = f"{self.opts.app_label}_{self.opts.model_name}_panel"
        return [path("<int:pk>/panel/", panel, name=name), *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """How far it is, and what came of it."""
        return require_safe(self._page)(request, object_id)

    def _page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self._row(request, object_id)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": self.title_of(row),
            "back": reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"),
            **self.panel(row),
        }
        return TemplateResponse(request, self.page_template, context)

    def panel_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The part that changes while it goes on."""
        context = self.panel(self._row(request, str(pk)))
        return TemplateResponse(request, self.panel_template, context)

    def _row(self, request: HttpRequest, number: str) -> Any:
        if not self.has_view_permission(request):
            raise PermissionDenied
        row = self.get_object(request, number)
        if row is None:
            raise Http404(f"There is no such {self.opts.verbose_name}.")
        return row
