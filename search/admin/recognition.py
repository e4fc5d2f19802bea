"""How names are given, in the admin: fits with a button that trains, and visitors' reports."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from search.admin.base import Followed, ModelAdmin
from search.exceptions import SearchError
from search.models import NameReport, RecogniserFit
from search.recognition.registry import METHODS
from search.services import name_reports_review, recogniser_fit_request
from search.services.recognising import SHOTS

FIGURES: dict[str, tuple[str, str]] = {
    "top1": ("Known models: right at the first name", ".0%"),
    "known": ("Known models: photos", ",.0f"),
    "false_names": ("Unknown models: named all the same", ".0%"),
    "unknown": ("Unknown models: photos", ",.0f"),
    "auroc": ("Known told from unknown (AUROC)", ".3f"),
    "ece": ("Confidence is off by, on average (ECE)", ".3f"),
}
"""In words, and how each is written."""


class TrainForm(forms.Form):
    """What is to be trained."""

    method = forms.ChoiceField(
        choices=lambda: [(method.name, f"{method.title} ({method.name})") for method in
                         METHODS.values()]
    )  # fmt: skip
    shots = forms.TypedChoiceField(
        label="Photos of each model",
        coerce=int,
        choices=[(0, "All"), *((shots, f"At most {shots}") for shots in SHOTS)],
    )


@admin.register(RecogniserFit)
class RecogniserFitAdmin(Followed):
    list_display = (
        "requested_at", "method", "shots", "status", "progress", "photos", "shoe_models", "top1",
        "false_names", "trigger",
    )  # fmt: skip
    list_filter = ("method", "status")
    change_list_template = "admin/search/recogniserfit/change_list.html"
    page_template = "admin/search/recogniserfit/fit.html"
    panel_template = "admin/search/recogniserfit/_panel.html"

    @admin.display(description="Doing")
    def progress(self, fit: RecogniserFit) -> str:
        if fit.status != RecogniserFit.Status.RUNNING or not fit.doing:
            return "–"
        # What is one step has no parts to count.
        return f"{fit.doing}, {fit.count} of {fit.total}" if fit.total > 1 else fit.doing

    @admin.display(description="Right on held-out photos")
    def top1(self, fit: RecogniserFit) -> str:
        return _percent(fit.figures.get("top1"))

    @admin.display(description="Unknown models named")
    def false_names(self, fit: RecogniserFit) -> str:
        return _percent(fit.figures.get("false_names"))

    def get_urls(self) -> list[URLPattern]:
        train = self.admin_site.admin_view(self.train_view)
        return [path("train/", train, name="search_recogniserfit_train"), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        unfinished = RecogniserFit.objects.filter(status__in=RecogniserFit.UNFINISHED)
        extra = {"may_train": self._may_train(request), "unfinished": unfinished.count()}
        return super().changelist_view(request, {**(extra_context or {}), **extra})

    def title_of(self, row: RecogniserFit) -> str:
        return f"A fit of {row.method}"

    def panel(self, row: RecogniserFit) -> dict[str, Any]:
        figures = [
            (name, format(row.figures[key], written))
            for key, (name, written) in FIGURES.items()
            if key in row.figures
        ]
        return {
            "fit": row,
            "unfinished": row.status in RecogniserFit.UNFINISHED,
            "progress": self.progress(row),
            "figures": figures,
        }

    def train_view(self, request: HttpRequest) -> HttpResponse:
        """Choose a method, then enqueue."""
        if not self._may_train(request):
            raise PermissionDenied
        back = reverse("admin:search_recogniserfit_changelist")
        form = TrainForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                recogniser_fit_request(**form.cleaned_data, trigger=RecogniserFit.Trigger.ADMIN)
            except SearchError as error:
                messages.error(request, str(error))
            else:
                messages.success(
                    request, "The method will be trained; this list shows how far it is."
                )
            return HttpResponseRedirect(back)
        return TemplateResponse(
            request,
            "admin/search/recogniserfit/train.html",
            {
                **self.admin_site.each_context(request),
                "title": "Train a method of naming",
                "opts": self.opts,
                "form": form,
                "back": back,
            },
        )

    def _may_train(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("search.add_recogniserfit"))


@admin.register(NameReport)
class NameReportAdmin(ModelAdmin):
    """Reviewed by choosing the right model, and accepting or rejecting."""

    list_display = ("reported_at", "kind", "status", "named", "said", "model", "shown", "method")
    list_filter = ("status", "kind", "method")
    search_fields = ("said", "named__name", "model__name")
    list_select_related = ("named__brand", "model__brand")
    autocomplete_fields = ("model",)
    readonly_fields = (
        "kind", "status", "named", "confidence", "said", "shown", "method", "encoder_id",
        "reported_at", "reviewed_at", "reviewed_by",
    )  # fmt: skip
    fields = ("kind", "named", "confidence", "said", "model", "shown", "status", "method",
              "encoder_id", "reported_at", "reviewed_at", "reviewed_by")  # fmt: skip
    actions = ("accept", "reject")
    change_list_template = "admin/search/namereport/change_list.html"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @admin.display(description="Photo")
    def shown(self, report: NameReport) -> str:
        if not report.photo:
            return "not kept"
        return format_html(
            '<a href="{}"><img src="{}" alt="The visitor\'s photo" height="80"></a>',
            report.photo.url, report.photo.url,
        )  # fmt: skip

    @admin.action(description="Accept as labels", permissions=["change"])
    def accept(self, request: HttpRequest, queryset: QuerySet[NameReport]) -> None:
        done, without = name_reports_review(reports=queryset, accept=True, reviewer=request.user)
        messages.success(request, f"{done} accepted: the next fit learns from them.")
        if without:
            messages.warning(request, f"{without} not: open each and choose the right model first.")

    @admin.action(description="Reject, and delete their photos", permissions=["change"])
    def reject(self, request: HttpRequest, queryset: QuerySet[NameReport]) -> None:
        done, _ = name_reports_review(reports=queryset, accept=False, reviewer=request.user)
        messages.success(request, f"{done} rejected.")


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"
