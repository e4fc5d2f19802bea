"""How often one address may ask the API, and send photos anywhere."""

from __future__ import annotations

import time

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from ninja.throttling import BaseThrottle, SimpleRateThrottle


class WindowThrottle(BaseThrottle):
    """At most N requests per window of time and client address.

    Ninja's own throttles keep the history of the current request on the throttle, which all
    threads of a process share, and rewrite it with read and set. This one adds to a counter in
    the cache and keeps nothing. Whose address counts: see SHOEFINDER_PROXIES.
    """

    def __init__(self, scope: str, setting: str) -> None:
        self.scope = scope
        self.setting = setting

    def allow_request(self, request: HttpRequest) -> bool:
        limit, period = self._rate()
        window = int(time.time() // period)
        key = f"throttle:{self.scope}:{window}:{self.get_ident(request)}"
        cache.add(key, 0, timeout=period)
        try:
            return bool(cache.incr(key) <= limit)
        except ValueError:  # the window ended between the two calls
            return True

    def wait(self) -> float:
        """Seconds until the window ends."""
        _, period = self._rate()
        return period - time.time() % period

    def _rate(self) -> tuple[int, int]:
        count, period = SimpleRateThrottle("1/s").parse_rate(getattr(settings, self.setting))
        return count or 0, period or 1


api_throttle = WindowThrottle("api", "SHOEFINDER_API_RATE")
report_throttle = WindowThrottle("report", "SHOEFINDER_UPLOAD_RATE")
upload_throttle = WindowThrottle("upload", "SHOEFINDER_UPLOAD_RATE")
