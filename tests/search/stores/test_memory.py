"""The store in memory keeps the contract; so it may stand for the others in tests."""

from __future__ import annotations

from pathlib import Path

from hypothesis import settings

from search.stores.base import VectorStore
from search.stores.memory import MemoryStore
from tests.search.stores.contract import DIM, ENCODER, StoreContract
from tests.search.stores.machine import StoreMachine


class TestMemoryStore(StoreContract):
    shared = False

    def build(self, path: Path, *, dim: int = DIM) -> VectorStore:
        return MemoryStore(encoder_id=ENCODER, dim=dim)


class MemoryMachine(StoreMachine):
    shared = False

    def build(self, folder: Path) -> VectorStore:
        return MemoryStore(encoder_id=ENCODER, dim=DIM)


TestMemoryMachine = MemoryMachine.TestCase
TestMemoryMachine.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
