"""Damaged files of the FAISS store: found, told with the mend, and mended by a rebuild."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from search.exceptions import IndexDamaged, IndexMissing
from search.stores.faiss import FaissStore
from search.stores.files import folder_name
from tests.search.stores.contract import DIM, EXACT, unit
from tests.search.stores.folders import (
    MEND,
    answers,
    filled,
    folder_of,
    published_files,
)
from tests.search.stores.test_faiss import build


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
