"""What is remembered of pages between crawls."""

from __future__ import annotations

from pathlib import Path

from crawler.scraping.memory import MAX_CHILDREN, PageMemory, PageNote

KEY = b"fingerprint"


def test_a_page_is_remembered_as_it_was_noted(tmp_path: Path) -> None:
    note = PageNote(etag='"1"', modified="Mon", lastmod="2026", listings=[3])
    note.claims, note.children = [["https://shop.example/p", "S1"]], [{"url": "/"}]
    memory = PageMemory(tmp_path / "new" / "pages.sqlite3")
    memory.put(KEY, note)
    memory.close()

    again = PageMemory(tmp_path / "new" / "pages.sqlite3")

    assert again.get(KEY) == note
    assert again.get(b"other") is None


def test_what_is_not_worth_it_is_forgotten(tmp_path: Path) -> None:
    memory = PageMemory(tmp_path / "pages.sqlite3")
    for note in (
        PageNote(),
        PageNote(etag='"1"', children=[{}] * (MAX_CHILDREN + 1)),
    ):
        memory.put(KEY, PageNote(etag='"1"'))
        memory.put(KEY, note)
        assert memory.get(KEY) is None


def test_pages_read_in_another_way_are_forgotten(tmp_path: Path) -> None:
    memory = PageMemory(tmp_path / "pages.sqlite3")
    memory.put(KEY, PageNote(etag='"1"'))
    memory.close()

    assert PageMemory(tmp_path / "pages.sqlite3", version="next").get(KEY) is None


def test_a_sitemap_that_lied_is_not_believed_again(tmp_path: Path) -> None:
    memory = PageMemory(tmp_path / "pages.sqlite3")
    assert memory.trusts_lastmod
    memory.distrust_lastmod()
    memory.close()

    assert not PageMemory(tmp_path / "pages.sqlite3").trusts_lastmod
