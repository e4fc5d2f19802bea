"""The vendored front-end files are what vendor.json says: version, licence and content."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

FOLDER = Path(settings.BASE_DIR) / "shoefinder" / "static" / "shoefinder" / "vendor"
ENTRIES: list[dict[str, Any]] = json.loads((FOLDER / "vendor.json").read_text())


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["name"])
def test_a_vendored_file_is_the_one_in_the_lock(entry: dict[str, Any]) -> None:
    content = (FOLDER / entry["file"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == entry["sha256"]
    assert entry["version"]
    assert entry["licence"] in {"0BSD", "MIT", "BSD-3-Clause", "Apache-2.0", "ISC"}
    assert (FOLDER / entry["licence_file"]).read_text().strip()


def test_every_vendored_file_is_in_the_lock() -> None:
    locked = {entry["file"] for entry in ENTRIES} | {entry["licence_file"] for entry in ENTRIES}
    present = {str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*") if path.is_file()} - {
        "vendor.json",
        "README.md",
    }
    assert present == locked
