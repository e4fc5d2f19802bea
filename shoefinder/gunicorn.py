"""Gunicorn's configuration: ``gunicorn shoefinder.wsgi --config python:shoefinder.gunicorn``."""

from __future__ import annotations

import os
from typing import Any

worker_class = "gthread"
threads = 4
# A search holds a thread while the encoder computes; a cold start of the encoder takes seconds.
timeout = 60
graceful_timeout = 15
# An address holds a whole query: 300 letters in Korean alone take 2,700 bytes, twice that beside
# corrected chips. The default of 4,094 would answer such a query with a bare page.
limit_request_line = 8190
accesslog = None
"""django_structlog tells each request."""


def post_worker_init(worker: Any) -> None:
    """Load encoder and index beside the first requests rather than within one of them."""
    from django.conf import settings

    if settings.SHOEFINDER_WARM_UP:
        from search import warm_up_in_background

        warm_up_in_background()


def child_exit(server: Any, worker: Any) -> None:
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        from prometheus_client import multiprocess

        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
