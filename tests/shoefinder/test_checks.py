"""Bad settings are told at the start, with the mend."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks

from shoefinder.logs import logging_config
from shoefinder.sockets import MAX_SOCKET_PATH, valkey_socket


def messages() -> dict[str, str]:
    return {str(message.id): f"{message.msg} {message.hint or ''}" for message in run_checks()}


def test_the_defaults_pass() -> None:
    assert not [name for name in messages() if name.startswith("shoefinder")]


@pytest.mark.parametrize(
    ("name", "value", "code", "mend"),
    [
        ("SHOEFINDER_UPLOAD_HOURS", 0.0, "shoefinder.E001", "above zero"),
        ("SHOEFINDER_ENCODER", "none-such", "shoefinder.E002", "fake"),
        ("SHOEFINDER_STORE", "none-such", "shoefinder.E002", "memory"),
        ("SHOEFINDER_POLITENESS_URL", "amqp://host//", "shoefinder.E007", "redis://host"),
        ("SHOEFINDER_CURRENCY", "euro", "shoefinder.E004", "EUR"),
        ("MEDIA_ROOT", Path("/proc/none"), "shoefinder.E005", "SHOEFINDER_MEDIA_ROOT"),
        ("MEDIA_ROOT", Path(__file__), "shoefinder.E006", "not a folder"),
        (
            "SHOEFINDER_STORES",
            {"memory": {"BACKEND": "search.stores.nowhere.Store"}},
            "shoefinder.E003",
            "nowhere",
        ),
    ],
)
def test_a_bad_setting_is_told(
    settings: Any, name: str, value: object, code: str, mend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if code == "shoefinder.E005":
        monkeypatch.setattr("os.access", lambda path, mode: not str(path).startswith("/proc"))
    setattr(settings, name, value)
    assert mend in messages()[code]


def test_a_long_folder_still_gets_a_socket(tmp_path: Path) -> None:
    assert valkey_socket(Path("/srv/shoes")) == Path("/srv/shoes/valkey.sock")
    deep = tmp_path / ("x" * 120)
    assert len(str(valkey_socket(deep))) <= MAX_SOCKET_PATH
    assert valkey_socket(deep) != valkey_socket(tmp_path / ("y" * 120))


@pytest.mark.parametrize("output", ["json", "console"])
def test_logs_are_for_machines_or_for_people(
    output: str, capsys: pytest.CaptureFixture[str]
) -> None:
    import logging
    import logging.config

    import structlog

    config = logging_config(level="INFO", output=output)
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        logging.config.dictConfig({**config, "loggers": {}})
        with structlog.contextvars.bound_contextvars(run_id=7):
            structlog.get_logger("crawl").info("photo_stored", kilobytes=12)
        told = capsys.readouterr().err
    finally:
        root.handlers[:], root.level = handlers, level
    assert "photo_stored" in told
    assert ('"run_id": 7' if output == "json" else "run_id=7") in told
