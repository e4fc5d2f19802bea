"""Warming up never keeps a web process from starting."""

from __future__ import annotations

from typing import Any

import pytest

from search.encoders import get_encoder
from search.warmup import warm_up, warm_up_in_background

pytestmark = pytest.mark.django_db


def test_warms_without_an_index() -> None:
    warm_up()
    assert get_encoder().dim


def test_an_encoder_that_is_not_there_is_told(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.SHOEFINDER_ENCODER = "none-such"
    warm_up()
    assert "SHOEFINDER_ENCODER" in caplog.text


def test_in_background(monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    called = threading.Event()
    monkeypatch.setattr("search.warmup.warm_up", called.set)
    warm_up_in_background()
    assert called.wait(10)
