"""An index whose files are damaged, as the next process finds them."""

from __future__ import annotations

from pathlib import Path

import pytest

from search import stores
from search.models import IndexBuild
from search.selectors import index_status
from search.services import embed_pending, index_ensure, index_verify
from tests.search.indexing import (
    assert_index_is_the_database,
    current_store,
    indexed,
    store_photo,
    store_photos,
)

pytestmark = pytest.mark.django_db


def files_of(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*") if file.is_file() and file.stat().st_size)


def all_gone(folder: Path) -> None:
    for file in files_of(folder):
        file.unlink()


def manifest_emptied(folder: Path) -> None:
    next(folder.rglob("manifest.json")).write_text("{}")


def files_cut_short(folder: Path) -> None:
    for file in files_of(folder):
        file.write_bytes(file.read_bytes()[:100])


def one_bit_flipped(folder: Path) -> None:
    """In the middle of the vectors, where no header tells of it."""
    file = max(folder.rglob("base-*"), key=lambda file: file.stat().st_size)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0x10
    file.write_bytes(content)


@pytest.fixture(params=[all_gone, manifest_emptied, files_cut_short, one_bit_flipped])
def damaged(
    request: pytest.FixtureRequest, faiss_index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_photos(5)
    embed_pending()
    current_store().compact()  # type: ignore[attr-defined]
    store_photos(2, start=20)
    embed_pending()
    request.param(faiss_index)
    # What a new process would have open: nothing.
    monkeypatch.setattr(stores, "_stores", {})


@pytest.mark.usefixtures("damaged")
def test_it_is_mended_at_the_start_of_a_worker() -> None:
    report = index_verify()
    assert not report.ok
    assert "index rebuild" in report.damage
    index_ensure()
    assert_index_is_the_database()
    assert len(indexed()) == 7
    repairs = IndexBuild.objects.filter(trigger=IndexBuild.Trigger.REPAIR)
    assert [build.count for build in repairs] == [7, 0]


@pytest.mark.parametrize("damaged", [all_gone, manifest_emptied, files_cut_short], indirect=True)
@pytest.mark.usefixtures("damaged")
def test_a_glance_is_enough_to_tell_and_the_sweep_to_mend() -> None:
    status = index_status()
    assert status.health in {"missing", "damaged"}
    assert "index rebuild" in status.message
    new = store_photo(50)
    assert embed_pending().embedded == 1
    assert new.pk in indexed()
    assert_index_is_the_database()
