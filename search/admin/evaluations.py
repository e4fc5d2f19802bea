"""Evaluations in the admin: figures beside those of earlier runs, and a button for the catalog."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_http_methods, require_safe

from search.comparing import evaluation_compare, evaluations_comparable
from search.evaluation.headings import METRICS
from search.models import EvaluationRun
from search.services import evaluation_delete, evaluation_request, report_path
from search.services.evaluations import OFFERED

HEADLINE = {"top1": "top-1", "map": "mAP", "auroc": "AUROC", "r10": "R@10"}
"""What stands for a run in a list: the first of these that its methods have."""

ABOUT = {
    "recognise": "Which model is it? A seventh of the photos, by near-duplicate group, is named by "
    "the others.",
    "attributes": "Colour, brand, height, category and gender of each photo, by words alone.",
    "edit": "“This shoe, in colour X”, for every model that comes in two colours.",
}


class EvaluationRunAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("requested_at", "task", "data", "status", "headline", "encoder_id", "trigger")
    list_display_links = ("requested_at",)
    list_filter = ("task", "status", "trigger")
    search_fields = ("data", "encoder_id")
    change_list_template = "admin/search/evaluationrun/change_list.html"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def delete_model(self, request: HttpRequest, obj: EvaluationRun) -> None:
        evaluation_delete(run=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[EvaluationRun]) -> None:
        for run in queryset:
            evaluation_delete(run=run)

    @admin.display(description="Best method")
    def headline(self, run: EvaluationRun) -> str:
        for metric, name in HEADLINE.items():
            found = {m: row[metric]["value"] for m, row in run.results.items() if metric in row}
            if found:
                best = max(found, key=lambda method: found[method])
                return f"{best}: {name} {found[best]:.3f}"
        return "–"

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("start/", wrap(self.start_view), name="search_evaluationrun_start"),
            path("<int:pk>/panel/", wrap(self.panel_view), name="search_evaluationrun_panel"),
            path("<int:pk>/report/", wrap(self.report_view), name="search_evaluationrun_report"),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        extra = {"title": "Evaluations", "may_start": self.may_start(request)}
        return super().changelist_view(request, {**(extra_context or {}), **extra})

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """A run's figures beside those of an earlier one."""
        return require_safe(self._detail)(request, object_id)

    def _detail(self, request: HttpRequest, object_id: str) -> HttpResponse:
        run = self._run(request, object_id)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": str(run),
            "back": reverse("admin:search_evaluationrun_changelist"),
            "may_delete": self.has_delete_permission(request, run),
            **self._panel(request, run),
        }
        return TemplateResponse(request, "admin/search/evaluationrun/run.html", context)

    def panel_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The part that changes while a run goes on."""
        template = "admin/search/evaluationrun/_panel.html"
        context = self._panel(request, self._run(request, str(pk)))
        return require_safe(TemplateResponse)(request, template, context)

    def report_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The page as it was written; its own style and pictures are allowed, nothing else."""
        file = report_path(self._run(request, str(pk)))
        if request.method not in {"GET", "HEAD"} or file is None or not file.is_file():
            raise Http404("This run has no page (any more).")
        page = file.read_text(encoding="utf-8")
        style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
        digest = hashlib.sha256((style.group(1) if style else "").encode()).digest()
        allowed = base64.b64encode(digest).decode()
        response = HttpResponse(page)
        response.headers["Content-Security-Policy"] = (
            f"default-src 'none'; img-src data:; style-src 'sha256-{allowed}'; "
            "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
        )
        return response

    def start_view(self, request: HttpRequest) -> HttpResponse:
        """Ask which task, then enqueue."""
        return require_http_methods(["GET", "HEAD", "POST"])(self._start)(request)

    def _start(self, request: HttpRequest) -> HttpResponse:
        if not self.may_start(request):
            raise PermissionDenied
        error = ""
        if request.method == "POST":
            try:
                run = evaluation_request(task=request.POST.get("task", ""))
            except ValueError:
                error = "Choose one of the three tasks."
            else:
                messages.success(request, "The catalog will be measured; this page shows progress.")
                return HttpResponseRedirect(
                    reverse("admin:search_evaluationrun_change", args=[run.pk])
                )
        context = {
            **self.admin_site.each_context(request),
            "title": "Evaluate the catalog",
            "opts": self.opts,
            "error": error,
            "tasks": [(task, ABOUT[task]) for task in OFFERED],
            "back": reverse("admin:search_evaluationrun_changelist"),
        }
        return TemplateResponse(request, "admin/search/evaluationrun/start.html", context)

    def may_start(self, request: HttpRequest) -> bool:
        return request.user.has_perm("search.add_evaluationrun")

    def _run(self, request: HttpRequest, number: str) -> EvaluationRun:
        run: EvaluationRun | None = self.get_object(request, number)
        if run is None:
            raise Http404("There is no such evaluation.")
        if not self.has_view_permission(request, run):
            raise PermissionDenied
        return run

    def _panel(self, request: HttpRequest, run: EvaluationRun) -> dict[str, Any]:
        others = evaluations_comparable(run=run)
        chosen = request.GET.get("against", "")
        older = [one for one in others if one.requested_at < run.requested_at]
        earlier = next((one for one in others if str(one.pk) == chosen), None)
        if earlier is None and not chosen:
            earlier = next(iter(older), None)
        comparison = evaluation_compare(run=run, earlier=earlier)
        file = report_path(run)
        return {
            "run": run,
            "others": others,
            "earlier": earlier,
            "comparison": comparison,
            "metrics": [METRICS[name] for name in comparison.metrics],
            "unfinished": run.status in EvaluationRun.UNFINISHED,
            "has_report": file is not None and file.is_file(),
        }


admin.site.register(EvaluationRun, EvaluationRunAdmin)
