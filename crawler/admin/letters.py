"""Dead letters in the admin: what failed, why, when it is tried again; retried or forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from crawler.models import CrawlSource, DeadLetter
from crawler.services import letters_forget, letters_retry

if TYPE_CHECKING:
    LetterAdminBase = admin.ModelAdmin[DeadLetter]
else:
    LetterAdminBase = admin.ModelAdmin

SHOWN_CHARACTERS = 80


def letters_url(source: CrawlSource) -> str:
    """The list of a source's letters."""
    query = urlencode({"source__id__exact": source.pk})
    return f"{reverse('admin:crawler_deadletter_changelist')}?{query}"


@admin.register(DeadLetter)
class DeadLetterAdmin(LetterAdminBase):
    list_display = (
        "address", "reason", "stand", "next_try_at", "runs", "kind", "source", "last_failed_at",
    )  # fmt: skip
    list_filter = ("state", "source", "reason", "kind")
    list_select_related = ("source",)
    search_fields = ("url",)
    list_per_page = 100
    show_full_result_count = False
    actions = ("retry_now", "forget")
    fields = readonly_fields = (
        "source", "link", "kind", "state", "reason", "message", "attempts", "first_failed_at",
        "last_failed_at", "next_try_at", "held_until", "noted_in", "retried_in",
    )  # fmt: skip

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def get_actions(self, request: HttpRequest) -> Any:
        """Forgetting is the one way to delete."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def delete_model(self, request: HttpRequest, obj: DeadLetter) -> None:
        letters_forget(letters=DeadLetter.objects.filter(pk=obj.pk))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {"title": "Dead letters: what failed and is tried again", **(extra_context or {})}
        return super().changelist_view(request, context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """There is nothing to save: only runs write letters."""
        buttons = ("show_save", "show_save_and_continue", "show_save_and_add_another")
        context = {
            "title": "Dead letter", **dict.fromkeys(buttons, False), **(extra_context or {}),
        }  # fmt: skip
        return super().change_view(request, object_id, form_url, context)

    @admin.display(description="address", ordering="url")
    def address(self, letter: DeadLetter) -> str:
        url = letter.url.partition("://")[2]
        return url if len(url) <= SHOWN_CHARACTERS else f"{url[:SHOWN_CHARACTERS]}…"

    @admin.display(description="state", ordering="state")
    def stand(self, letter: DeadLetter) -> str:
        return "Given up" if letter.state == DeadLetter.State.DEAD else "Waiting"

    @admin.display(description="runs", ordering="attempts")
    def runs(self, letter: DeadLetter) -> int:
        return letter.attempts

    @admin.display(description="address")
    def link(self, letter: DeadLetter) -> SafeString:
        return format_html('<a href="{0}" rel="noreferrer noopener">{0}</a>', letter.url)

    @admin.display(description="failed last in")
    def noted_in(self, letter: DeadLetter) -> str:
        return _run_link(letter.last_run)

    @admin.display(description="retried by hand in")
    def retried_in(self, letter: DeadLetter) -> str:
        return _run_link(letter.retried_by)

    @admin.action(description="Retry now: a run over just these", permissions=["change"])
    def retry_now(self, request: HttpRequest, chosen: QuerySet[DeadLetter]) -> None:
        by: Any = request.user
        runs, refused = letters_retry(letters=chosen, by=by)
        for run in runs:
            text = format_html('A run over letters of “{}” <a href="{}">has been asked for</a>.',
                               run.source, run.get_absolute_url())  # fmt: skip
            messages.success(request, text)
        for reason in refused:
            messages.error(request, reason)

    @admin.action(description="Forget: as if they had never failed", permissions=["delete"])
    def forget(self, request: HttpRequest, chosen: QuerySet[DeadLetter]) -> None:
        count = letters_forget(letters=chosen)
        messages.success(request, f"{count} forgotten. The next crawl that meets one asks for it.")


def _run_link(run: Any) -> str:
    return format_html('<a href="{}">{}</a>', run.get_absolute_url(), run) if run else "–"
