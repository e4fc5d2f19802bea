"""The page of long work in place of a form: looked at live, acted on by buttons."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from crawler.exceptions import CrawlerError
from crawler.models import CrawlRun, PhotoImport

W = TypeVar("W", bound=CrawlRun | PhotoImport)

if TYPE_CHECKING:

    class _Admin(admin.ModelAdmin[W]): ...

else:

    class _Admin(Generic[W], admin.ModelAdmin): ...


class LivePageAdmin(_Admin[W]):
    """Work is not edited: its page shows how it goes, and parts of it are asked for again."""

    page_template: str
    parts_template: str
    page_related: tuple[str, ...]
    """What the page shows beside the row itself."""

    def told(self, request: HttpRequest, work: W) -> dict[str, Any]:
        """What both templates are given."""
        raise NotImplementedError

    def page_title(self, work: W) -> str:
        raise NotImplementedError

    def has_delete_permission(self, request: HttpRequest, obj: W | None = None) -> bool:
        allowed = super().has_delete_permission(request, obj)
        return allowed and obj is not None and not obj.is_active

    def get_urls(self) -> list[URLPattern]:
        live = require_safe(never_cache(self.live_view))
        return [self.named("live", live), *super().get_urls()]

    def named(self, action: str, view: Callable[..., HttpResponse], more: str = "") -> URLPattern:
        """The address of something done with one row."""
        name = f"{self.opts.app_label}_{self.opts.model_name}_{action}"
        return path(f"<int:pk>/{action}/{more}", self.admin_site.admin_view(view), name=name)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if not object_id.isdecimal():
            raise Http404
        work = self.work_for(request, int(object_id))
        context = {
            **self.admin_site.each_context(request),
            **self.told(request, work),
            "opts": self.opts,
            "original": work,
            "title": self.page_title(work),
        }
        return TemplateResponse(request, self.page_template, context)

    def live_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The parts of the page that change, for the script that asks again and again."""
        work = self.work_for(request, pk)
        response = TemplateResponse(request, self.parts_template, self.told(request, work))
        response.headers["X-Run-Active"] = "yes" if work.is_active else "no"
        return response

    def act(
        self, request: HttpRequest, pk: int, service: Callable[[W], object], done: str
    ) -> HttpResponse:
        """Do what a button asks, and say so on the page."""
        work = self.work_for(request, pk)
        if not self.has_change_permission(request, work):
            raise PermissionDenied
        try:
            service(work)
        except CrawlerError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, done)
        return HttpResponseRedirect(work.get_absolute_url())

    def work_for(self, request: HttpRequest, pk: int) -> W:
        rows = self.model._default_manager.select_related(*self.page_related)
        work = cast(W, get_object_or_404(rows, pk=pk))
        if not self.has_view_permission(request, work):
            raise PermissionDenied
        return work
