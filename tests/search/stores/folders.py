"""The folder of a FAISS store: its files, one that is filled, and what it answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from search.stores.faiss import FaissStore
from search.stores.files import folder_name
from tests.search.stores.contract import ENCODER, unit
from tests.search.stores.test_faiss import build

ROOT = Path(__file__).resolve().parents[3]
MEND = "manage.py index rebuild"


def folder_of(path: Path) -> Path:
    return path / folder_name(ENCODER)


def files_of(path: Path) -> set[str]:
    return {file.name for file in folder_of(path).iterdir()}


def published_files(path: Path) -> set[str]:
    manifest = json.loads((folder_of(path) / "manifest.json").read_bytes())
    return {file["name"] for segment in manifest["segments"] for file in segment["files"]}


def filled(path: Path, shape: str, **options: Any) -> FaissStore:
    """A base of 20 rows where the shape allows, then deltas over it."""
    store = build(path, shape, **options)
    store.upsert(range(20), unit(20), [{"a": n % 3, "b": (n, n + 1)} for n in range(20)])
    store.publish()
    store.upsert([3, 50], unit(2, seed=1), [{"a": 9}, {"a": 9}])
    store.delete([4])
    store.set_payload([5], [{"a": 7}])
    store.publish()
    return store


def answers(store: FaissStore) -> tuple[Any, ...]:
    ids = store.ids()
    return (
        ids.tolist(),
        store.payloads(ids),
        store.fetch(ids).tolist(),
        store.search(unit(3, seed=9), 99),
    )
