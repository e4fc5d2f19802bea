"""Photos from MEDIA_ROOT, for a machine without a web server in front (SHOEFINDER_SERVE_MEDIA)."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404
from django.http.request import HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe
from django.views.static import serve

IMMUTABLE = "public, max-age=31536000, immutable"
PRIVATE = "private, max-age=3600"


@require_safe
def media(request: HttpRequest, path: str) -> HttpResponseBase:
    """A stored photo; catalog photos are named by content and never change."""
    if not settings.SHOEFINDER_SERVE_MEDIA:
        raise Http404("MEDIA_ROOT is served by the web server in front")
    response = serve(request, path, document_root=str(settings.MEDIA_ROOT))
    response["Cache-Control"] = PRIVATE if path.startswith("queries/") else IMMUTABLE
    response["X-Content-Type-Options"] = "nosniff"
    return response
