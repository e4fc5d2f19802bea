"""Runs in the admin: a list, and a page that shows a run live and cancels or resumes it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern
from django.views.decorators.http import require_POST

from crawler.admin.letters import letters_url
from crawler.admin.live import LivePageAdmin
from crawler.admin.searches import models_url
from crawler.models import CrawlRun
from crawler.selectors import letters_count, run_log_tail
from crawler.services import crawl_run_cancel, crawl_run_delete, crawl_run_resume
from crawler.types import PREVIEW_ITEMS
from crawler.views import report_path


@admin.register(CrawlRun)
class CrawlRunAdmin(LivePageAdmin[CrawlRun]):
    page_template = "admin/crawler/run.html"
    parts_template = "admin/crawler/_run_parts.html"
    page_related = ("source", "requested_by")
    list_display = (
        "id", "source", "status", "created_at", "elapsed", "pages", "products", "photos_new",
        "errors", "is_dry_run", "is_retry",
    )  # fmt: skip
    list_display_links = ("id", "source")
    list_filter = ("status", "is_dry_run", "is_retry", "trigger", "source")
    list_select_related = ("source",)
    date_hierarchy = "created_at"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def delete_model(self, request: HttpRequest, obj: CrawlRun) -> None:
        crawl_run_delete(run=obj)

    def get_urls(self) -> list[URLPattern]:
        return [
            self.named("cancel", require_POST(self.cancel_view)),
            self.named("resume", require_POST(self.resume_view)),
            *super().get_urls(),
        ]

    def page_title(self, work: CrawlRun) -> str:
        what = "Dry run of" if work.is_dry_run else "Letters of" if work.is_retry else "Crawl of"
        return f"{what} {work.source}"

    def cancel_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        def cancel(run: CrawlRun) -> None:
            crawl_run_cancel(run=run)

        return self.act(request, pk, cancel, "The crawl is being cancelled.")

    def resume_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        def resume(run: CrawlRun) -> None:
            crawl_run_resume(run=run, trigger=CrawlRun.Trigger.ADMIN)

        return self.act(request, pk, resume, "The crawl goes on where it was.")

    def told(self, request: HttpRequest, work: CrawlRun) -> dict[str, Any]:
        return {
            "run": work,
            "kinds": list(work.error_kinds.all()),
            "items": [item.content for item in work.preview_items.all()],
            "items_wanted": PREVIEW_ITEMS,
            "letters": letters_count(work),
            "letters_url": letters_url(work.source),
            "models_url": models_url(work.source),
            "log": run_log_tail(work),
            "report": "" if work.is_dry_run else request.build_absolute_uri(report_path(work)),
            "may_act": self.has_change_permission(request, work),
            "may_delete": self.has_delete_permission(request, work),
        }
