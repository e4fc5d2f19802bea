"""Writers of one FAISS store take turns, and a killed one leaves no lock."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from search.exceptions import IndexBusy
from tests.search.stores.contract import EXACT
from tests.search.stores.folders import (
    ROOT,
)
from tests.search.stores.test_faiss import build


def test_a_second_writer_is_told_who_writes(tmp_path: Path) -> None:
    first, second = build(tmp_path, "mixed"), build(tmp_path, "mixed")
    first.upsert([1], EXACT[:1], [{}])
    with pytest.raises(IndexBusy, match=f"process {os.getpid()}"):
        second.upsert([2], EXACT[:1], [{}])
    with pytest.raises(IndexBusy):
        second.rebuild([])
    first.publish()
    second.upsert([2], EXACT[:1], [{}])
    with pytest.raises(IndexBusy):
        first.delete([1])
    second.discard()
    first.delete([1])
    first.publish()
    assert first.ids().tolist() == []


def test_writers_take_turns_and_build_on_each_other(tmp_path: Path) -> None:
    stores = [build(tmp_path, "mixed", refresh_seconds=3600.0) for _ in range(3)]
    for number in range(12):
        stores[number % 3].upsert([number], EXACT[number : number + 1], [{"a": number}])
        stores[number % 3].publish()
    assert stores[2].ids().tolist() == list(range(12))


def test_a_writer_waits_for_another_that_is_quick(tmp_path: Path) -> None:
    first, second = build(tmp_path, "mixed"), build(tmp_path, "mixed", lock_seconds=30.0)
    first.upsert([1], EXACT[:1], [{}])
    waiter = threading.Thread(target=lambda: second.upsert([2], EXACT[:1], [{}]))
    waiter.start()
    first.publish()
    waiter.join(timeout=30)
    second.publish()
    assert second.ids().tolist() == [1, 2]


HOLDER = """
import sys, numpy as np
from tests.search.stores.contract import EXACT
from tests.search.stores.test_faiss import build
store = build(sys.argv[1], "mixed")
store.upsert([1], EXACT[:1], [{}])
print("holding", flush=True)
sys.stdin.read()
"""


def test_the_lock_of_a_killed_writer_is_free(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "holding\n"
        store = build(tmp_path, "mixed")
        with pytest.raises(IndexBusy, match=f"process {holder.pid}"):
            store.upsert([2], EXACT[:1], [{}])
        holder.send_signal(signal.SIGKILL)
        holder.wait(timeout=30)
        store.upsert([2], EXACT[:1], [{}])
        store.publish()
        assert store.ids().tolist() == [2]
