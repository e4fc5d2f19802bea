"""Choosing a store by settings, and what an operator reads when the settings are wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from search.exceptions import StoreError
from search.stores import VectorStore, get_store
from search.stores.faiss import FaissStore
from search.stores.memory import MemoryStore

MEMORY = {"BACKEND": "search.stores.memory.MemoryStore"}


class Odd:
    """Takes any option and is no store."""

    def __init__(self, **options: Any) -> None:
        self.options = options


def chosen() -> VectorStore:
    return get_store(encoder_id="fake@1", dim=4)


def test_the_chosen_store_is_built_once_for_each_encoder(settings: Any) -> None:
    settings.SHOEFINDER_STORES, settings.SHOEFINDER_STORE = {"mine": MEMORY}, "mine"
    store = chosen()
    assert isinstance(store, MemoryStore)
    assert chosen() is store
    other = get_store(encoder_id="fake@2", dim=8)
    assert other is not store
    assert isinstance(other, MemoryStore)
    assert (other.encoder_id, other.dim) == ("fake@2", 8)


def test_other_options_are_another_store(settings: Any, tmp_path: Path) -> None:
    settings.SHOEFINDER_STORE = "faiss"
    stores = []
    for name in ("one", "two"):
        settings.SHOEFINDER_STORES = {
            "faiss": {
                "BACKEND": "search.stores.faiss.FaissStore",
                "OPTIONS": {"path": tmp_path / name, "flat_limit": 10},
            }
        }
        stores.append(chosen())
    assert all(isinstance(store, FaissStore) for store in stores)
    assert stores[0] is not stores[1]
    stores[0].publish()
    assert (tmp_path / "one").is_dir()


@pytest.mark.parametrize(
    ("stores", "says"),
    [
        ({}, "SHOEFINDER_STORE to one of"),
        ({"other": MEMORY}, "No store is called 'mine'.*other"),
        ([], "must be a dict"),
        ({"mine": "search.stores.memory.MemoryStore"}, "needs a 'BACKEND'"),
        ({"mine": {"OPTIONS": {}}}, "needs a 'BACKEND'"),
        ({"mine": {**MEMORY, "PATH": "x"}}, r"unknown keys \['PATH'\]"),
        ({"mine": {"BACKEND": "search.nowhere.Store"}}, "cannot be built.*search.nowhere"),
        ({"mine": {**MEMORY, "OPTIONS": {"path": "x"}}}, "refuses its options.*path"),
        ({"mine": {"BACKEND": f"{__name__}.Odd"}}, "is no store"),
    ],
)
def test_wrong_settings_say_what_to_change(settings: Any, stores: Any, says: str) -> None:
    settings.SHOEFINDER_STORES, settings.SHOEFINDER_STORE = stores, "mine"
    with pytest.raises(StoreError, match=says):
        chosen()
