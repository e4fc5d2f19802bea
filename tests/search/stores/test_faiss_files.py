"""The files of the FAISS store: what a crash, a damage, a second writer or a full disk can do."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from search.exceptions import IndexBusy, IndexDamaged, IndexMissing, StoreError
from search.stores.faiss import FaissStore
from search.stores.files import folder_name
from tests.search.stores.contract import DIM, ENCODER, EXACT, found, unit
from tests.search.stores.test_faiss import SHAPES, build

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


# Damage --------------------------------------------------------------------------------------


def edit_manifest(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        file = folder / "manifest.json"
        body = json.loads(file.read_bytes())
        change(body)
        file.write_text(json.dumps(body))

    return damage


def write_manifest(content: bytes) -> Callable[[Path], None]:
    return lambda folder: (folder / "manifest.json").write_bytes(content) and None


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(write_manifest(b""), id="empty"),
        pytest.param(write_manifest(b"\x80\xff" * 50), id="bytes"),
        pytest.param(write_manifest(b"[1, 2]"), id="a list"),
        pytest.param(write_manifest(b"{}"), id="an empty object"),
        pytest.param(write_manifest(b"[" * 100_000), id="nested"),
        pytest.param(edit_manifest(lambda body: body.update(count=3)), id="edited"),
        pytest.param(edit_manifest(lambda body: body.update(schema=999)), id="schema"),
        pytest.param(edit_manifest(lambda body: body.pop("segments")), id="a part missing"),
        pytest.param(edit_manifest(lambda body: body.pop("own_digest")), id="no checksum"),
    ],
)
def test_a_damaged_manifest_is_told_with_the_mend(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    store = filled(tmp_path, "mixed")
    damage(folder_of(tmp_path))
    for object_ in (store, build(tmp_path, "mixed")):
        for read in (object_.info, object_.verify):
            with pytest.raises(IndexDamaged, match=MEND):
                read()
        with pytest.raises(IndexDamaged, match=MEND):
            object_.search(EXACT[:1], 1)
        with pytest.raises(IndexDamaged, match=MEND):
            object_.upsert([1], EXACT[:1], [{}])


def truncate(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def flip(file: Path, at: int) -> None:
    content = bytearray(file.read_bytes())
    content[at] ^= 0xFF
    file.write_bytes(content)


@pytest.mark.parametrize("shape", ["mixed", "graph"])
@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(truncate, id="truncated"),
        pytest.param(lambda file: file.write_bytes(b""), id="emptied"),
        pytest.param(Path.unlink, id="deleted"),
        pytest.param(lambda file: flip(file, 5), id="header"),
        pytest.param(
            lambda file: file.write_bytes(os.urandom(file.stat().st_size)), id="overwritten"
        ),
    ],
)
def test_each_damaged_file_is_found_when_opened_and_mended_by_a_rebuild(
    tmp_path: Path, shape: str, damage: Callable[[Path], object]
) -> None:
    whole = tmp_path / "whole"
    expected = answers(filled(whole, shape))
    generation = build(whole, shape).info().generation
    names = published_files(whole)
    assert len(names) > 2
    for name in names:
        shutil.copytree(whole, tmp_path / name)
        damage(folder_of(tmp_path / name) / name)
        store = build(tmp_path / name, shape)
        with pytest.raises(IndexDamaged, match=MEND):
            store.info()
        store.rebuild([(expected[0], np.array(expected[2], np.float32), expected[1])])
        assert answers(store) == expected
        assert store.info().generation > generation
        assert store.verify() == store.info()


@pytest.mark.parametrize("shape", ["mixed", "graph"])
def test_a_flipped_bit_anywhere_is_found_by_verify(tmp_path: Path, shape: str) -> None:
    store = build(tmp_path, shape, dim=32)
    store.rebuild([(range(200), unit(200, dim=32), [{"a": n} for n in range(200)])])
    for name in published_files(tmp_path):
        file = folder_of(tmp_path) / name
        content = file.read_bytes()
        store.verify()
        flip(file, len(content) * 2 // 3)
        with pytest.raises(IndexDamaged, match=name):
            store.verify()
        file.write_bytes(content)


def test_an_index_of_another_encoder_or_width_is_not_read(tmp_path: Path) -> None:
    filled(tmp_path, "mixed")
    other = FaissStore(path=tmp_path, encoder_id="other@1", dim=DIM)
    with pytest.raises(IndexMissing):
        other.info()
    shutil.copytree(folder_of(tmp_path), tmp_path / folder_name("other@1"))
    with pytest.raises(IndexDamaged, match=r"contract@1\+none"):
        other.info()
    with pytest.raises(IndexDamaged, match="4 dimensions"):
        build(tmp_path, "mixed", dim=8).info()


def test_a_generation_grows_past_a_lost_manifest(tmp_path: Path) -> None:
    store = filled(tmp_path, "mixed")
    generation = store.info().generation
    (folder_of(tmp_path) / "manifest.json").unlink()
    with pytest.raises(IndexMissing):
        store.info()
    store.rebuild([([1], EXACT[:1], [{}])])
    assert store.info().generation > generation


# Writers -------------------------------------------------------------------------------------


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
