"""Where all processes that crawl meet, to count together what a host is asked."""

from __future__ import annotations

from django.conf import settings

_SCHEMES = {"redis": "redis", "rediss": "rediss", "redis+socket": "unix", "unix": "unix",
            "valkey": "redis", "valkeys": "rediss"}  # fmt: skip


def meeting_url() -> str | None:
    """The Valkey or Redis of all workers, as a client takes it; None where there is none."""
    told = settings.SHOEFINDER_POLITENESS_URL or settings.CELERY_BROKER_URL
    scheme, parted, rest = told.partition("://")
    return f"{_SCHEMES[scheme]}://{rest}" if parted and scheme in _SCHEMES else None
