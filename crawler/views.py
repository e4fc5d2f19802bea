"""A run's report: a page that can be sent around, at an address that is signed and expires."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from crawler.models import CrawlRun
from crawler.selectors import run_report

SALT = "crawler.report"
_FILE_STYLE = (
    "html{color-scheme:light dark;font-family:system-ui,sans-serif}"
    "body{margin:0}"
)  # fmt: skip


def report_path(run: CrawlRun) -> str:
    """The report's address; whoever has it may read it, until it expires."""
    return reverse("crawler:report", args=[signing.dumps(run.pk, salt=SALT)])


@require_safe
def report(request: HttpRequest, token: str) -> HttpResponse:
    """The report of the run that an address names; with ``?file=1`` as a file without links to
    this site."""
    days = settings.SHOEFINDER_REPORT_DAYS
    try:
        number = signing.loads(token, salt=SALT, max_age=days * 86400)
    except signing.SignatureExpired:
        message = f"A report can be read for {days:g} days. Ask for a new address."
        return TemplateResponse(request, "crawler/report_gone.html", {"message": message},
                                status=410)  # fmt: skip
    except signing.BadSignature as error:
        raise Http404("This is no address of a report.") from error
    run = get_object_or_404(CrawlRun.objects.select_related("source__retailer"), pk=number)
    context: dict[str, Any] = run_report(run)
    if "file" not in request.GET:
        context |= {"base": "base.html"}
        response = TemplateResponse(request, "crawler/report.html", context)
        response.headers["Cache-Control"] = "private, no-store"
        return response
    context |= {"base": "crawler/report_file.html", "whole": True, "css": _FILE_STYLE + _css()}
    content = render_to_string("crawler/report.html", context)
    name = f"{slugify(run.source.name) or 'crawl'}-{run.pk}.html"
    return HttpResponse(content, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _css() -> str:
    """The style sheets of the report, for a file that stands alone."""
    found = [finders.find(f"crawler/{name}.css") for name in ("report", "plots")]
    texts = []
    for path in found:
        if isinstance(path, str):
            with open(path, encoding="utf-8") as file:
                texts.append(file.read())
    return "".join(texts)
