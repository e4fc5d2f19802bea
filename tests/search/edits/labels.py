"""The labelled sentences of tests/data/edits, and chips as their labels are written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from search.edits import Edit

DATA = Path(__file__).resolve().parents[2] / "data" / "edits"


def lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATA / name).read_text("utf-8").splitlines()]


def chips(edit: Edit) -> list[str]:
    return sorted(" ".join(filter(None, (t.mode, t.attribute, t.value))) for t in edit.terms)
