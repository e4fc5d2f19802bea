"""Runs one crawl in this process, from the plan to the reason of its end."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from logging.handlers import RotatingFileHandler
from typing import Any

from scrapy.crawler import AsyncCrawlerProcess
from scrapy.settings import Settings
from scrapy.utils.misc import load_object

from crawler.exceptions import CrawlerError
from crawler.scraping.context import CrawlContext
from crawler.scraping.frontier import Frontier
from crawler.scraping.guard import HostRules
from crawler.scraping.ledger import Ledger
from crawler.scraping.letters import Letters, letters_of
from crawler.scraping.memory import PageMemory
from crawler.scraping.settings import photos_anywhere, scrapy_settings
from crawler.scraping.writer import Writer
from crawler.services import letters_write
from crawler.types import FRONTIER, RunEnd, RunPlan

LOG_BYTES = 5_000_000
LOG_FILES = 2
QUIET = (
    "scrapy.utils.log", "scrapy.crawler", "scrapy.middleware", "scrapy.addons", "twisted",
    "scrapy.downloadermiddlewares", "scrapy.core.downloader", "asyncio",
)  # fmt: skip
"""What Scrapy would tell of itself at each start; the file is read by people in the admin."""


def crawl(plan: RunPlan, *, overrides: Mapping[str, Any] | None = None) -> RunEnd:
    """Crawl until the end, or until it is stopped.

    A Twisted reactor starts once in a process: so does this function.

    Args:
        plan: what to crawl.
        overrides: Scrapy settings for measurements.
    """
    plan.directory.mkdir(parents=True, exist_ok=True)
    _log_to(plan)
    try:
        spider = load_object(plan.spider)
        settings = Settings({**scrapy_settings(plan), **(overrides or {})})
    except (ImportError, NameError, ValueError, CrawlerError) as error:
        return RunEnd("failed", str(error))
    # The writer shares with this process what is loaded by now.
    frontier = Frontier(plan.directory / FRONTIER)
    memory = PageMemory(plan.memory) if plan.memory else None
    context = CrawlContext(
        plan=plan,
        frontier=frontier,
        ledger=Ledger(frontier),
        writer=Writer(),
        rules=HostRules(plan.hosts, photos_anywhere=photos_anywhere(plan)),
        letters=Letters(plan, frontier),
        memory=memory,
        alive=plan.alive,
    )
    process = AsyncCrawlerProcess(settings)
    # Setting up the process raised Scrapy's loggers to DEBUG.
    logging.getLogger("scrapy").setLevel(logging.INFO)
    crawler = process.create_crawler(spider)
    process.crawl(crawler, context=context)
    process.start(install_signal_handlers=False)
    reason = (crawler.stats.get_value("finish_reason") if crawler.stats else None) or "failed"
    if reason != "lost":
        # What the last pulse could not write: an error here is an interruption, which heals.
        while batch := context.letters.pending():
            letters_write(plan.run_id, *letters_of(batch))
            context.letters.written(batch)
    frontier.close()
    if memory is not None:
        memory.close()
    if context.failure:
        return RunEnd("failed", context.failure)
    if reason == "failed":
        return RunEnd("failed", "The crawl could not be started; its log tells why.")
    if reason == "finished" and context.under_way:
        return RunEnd("failed", f"{context.under_way} pages were begun and never finished.")
    return RunEnd(reason)


def _log_to(plan: RunPlan) -> None:
    """One file for each run, of limited size."""
    handler = RotatingFileHandler(
        plan.directory / "crawl.log", maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8"
    )
    handler.setFormatter(LineFormatter())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)


class LineFormatter(logging.Formatter):
    """One line for each event, also for those of structlog, which come as dictionaries."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(message)s", datefmt="%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        if isinstance(record.msg, dict):
            told = {k: v for k, v in record.msg.items() if k not in {"event", "_record"}}
            hidden = {"logger", "level", "timestamp"}
            pairs = (f"{name}={value}" for name, value in told.items() if name not in hidden)
            record.message = " ".join([str(record.msg.get("event", "")), *pairs])
        return super().formatMessage(record)
