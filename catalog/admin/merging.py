"""Merging models and taking it back: choose, see what moves, confirm."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from catalog.exceptions import MergeError
from catalog.models import ShoeModel, ShoeModelMerge
from catalog.services.merging import MergePlan, model_merge, model_merge_plan, model_unmerge


class TargetForm(forms.Form):
    """Which of the models stays; with one model chosen, any other may be searched for."""

    def __init__(self, *args: Any, chosen: list[ShoeModel], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if len(chosen) > 1:
            self.fields["target"] = forms.ModelChoiceField(
                ShoeModel.objects.filter(pk__in=[model.pk for model in chosen])
                .select_related("brand")
                .order_by("pk"),
                widget=forms.RadioSelect,
                empty_label=None,
                label="The model that stays",
            )
        else:
            self.fields["target"] = forms.ModelChoiceField(
                ShoeModel.objects.filter(merged_into=None).select_related("brand"),
                widget=AutocompleteSelect(
                    ShoeModelMerge._meta.get_field("target"),
                    admin.site,
                ),
                label="The model to merge into",
            )


@require_http_methods(["GET", "POST"])
def merge_view(request: HttpRequest) -> HttpResponse:
    """GET: choose what stays, then see what would move. POST: do it."""
    if not request.user.has_perm("catalog.change_shoemodel"):
        raise PermissionDenied
    data = request.POST if request.method == "POST" else request.GET
    chosen = _chosen(data.get("ids", ""))
    form = TargetForm(data if "target" in data else None, chosen=chosen)
    plans: list[MergePlan] = []
    error = ""
    if form.is_bound and form.is_valid():
        target = form.cleaned_data["target"]
        sources = [model for model in chosen if model.pk != target.pk]
        try:
            plans = [model_merge_plan(source=source, target=target) for source in sources]
            if not plans:
                raise MergeError("Choose a model to merge this one into.")
            if request.method == "POST":
                for source in sources:
                    model_merge(source=source, target=target, by=request.user)  # type: ignore[arg-type]
                names = ", ".join(str(source) for source in sources)
                messages.success(request, f"{names} merged into {target}.")
                return HttpResponseRedirect(
                    reverse("admin:catalog_shoemodel_change", args=[target.pk])
                )
        except MergeError as refused:
            plans, error = [], str(refused)
    context = _context(request, "Merge models") | {
        "chosen": chosen,
        "ids": ",".join(str(model.pk) for model in chosen),
        "form": form,
        "plans": plans,
        "target": form.cleaned_data.get("target") if plans else None,
        "error": error,
    }
    return TemplateResponse(request, "admin/catalog/merge.html", context)


@require_http_methods(["GET", "POST"])
def unmerge_view(request: HttpRequest, merge_id: int) -> HttpResponse:
    """GET: see what would go back. POST: do it."""
    if not request.user.has_perm("catalog.change_shoemodel"):
        raise PermissionDenied
    merge = (
        ShoeModelMerge.objects.select_related("source__brand", "target__brand")
        .filter(pk=merge_id)
        .first()
    )
    if merge is None:
        raise Http404
    if request.method == "POST":
        try:
            source = model_unmerge(merge=merge)
        except MergeError as refused:
            messages.error(request, str(refused))
            return HttpResponseRedirect(
                reverse("admin:catalog_shoemodelmerge_change", args=[merge.pk])
            )
        messages.success(request, f"{source} stands by itself again.")
        return HttpResponseRedirect(reverse("admin:catalog_shoemodel_change", args=[source.pk]))
    context = _context(request, "Undo a merge") | {"merge": merge}
    return TemplateResponse(request, "admin/catalog/unmerge.html", context)


def _chosen(text: str) -> list[ShoeModel]:
    numbers = [int(part) for part in text.split(",")[:50] if part.isdigit() and len(part) < 19]
    chosen = list(ShoeModel.objects.filter(pk__in=numbers).select_related("brand").order_by("pk"))
    if not chosen:
        raise Http404
    return chosen


def _context(request: HttpRequest, title: str) -> dict[str, Any]:
    return {**admin.site.each_context(request), "title": title, "opts": ShoeModel._meta}
