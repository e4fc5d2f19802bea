"""Every way in which a request can fail, as a kind that people can count and a sentence to read."""

from __future__ import annotations

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
from scrapy.spidermiddlewares.httperror import HttpError

from crawler.scraping.guard import GuardedResolver, HostRefused
from crawler.types import Problem


class CrawlClosing(IgnoreRequest):
    """The crawl is ending: this request is left for the next attempt."""


ROBOTS = "Forbidden by robots.txt"
REDIRECTS = "max redirections reached"

_BY_TYPE: tuple[tuple[type[BaseException], str, str], ...] = (
    (DownloadTimeoutError, "timeout", "The shop took too long to answer."),
    (DownloadConnectionRefusedError, "connection-refused", "Nothing answers at this address."),
    (ResponseDataLossError, "truncated", "The connection ended before everything had arrived."),
    (DownloadCancelledError, "too-many-bytes", "The answer is larger than the limit."),
    (UnsupportedURLSchemeError, "not-http", "The address is not one of http or https."),
)


def problem_of(error: BaseException, request: Request) -> Problem:
    """The problem that a failed request or an unwanted status is."""
    url = request.url
    chain = request.meta.get("redirect_urls") or []
    if isinstance(error, HttpError):
        return status_problem(error.response.status, url)
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


def status_problem(status: int, url: str) -> Problem:
    """An HTTP status that is not an answer."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "unknown status"
    return Problem(f"http-{status}", url, f"The shop answered {status} {phrase}.")
