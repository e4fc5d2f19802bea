"""Runs tasks of ``manage.py evaluate`` in tests, and reads their figures."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

from django.core.management import call_command

from search.evaluation.protocol import Request
from tests.fakes import FakeEncoder

FIGURE = {"value", "low", "high", "n"}


def request(data: Path, **options: Any) -> Request:
    return Request(encoder=FakeEncoder(), data=data, cache=data.parent / "kept", **options)


def evaluate(*arguments: str) -> str:
    out = StringIO()
    call_command("evaluate", *arguments, "--no-record", stdout=out)
    return out.getvalue()


def results(file: Path, task: str) -> dict[str, dict[str, dict[str, float]]]:
    """The JSON of a task, after holding it to the documented form."""
    found = json.loads(file.read_text())
    assert set(found) == {"task", "encoder", "results"}
    assert found["task"] == task
    assert found["encoder"] == FakeEncoder().id
    for row in found["results"].values():
        for figure in row.values():
            assert set(figure) == FIGURE
            assert 0 <= figure["low"] <= figure["value"] <= figure["high"] <= 1
            assert figure["n"] >= 1
    rows: dict[str, dict[str, dict[str, float]]] = found["results"]
    return rows
