"""Where in a long list a run stands, so that one that was stopped goes on there.

A feed is one request however many items it holds, and a request that was not carried through is
asked for again. Now and then its items are waited for; then what they counted and the number of the
last one are kept in one transaction, and a later attempt skips what stands before.
"""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from typing import Any

from scrapy.http import Response

from crawler.scraping.context import KEY, CrawlContext

EVERY_ITEMS = 100
EVERY_SECONDS = 30.0
HEAD_BYTES = 65_536


def mark_of(path: Path, response: Response) -> dict[str, Any]:
    """What a file is known by when it is fetched again."""
    with path.open("rb") as file:
        head = hashlib.sha1(file.read(HEAD_BYTES), usedforsecurity=False).hexdigest()
    told = {
        name: (response.headers.get(name) or b"").decode("latin-1")
        for name in ("ETag", "Last-Modified")
    }
    return {**told, "bytes": path.stat().st_size, "head": head}


def is_same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two marks are of the same file: its ETag says so, else all else does."""
    if one["ETag"] and other["ETag"]:
        return bool(one["ETag"] == other["ETag"])
    return one == other


class Position:
    """Of one request's items; they are numbered from 1.

    Args:
        name: of the list within the run.
        mark: what the list is known by; of another one the earlier position counts for nothing.
    """

    def __init__(
        self, context: CrawlContext, response: Response, *, name: str, mark: dict[str, Any]
    ) -> None:
        self._context, self._key, self._mark = context, response.meta[KEY], mark
        self._name = f"position:{name}"
        kept = context.frontier.note(self._name)
        if kept is not None and not is_same(kept["mark"], mark):
            # All is read anew, and counted anew.
            context.frontier.add_counts({what: -n for what, n in kept["counts"].items()})
            context.frontier.set_note(self._name, None)
            kept = None
        self.done: int = kept["done"] if kept else 0
        """Number of the last item that an earlier attempt, or this one, has done."""
        self._counts: dict[str, int] = kept["counts"] if kept else {}
        self._at = time.monotonic()

    async def keep(self, number: int) -> None:
        """Now and then: wait until all items up to this number are stored, and keep it.

        To be called when all of them have been given, and no later one.
        """
        late = time.monotonic() - self._at >= EVERY_SECONDS
        if number - self.done < EVERY_ITEMS and not (late and number > self.done):
            return
        context = self._context
        await context.settled(self._key)
        counted = context.settle(self._key)
        if counted is None:
            return
        for what, n in counted.items():
            self._counts[what] = self._counts.get(what, 0) + n
        self.done, self._at = number, time.monotonic()
        kept = {"done": number, "mark": self._mark, "counts": self._counts}
        context.frontier.set_note(self._name, kept)
