"""The queue of titles that could not be read for sure: one at a time, one key for a decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from catalog.admin.base import ModelAdmin
from catalog.exceptions import CatalogError
from catalog.models import Colorway, ImageStatus, ShoeImage, ShoeModel, TitleReview
from catalog.selectors.titles import titles_report, titles_waiting
from catalog.services.titles import (
    title_review_confirm,
    title_review_create,
    title_review_dismiss,
    title_review_put_off,
    title_review_undo,
)
from catalog.thumbnails import thumbnail_url

PHOTOS_SHOWN = 4
THUMBNAIL = 320


@dataclass(frozen=True, slots=True)
class Choice:
    """A candidate as the page shows it."""

    key: int
    model: ShoeModel
    cover: str
    """Address of a small photo, or ""."""
    title: int
    photo: int
    score: int
    """Per cent."""


@admin.register(TitleReview)
class TitleReviewAdmin(ModelAdmin):
    change_list_template = "admin/catalog/titles.html"
    list_display = ("title", "status", "read", "sure", "shop", "decided_by", "decided_at")
    list_filter = ("status", "listing__retailer")
    list_select_related = ("listing__retailer", "decided_by")
    search_fields = ("title", "brand", "model_text")
    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # It goes with its listing.

    @admin.display(description="shop", ordering="listing__retailer__name")
    def shop(self, row: TitleReview) -> str:
        return str(row.listing.retailer)

    @admin.display(description="confidence", ordering="confidence")
    def sure(self, row: TitleReview) -> str:
        return f"{row.confidence:.0%}"

    @admin.display(description="read as", ordering="model_text")
    def read(self, row: TitleReview) -> str:
        return f"{row.brand} {row.model_text}".strip()

    def get_urls(self) -> list[URLPattern]:
        def named(route: str, view: Any, name: str) -> URLPattern:
            found: URLPattern = path(
                route, self.admin_site.admin_view(view), name=f"catalog_titlereview_{name}"
            )
            return found

        return [
            named("review/", require_safe(never_cache(self.queue_view)), "review"),
            named("review/<int:pk>/", require_safe(never_cache(self.queue_view)), "review_one"),
            named("review/<int:pk>/decide/", require_POST(self.decide_view), "decide"),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {
            **(extra_context or {}),
            "title": "Titles that had to be read",
            "reports": titles_report(),
            "waiting": titles_waiting().count(),
        }
        return super().changelist_view(request, context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """A decision is not edited in a form: it is made, or undone, on the queue's page."""
        if not object_id.isdecimal():
            raise Http404
        url = reverse("admin:catalog_titlereview_review_one", args=[int(object_id)])
        return HttpResponseRedirect(url)

    def queue_view(self, request: HttpRequest, pk: int | None = None) -> HttpResponse:
        """The next title that waits, or the one asked for."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        review = self._one(pk) if pk is not None else titles_waiting().first()
        waiting = titles_waiting().count()
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Which model is this?",
            "review": review,
            "waiting": waiting,
            "open": review is not None and review.status == TitleReview.Status.WAITING,
            "undoable": review is not None
            and review.status in (TitleReview.Status.CONFIRMED, TitleReview.Status.DISMISSED),
            "last": self._last(request, review),
            "choices": _choices(review) if review else [],
            "photos": _photos(review) if review else [],
            "may_decide": self.has_change_permission(request),
            "reports": titles_report() if review is None else [],
        }
        return TemplateResponse(request, "admin/catalog/title_review.html", context)

    def decide_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        review = self._one(pk)
        if not self.has_change_permission(request, review):
            raise PermissionDenied
        try:
            said = _decide(request, review, request.POST)
        except CatalogError as error:
            messages.error(request, str(error))
            return HttpResponseRedirect(
                reverse("admin:catalog_titlereview_review_one", args=[review.pk])
            )
        messages.success(request, said)
        if "undo" in request.POST:
            return HttpResponseRedirect(
                reverse("admin:catalog_titlereview_review_one", args=[review.pk])
            )
        return HttpResponseRedirect(reverse("admin:catalog_titlereview_review"))

    def _one(self, pk: int) -> TitleReview:
        review = TitleReview.objects.select_related("listing__retailer", "decided_by").filter(pk=pk)
        found = review.first()
        if found is None:
            raise Http404
        return found

    def _last(self, request: HttpRequest, shown: TitleReview | None) -> TitleReview | None:
        """What this person decided last, to be undone with one key."""
        rows: QuerySet[TitleReview] = TitleReview.objects.filter(
            decided_by_id=request.user.pk,
            status__in=(TitleReview.Status.CONFIRMED, TitleReview.Status.DISMISSED),
        ).order_by("-decided_at")
        last = rows.first()
        return None if last is None or (shown is not None and last.pk == shown.pk) else last


def _decide(request: HttpRequest, review: TitleReview, said: Mapping[str, str]) -> str:
    by: Any = request.user
    if "undo" in said:
        title_review_undo(review=review)
        return f"Taken back: “{review.title}” waits again."
    if "later" in said:
        title_review_put_off(review=review)
        return f"“{review.title}” comes again after the others."
    if "dismiss" in said:
        title_review_dismiss(review=review, by=by)
        return f"“{review.title}” stays without a model."
    if "create" in said:
        model, followers = title_review_create(
            review=review, brand=said.get("brand", ""), model=said.get("model_name", ""), by=by
        )
    else:
        number = said.get("model", "")
        found = ShoeModel.objects.select_related("brand", "merged_into__brand").filter(
            pk=int(number) if number.isdecimal() and len(number) < 19 else 0
        )
        chosen = found.first()
        if chosen is None:
            raise CatalogError("This model is gone. Choose another one.")
        model, followers = chosen, title_review_confirm(review=review, model=chosen, by=by)
    more = f" {followers} more of the same words followed." if followers else ""
    return f"“{review.title}” is {model}.{more}"


def _choices(review: TitleReview) -> list[Choice]:
    rows = {int(one["model"]): one for one in review.candidates}
    models = ShoeModel.objects.select_related("brand").filter(pk__in=rows, merged_into=None)
    found = {model.pk: model for model in models}
    covers: dict[int, str] = {}
    colorways = Colorway.objects.filter(model__in=found, cover__isnull=False)
    for colorway in colorways.select_related("cover").order_by("-pk"):
        if colorway.cover is not None:
            covers[colorway.model_id] = thumbnail_url(colorway.cover, THUMBNAIL)
    shown = [(found[number], one) for number, one in rows.items() if number in found]
    return [
        Choice(
            key,
            model,
            covers.get(model.pk, ""),
            round(100 * one["title"]),
            round(100 * one["photo"]),
            round(100 * one["score"]),
        )
        for key, (model, one) in enumerate(shown, start=1)
    ]


def _photos(review: TitleReview) -> list[str]:
    photos = ShoeImage.objects.filter(
        sources__listing=review.listing_id, status=ImageStatus.ACCEPTED
    ).order_by("sources__position", "pk")
    return [thumbnail_url(photo, THUMBNAIL) for photo in photos.distinct()[:PHOTOS_SHOWN]]
