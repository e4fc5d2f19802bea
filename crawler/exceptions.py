"""Errors of the crawler. Each message is written for the person who must act."""

from __future__ import annotations


class CrawlerError(Exception):
    """Anything that the crawler refuses; the message says what, and the mend where there is one."""


class CrawlRefused(CrawlerError):
    """A run that may not start, or an action that does not fit the run's state."""


class BrowserMissing(CrawlerError):
    """A source needs a browser, and this worker has none."""


class SourceInvalid(CrawlerError):
    """A source that could never be crawled: no seed, a wrong address or host."""
