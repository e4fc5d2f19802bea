"""What is still to be visited, on disk, so that a killed crawl goes on where it was.

Scrapy's own JOBDIR is written when the spider closes: after ``kill -9`` its queues are gone while
its list of seen requests is not, so whatever was waiting would never be asked for again. Here each
request stays until its page *and everything that came out of it* has been stored, and what a page
counted is added in the same transaction that marks it done.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS seen (fingerprint BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS requests (
    id INTEGER PRIMARY KEY, priority INTEGER NOT NULL, issued INTEGER NOT NULL DEFAULT 0,
    content TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS waiting ON requests (priority DESC, id) WHERE issued = 0;
CREATE TABLE IF NOT EXISTS listings (
    fingerprint BLOB PRIMARY KEY, holder INTEGER NOT NULL, sku TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counts (name TEXT PRIMARY KEY, n INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, content TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS letters (url TEXT PRIMARY KEY, content TEXT NOT NULL);
"""


def listing_fingerprint(url: str) -> bytes:
    """What an address is claimed under; see `Frontier.claim_listing`."""
    return hashlib.sha1(url.encode(), usedforsecurity=False).digest()


class Frontier:
    """Requests by priority, then age. One process, one thread; `commit` makes all of it durable."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None)
        # A killed process loses nothing that was committed; only a power cut could.
        self._db.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-16000;"
        )
        self._db.executescript(_SCHEMA)
        self._db.execute("BEGIN")
        issued = self._db.execute("SELECT id FROM requests WHERE issued = 1")
        self.reissued = frozenset(key for (key,) in issued)
        """Requests that an earlier attempt had begun."""
        # Issued, but never done: the process that held them is gone.
        self._db.execute("UPDATE requests SET issued = 0 WHERE issued = 1")
        self.waiting = int(self._one("SELECT count(*) FROM requests"))
        self.issued = 0
        self.counts: Counter[str] = Counter(dict(self._db.execute("SELECT name, n FROM counts")))
        """What the pages that are done counted, over all attempts."""
        self._next_id = int(self._one("SELECT coalesce(max(id), 0) FROM requests"))

    def _one(self, query: str, *parameters: Any) -> Any:
        return self._db.execute(query, parameters).fetchone()[0]

    def is_seen(self, fingerprint: bytes) -> bool:
        query = "SELECT EXISTS (SELECT 1 FROM seen WHERE fingerprint = ?)"
        return bool(self._one(query, fingerprint))

    def mark_seen(self, fingerprint: bytes) -> bool:
        """False when it was seen before."""
        found = self._db.execute("INSERT OR IGNORE INTO seen VALUES (?)", (fingerprint,))
        return found.rowcount == 1

    def add(self, *, priority: int, content: Mapping[str, Any]) -> None:
        self._next_id += 1
        self._db.execute(
            "INSERT INTO requests (id, priority, content) VALUES (?, ?, ?)",
            (self._next_id, priority, json.dumps(content)),
        )
        self.waiting += 1

    def replace(self, key: int, *, priority: int, content: Mapping[str, Any]) -> None:
        """Put an issued request back in another form: a retry, or where a redirect leads."""
        self._db.execute(
            "UPDATE requests SET priority = ?, content = ?, issued = 0 WHERE id = ?",
            (priority, json.dumps(content), key),
        )
        self.issued -= 1
        self.waiting += 1

    def take(self) -> tuple[int, dict[str, Any]] | None:
        """The next request; it comes back at the next opening unless it is `done` by then."""
        row = self._db.execute(
            "SELECT id, content FROM requests WHERE issued = 0 ORDER BY priority DESC, id LIMIT 1"
        ).fetchone()
        if row is None:
            return None
        self._db.execute("UPDATE requests SET issued = 1 WHERE id = ?", (row[0],))
        self.waiting -= 1
        self.issued += 1
        return row[0], json.loads(row[1])

    def done(self, key: int, counts: Mapping[str, int]) -> None:
        """All that came out of a request is stored; ``counts`` is what it added."""
        self._db.execute("DELETE FROM requests WHERE id = ?", (key,))
        self.issued -= 1
        self.add_counts(counts)

    def add_counts(self, counts: Mapping[str, int]) -> None:
        """What is counted for good; numbers below zero take back."""
        self.counts.update(counts)
        self._db.executemany(
            "INSERT INTO counts VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET n = n + excluded.n",
            counts.items(),
        )

    def claim_listing(self, fingerprint: bytes, *, key: int, sku: str) -> tuple[bool, str]:
        """Take an address for a listing of the request ``key``.

        Returns:
            Whether that request holds it (now, or since before it was cut off), and the code of
            the listing that holds it.
        """
        self._db.execute("INSERT OR IGNORE INTO listings VALUES (?, ?, ?)", (fingerprint, key, sku))
        query = "SELECT holder, sku FROM listings WHERE fingerprint = ?"
        holder, held = self._db.execute(query, (fingerprint,)).fetchone()
        return (holder == key and held == sku), str(held)

    def note(self, name: str, default: Any = None) -> Any:
        """A kept value (any JSON)."""
        row = self._db.execute("SELECT content FROM notes WHERE name = ?", (name,)).fetchone()
        return default if row is None else json.loads(row[0])

    def set_note(self, name: str, value: Any) -> None:
        self._db.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (name, json.dumps(value)))

    def set_letter(self, url: str, content: Mapping[str, Any] | None) -> None:
        """Keep what is to be written of an address; see `crawler.scraping.letters`."""
        told = json.dumps(content)
        self._db.execute("INSERT OR REPLACE INTO letters VALUES (?, ?)", (url, told))

    def letters(self, limit: int) -> list[tuple[str, str]]:
        return self._db.execute("SELECT url, content FROM letters LIMIT ?", (limit,)).fetchall()

    def drop_letters(self, letters: Sequence[tuple[str, str]]) -> None:
        """Forget those that are written; what one of them says anew meanwhile stays."""
        self._db.executemany("DELETE FROM letters WHERE url = ? AND content = ?", letters)

    def commit(self) -> None:
        self._db.execute("COMMIT")
        self._db.execute("BEGIN")

    def close(self) -> None:
        self._db.execute("COMMIT")
        self._db.close()
