"""Every way in which a request can fail, as a kind that people can count and a sentence to read."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
    UnsupportedURLSchemeError,
)
from scrapy.http import Response
from scrapy.spidermiddlewares.httperror import HttpError

from crawler.scraping.guard import IS_PHOTO, GuardedResolver, HostRefused
from crawler.types import Problem


class CrawlClosing(IgnoreRequest):
    """The crawl is ending: this request is left for the next attempt."""


ROBOTS = "Forbidden by robots.txt"
REDIRECTS = "max redirections reached"
PHOTO = "photo-"
"""Before the kind of a problem that a photo has, to tell it from a page's."""
MENDABLE = {"timeout", "connection-refused", "truncated", "download-failed", "unknown-host",
            "http-408", "http-429"}  # fmt: skip
"""Kinds of problem that may be over by themselves, beside all of a server's own (http-5xx)."""

_BY_TYPE: tuple[tuple[type[BaseException], str, str], ...] = (
    (DownloadTimeoutError, "timeout", "The shop took too long to answer."),
    (DownloadConnectionRefusedError, "connection-refused", "Nothing answers at this address."),
    (ResponseDataLossError, "truncated", "The connection ended before everything had arrived."),
    (DownloadCancelledError, "too-many-bytes", "The answer is larger than the limit."),
    (UnsupportedURLSchemeError, "not-http", "The address is not one of http or https."),
)


def problem_of(error: BaseException, request: Request) -> Problem:
    """The problem that a failed request or an unwanted status is."""
    problem = _problem_of(error, request)
    if request.meta.get(IS_PHOTO) and not problem.is_notice:
        return replace(problem, kind=f"{PHOTO}{problem.kind}")
    return problem


def is_mendable(problem: Problem) -> bool:
    """Whether it may be over by itself: timeouts, 5xx, 429, names not found, broken connections."""
    kind = reason_of(problem)
    return not problem.is_notice and (kind in MENDABLE or kind.startswith("http-5"))


def reason_of(problem: Problem) -> str:
    """The kind of a problem, whether a page or a photo has it."""
    return problem.kind.removeprefix(PHOTO)


def _problem_of(error: BaseException, request: Request) -> Problem:
    url = request.url
    chain = request.meta.get("redirect_urls") or []
    if isinstance(error, HttpError):
        return status_problem(error.response, url)
    if isinstance(error, HostRefused):
        return Problem("host-not-allowed", url, str(error), is_notice=True)
    if isinstance(error, IgnoreRequest) and ROBOTS in str(error):
        return Problem("robots", url, "robots.txt asks not to fetch this page.", is_notice=True)
    if isinstance(error, IgnoreRequest) and REDIRECTS in str(error):
        start = chain[0] if chain else url
        return Problem("redirect-loop", start, f"Redirected {len(chain)} times, at last to {url}.")
    if isinstance(error, CannotResolveHostError):
        host = urlsplit(url).hostname or ""
        if host in GuardedResolver.refused:
            message = (
                f"{host} leads to a private address. If that is meant, name this very host among "
                "the source's allowed hosts."
            )
            return Problem("host-not-allowed", url, message, is_notice=True)
        return Problem("unknown-host", url, f"The name {host} is not known.")
    for kind_of_error, kind, message in _BY_TYPE:
        if isinstance(error, kind_of_error):
            return Problem(kind, url, message)
    if "ssl" in type(error).__module__.lower() or "certificate" in str(error).lower():
        return Problem("tls", url, f"No secure connection: {error}"[:300])
    return Problem("download-failed", url, f"{type(error).__name__}: {error}"[:300])


def status_problem(response: Response, url: str) -> Problem:
    """An HTTP status that is not an answer."""
    status = response.status
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "unknown status"
    message = f"The shop answered {status} {phrase}."
    return Problem(f"http-{status}", url, message, retry_after=retry_after(response))


def retry_after(response: Response) -> float | None:
    """Seconds that the answer asks to wait, from a number or a date; None if it does not say."""
    written = (response.headers.get("Retry-After") or b"").decode("latin-1").strip()
    if written.isdigit():
        return float(written[:9])
    try:
        moment = parsedate_to_datetime(written)
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
