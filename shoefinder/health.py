"""Is it alive, is it ready: two questions of a load balancer, answered in two ways."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from shoefinder.celery import app

log = structlog.get_logger(__name__)

BROKER_TIMEOUT_SECONDS = 2


def check_database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return connection.vendor


def check_broker() -> str:
    with app.connection_for_read(connect_timeout=BROKER_TIMEOUT_SECONDS) as broker:
        broker.ensure_connection(max_retries=1, interval_start=0, timeout=BROKER_TIMEOUT_SECONDS)
    return str(broker.transport.driver_type)


def check_encoder() -> str:
    from search.services import active_encoder

    return str(active_encoder().id)


def check_index() -> str:
    from search.services import index_require

    status = index_require()
    return f"{status.indexed} photos, {status.waiting} waiting"


CHECKS: dict[str, Callable[[], str]] = {
    "database": check_database,
    "broker": check_broker,
    "encoder": check_encoder,
    "index": check_index,
}


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers; says nothing of what it needs."""
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Whether a search would be answered now; 503 and the name of what fails if not."""
    parts: dict[str, dict[str, str]] = {}
    for name, check in CHECKS.items():
        try:
            parts[name] = {"status": "ok", "detail": check()}
        except Exception as error:  # every fault of a part is an answer here, never a traceback
            log.warning("readiness_check_failed", part=name, error=str(error))
            parts[name] = {"status": "failed", "detail": type(error).__name__}
            if settings.DEBUG:
                parts[name]["detail"] = f"{type(error).__name__}: {error}"
    ready = all(part["status"] == "ok" for part in parts.values())
    return JsonResponse({"ready": ready, "parts": parts}, status=200 if ready else 503)
