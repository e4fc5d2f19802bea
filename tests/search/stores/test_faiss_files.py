"""The files of the FAISS store: what a crash, a damage, a second writer or a full disk can do."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from search.exceptions import IndexMissing, StoreError
from search.stores.faiss import FaissEngine
from tests.search.stores.contract import DIM, EXACT, found, unit
from tests.search.stores.folders import (
    ROOT,
    answers,
    files_of,
    filled,
    folder_of,
    published_files,
)
from tests.search.stores.test_faiss import SHAPES, build

# Crashes -------------------------------------------------------------------------------------

CRASHER = """
import itertools, os, shutil, signal, sys
from pathlib import Path
import faiss  # once for all children; nothing is computed before the forks
from tests.search.stores.crashes import WRITES, killed_at

where, shape, write = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
for number in itertools.count(1):
    shutil.copytree(where / "start", where / str(number))
    child = os.fork()
    if not child:
        with killed_at(number):
            WRITES[write](where / str(number), shape)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if status != signal.SIGKILL:
        sys.exit(os.waitstatus_to_exitcode(status))
"""


@pytest.mark.parametrize(
    ("shape", "write"),
    [
        ("mixed", "publish"),
        ("merged", "publish"),
        ("base", "publish"),
        ("graph", "compact"),
        ("mixed", "rebuild"),
        ("graph", "rebuild"),
    ],
)
def test_killed_at_any_step_the_index_is_the_old_or_the_new_one(
    tmp_path: Path, shape: str, write: str
) -> None:
    from tests.search.stores.crashes import WRITES

    filled(tmp_path / "start", shape)
    shutil.copytree(tmp_path / "start", tmp_path / "done")
    before = answers(build(tmp_path / "start", shape))
    WRITES[write](tmp_path / "done", shape)
    after = answers(build(tmp_path / "done", shape))
    subprocess.run(
        [sys.executable, "-c", CRASHER, str(tmp_path), shape, write],
        check=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        timeout=120,
    )
    crashed = sorted((p for p in tmp_path.iterdir() if p.name.isdigit()), key=lambda p: int(p.name))
    assert len(crashed) > 4
    seen = []
    for path in crashed:
        store = build(path, shape)
        store.verify()
        seen.append(answers(store) == after)
        assert seen[-1] or answers(store) == before
        # The next writer is let in, goes on, and sweeps what the dead one left.
        store.upsert([77], EXACT[:1], [{}])
        store.publish()
        assert 77 in store.ids()
        assert files_of(path) == published_files(path) | {"manifest.json", "writer.lock"}
    if write != "compact":  # which changes no answer
        assert seen == sorted(seen)
        assert not seen[0]
    assert seen[-1]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_full_disk_leaves_the_old_index_and_the_writes_waiting(
    tmp_path: Path, shape: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = filled(tmp_path, shape)
    before, files = answers(store), files_of(tmp_path)
    store.upsert(range(100, 140), unit(40, seed=3), [{}] * 40)

    def full(fd: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        for write in (store.publish, store.compact):
            with pytest.raises(StoreError, match="disk has room"):
                write()
    assert answers(store) == before == answers(build(tmp_path, shape))
    assert files_of(tmp_path) == files
    store.publish()
    assert store.info().count == len(before[0]) + 40


def test_a_folder_that_cannot_be_made_is_the_operators_matter(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    store = build(tmp_path / "file", "mixed")
    with pytest.raises(IndexMissing):
        store.info()
    with pytest.raises(StoreError, match="belongs to this user"):
        store.upsert([1], EXACT[:1], [{}])


# Files and generations -----------------------------------------------------------------------


def test_a_publish_writes_what_changed_and_nothing_else(tmp_path: Path) -> None:
    store = build(tmp_path, "deltas")
    vectors = unit(2000, dim=DIM)
    store.rebuild([(range(2000), vectors, [{"a": n} for n in range(2000)])])
    folder = folder_of(tmp_path)
    before = {name: (folder / name).stat().st_mtime_ns for name in published_files(tmp_path)}
    store.upsert([7], EXACT[:1], [{"a": 1}])
    store.set_payload([8], [{"a": 2}])
    store.publish()
    now = published_files(tmp_path)
    assert before == {name: (folder / name).stat().st_mtime_ns for name in before}
    (delta,) = now - before.keys()
    assert (folder / delta).stat().st_size < 5000


def test_deltas_become_one_and_then_a_base(tmp_path: Path) -> None:
    store = build(tmp_path, "deltas", merge_after=3, compact_min=10)
    for number in range(12):
        store.upsert([number], EXACT[number : number + 1], [{"a": number}])
        store.publish()
        assert len(published_files(tmp_path)) <= 4
    names = published_files(tmp_path)
    assert any(name.startswith("base-") for name in names)
    assert store.payloads(range(12)) == [{"a": number} for number in range(12)]
    generation = store.info().generation
    store.compact()
    assert {name.split("-")[0] for name in published_files(tmp_path)} == {"base"}
    assert store.info().generation == generation + 1


def test_files_out_of_use_stay_for_their_grace(tmp_path: Path) -> None:
    store = filled(tmp_path, "mixed", grace_seconds=3600.0)
    old = published_files(tmp_path)
    stray = folder_of(tmp_path) / "base-00000001-0123abcd.faiss"
    stray.write_bytes(b"left by a crash")
    foreign = folder_of(tmp_path) / "notes.txt"
    foreign.write_text("not ours")
    store.compact()
    store.compact()
    assert old <= files_of(tmp_path)
    assert not stray.exists()
    later = build(tmp_path, "mixed", grace_seconds=0.0)
    later.compact()
    assert not old & files_of(tmp_path)
    assert files_of(tmp_path) == published_files(tmp_path) | {
        "manifest.json",
        "writer.lock",
        "notes.txt",
    }


def test_a_base_swept_while_it_is_opened_is_not_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer, reader = filled(tmp_path, "base"), build(tmp_path, "base")
    opened = FaissEngine.open
    publishes = iter([lambda: (writer.upsert([99], unit(1, seed=2), [{}]), writer.publish())])

    def open_late(self: FaissEngine, file: Path, *, rows: int, dim: int) -> Any:
        for publish in publishes:
            publish()
            assert not file.exists()
        return opened(self, file, rows=rows, dim=dim)

    monkeypatch.setattr(FaissEngine, "open", open_late)
    assert 99 in reader.ids()


def test_a_reader_goes_on_with_files_that_were_swept(tmp_path: Path) -> None:
    store = filled(tmp_path, "graph")
    reader = build(tmp_path, "graph", refresh_seconds=3600.0)
    before = answers(reader)
    store.rebuild([([1], EXACT[:1], [{}])])
    assert answers(reader) == before
    assert reader.info().count == 1
    assert found(reader.search(EXACT[:1], 9)[0]) == [1]


def test_a_reader_sees_a_publish_within_two_seconds(tmp_path: Path) -> None:
    store, reader = filled(tmp_path, "mixed"), build(tmp_path, "mixed")
    assert 500 not in reader.ids()
    store.upsert([500], EXACT[:1], [{}])
    store.publish()
    deadline = time.monotonic() + 2
    while 500 not in reader.ids():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_reader_looks_at_the_disk_now_and_then_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = filled(tmp_path, "mixed", refresh_seconds=3600.0)
    store.info()
    looked: Iterator[int] = iter(())
    monkeypatch.setattr(store.folder, "stamp", lambda: next(looked))
    for _ in range(100):
        store.search(EXACT[:1], 3)


def test_faiss_is_loaded_at_the_first_use(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from search.stores.faiss import FaissStore\n"
        f"store = FaissStore(path={str(tmp_path)!r}, encoder_id='a', dim=4)\n"
        "assert 'faiss' not in sys.modules\n"
        "try: store.info()\n"
        "except Exception as error: assert type(error).__name__ == 'IndexMissing'\n"
        "assert 'faiss' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, timeout=60)
