"""A counter for each window of time."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.test import RequestFactory

from search import throttling
from search.throttling import WindowThrottle


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    clock = {"t": 1_000_000.0}
    monkeypatch.setattr(throttling.time, "time", lambda: clock["t"])
    return clock


def test_a_window_ends(now: dict[str, float], settings: Any) -> None:
    settings.SHOEFINDER_API_RATE = "2/m"
    throttle = WindowThrottle("test-window", "SHOEFINDER_API_RATE")
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.9")
    assert [throttle.allow_request(request) for _ in range(3)] == [True, True, False]
    assert throttle.wait() == pytest.approx(60 - 1_000_000 % 60)
    now["t"] += throttle.wait()
    assert throttle.allow_request(request)


def test_a_counter_that_vanishes_lets_pass(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.SHOEFINDER_API_RATE = "0/m"
    monkeypatch.setattr(cache, "add", lambda *args, **options: True)
    throttle = WindowThrottle("test-vanish", "SHOEFINDER_API_RATE")
    assert throttle.allow_request(RequestFactory().get("/", REMOTE_ADDR="192.0.2.10"))
