"""What a source's pages said at the last crawl, so that the next one asks only for what changed.

A cache beside the database: lost, the next crawl fetches everything once more. A file of its own
for each source, because it holds a row for each page and only the source's one crawl writes it.
"""

from __future__ import annotations

import json
import sqlite3
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

VERSION = "3"
"""Raise it when pages are read in another way: what was remembered is then read anew."""
MAX_CHILDREN = 2_000
"""A page that leads to more is not remembered: asking for it again costs less than its row."""
DISTRUST_SECONDS = 30 * 86400.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS pages (
    fingerprint BLOB PRIMARY KEY, etag TEXT NOT NULL, modified TEXT NOT NULL,
    lastmod TEXT NOT NULL, fetched REAL NOT NULL, content TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, content TEXT NOT NULL);
"""


@dataclass(slots=True)
class PageNote:
    """A page as it was read."""

    etag: str = ""
    modified: str = ""
    """Last-Modified, as the shop wrote it."""
    lastmod: str = ""
    """What the sitemap said of it."""
    fetched: float = field(default_factory=time.time)
    """When its content was last read, seconds since the epoch."""
    listings: list[int] = field(default_factory=list)
    """Ids of the listings that it is about."""
    claims: list[list[str]] = field(default_factory=list)
    """Address and code of each of them, so that no other page that shows one takes it over."""
    children: list[dict[str, Any]] = field(default_factory=list)
    """Requests that no other page of the run had led to: together a tree of the whole shop."""

    @property
    def is_worth_keeping(self) -> bool:
        can_be_asked = bool(self.etag or self.modified or self.lastmod)
        return can_be_asked and len(self.children) <= MAX_CHILDREN


class PageMemory:
    """Pages by the fingerprint of their request. One process, one thread."""

    def __init__(self, path: Path, *, version: str = VERSION) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;")
        self._db.executescript(_SCHEMA)
        self._db.execute("BEGIN")
        if self._note("version") != version:
            self._db.execute("DELETE FROM pages")
            self._set_note("version", version)

    def get(self, fingerprint: bytes) -> PageNote | None:
        row = self._db.execute(
            "SELECT etag, modified, lastmod, fetched, content FROM pages WHERE fingerprint = ?",
            (fingerprint,),
        ).fetchone()
        if row is None:
            return None
        return PageNote(*row[:4], **json.loads(row[4]))

    def put(self, fingerprint: bytes, note: PageNote) -> None:
        if not note.is_worth_keeping:
            self.forget(fingerprint)
            return
        told = (note.etag, note.modified, note.lastmod, note.fetched)
        names = ("listings", "claims", "children")
        content = json.dumps({name: getattr(note, name) for name in names})
        self._db.execute(
            "INSERT OR REPLACE INTO pages VALUES (?, ?, ?, ?, ?, ?)", (fingerprint, *told, content)
        )

    def forget(self, fingerprint: bytes) -> None:
        self._db.execute("DELETE FROM pages WHERE fingerprint = ?", (fingerprint,))

    @property
    def trusts_lastmod(self) -> bool:
        """False for a month after a page had changed and the sitemap had not said so."""
        since = float(self._note("lastmod-lied") or 0.0)
        return time.time() - since > DISTRUST_SECONDS

    def distrust_lastmod(self) -> None:
        self._set_note("lastmod-lied", str(time.time()))

    def commit(self) -> None:
        self._db.execute("COMMIT")
        self._db.execute("BEGIN")

    def close(self) -> None:
        self._db.execute("COMMIT")
        self._db.close()

    def _note(self, name: str) -> str | None:
        row = self._db.execute("SELECT content FROM notes WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def _set_note(self, name: str, content: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (name, content))
