"""What the parts of one crawl share: plan, frontier, counts, and whether it is ending."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from scrapy.core.engine import ExecutionEngine
from scrapy.crawler import Crawler

from crawler.scraping.frontier import Frontier
from crawler.scraping.guard import HostRules
from crawler.scraping.ledger import Ledger
from crawler.scraping.letters import Letters
from crawler.scraping.memory import PageMemory, PageNote
from crawler.scraping.writer import Writer
from crawler.types import Problem, RunPlan

KEY = "frontier_key"
"""In a request's meta: its row in the frontier, also after retries and redirects."""


@dataclass(slots=True)
class CrawlContext:
    """One for each crawl; reachable as ``spider.context``."""

    plan: RunPlan
    frontier: Frontier
    ledger: Ledger
    writer: Writer
    rules: HostRules
    letters: Letters
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the crawl is to end early: nothing new is begun, what waits is kept."""
    before_commit: Callable[[], None] = lambda: None
    """What a spider keeps in the frontier's notes is written by this."""
    memory: PageMemory | None = None
    """What pages said before; None where everything is to be read anew."""
    alive: Sequence[int] = ()
    """Ids of the shop's listings that have not vanished, ascending."""
    notes: dict[int, tuple[bytes, PageNote]] = field(default_factory=dict)
    """Pages under way that are to be remembered, by the key of their request."""
    samples: set[int] = field(default_factory=set)
    """Keys of pages that are read although the sitemap says that they did not change."""
    failure: str = ""
    """Why the crawl cannot go on."""
    bytes: int = 0
    """Received by this process, headers and bodies as they were sent."""
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    """Begun and not awaited; held here so that they are not collected."""
    items: dict[int, int] = field(default_factory=dict)
    """Key of a request → its items that are under way, and one while its callback gives more."""
    item_done: asyncio.Event = field(default_factory=asyncio.Event)
    _open: dict[int, bool] = field(default_factory=dict)

    @property
    def under_way(self) -> int:
        """Requests that were issued and are not done."""
        return len(self._open)

    def keep(self, task: asyncio.Task[None]) -> None:
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def opened(self, key: int) -> None:
        self._open[key] = True

    def reopened(self, key: int) -> None:
        """The request goes back to the frontier in another form; what it counted stays with it."""
        self._open.pop(key, None)

    def spoil(self, key: int) -> None:
        """The request cannot be carried through now: it stays in the frontier."""
        if key in self._open:
            self._open[key] = False

    async def settled(self, key: int) -> None:
        """Wait until all items that a request has given so far are stored or dropped."""
        while self.items.get(key, 0) > 1:
            self.item_done.clear()
            await self.item_done.wait()

    def settle(self, key: int) -> Counter[str] | None:
        """Let what the request counted so far count for good; None if some of it was dropped."""
        return self.ledger.settle(key) if self._open.get(key) else None

    def is_alive(self, listing_id: int) -> bool:
        place = bisect_left(self.alive, listing_id)
        return place < len(self.alive) and self.alive[place] == listing_id

    def forget_page(self, key: int) -> None:
        """The page of a request is to be read anew by the next crawl, whatever it says."""
        self.notes.pop(key, None)

    def finish(self, key: int, *, is_page: bool = True) -> None:
        """All that came of a request is stored or told. A second call does nothing."""
        carried_through = self._open.pop(key, None)
        if carried_through is None:
            return
        if not carried_through:
            self.forget_page(key)
            self.ledger.forget(key)
            return
        self._remember(key)
        if is_page:
            self.ledger.count(key, "pages")
        self.ledger.finish(key)

    def _remember(self, key: int) -> None:
        self.samples.discard(key)
        noted = self.notes.pop(key, None)
        if noted is not None and self.memory is not None:
            self.memory.put(*noted)

    def commit(self) -> None:
        """Make everything so far durable."""
        self.before_commit()
        self.ledger.commit()
        if self.memory is not None:
            self.memory.commit()

    def problem(self, key: int, problem: Problem) -> None:
        self.ledger.problem(key, problem)

    def note_failure(
        self, key: int, problem: Problem, content: dict[str, Any], *, listings: Sequence[int] = ()
    ) -> None:
        """Keep what failed for another try, if the reason may pass; else it is over.

        Args:
            content: its request, as the frontier keeps it.
            listings: ids of those that the page was about.
        """
        if not self.letters.note(problem, content, listings=listings):
            message = "More failed than is kept for another try; a page that leads here is needed."
            full = Problem("letters-full", str(content["url"]), message, is_notice=True)
            self.problem(key, full)


def context_of(crawler: Crawler) -> CrawlContext:
    """The context of a crawl, for components that Scrapy makes."""
    return cast(CrawlContext, getattr(crawler.spider, "context"))  # noqa: B009


def engine_of(crawler: Crawler) -> ExecutionEngine:
    """The engine, for components that live while it runs."""
    if crawler.engine is None:
        raise RuntimeError("the engine is not running")
    return crawler.engine
