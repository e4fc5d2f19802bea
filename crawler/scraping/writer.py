"""Out of the crawl's process and into the catalog, in batches that grow with the load.

While one batch is being written the next one gathers; so a slow database means few, large
transactions, and a fast one means no waiting. There is one writer: SQLite allows no more, and two
pages of one model must not race to create it. It has a process of its own, since checking photos
and writing rows is as much work as all of Scrapy, and Python runs one thread at a time.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor

from django.db import connections
from django.db.utils import DatabaseError

from crawler.ingest import Job, Result, jobs_store
from crawler.processes import die_with_parent

MAX_BATCH = 64
ATTEMPTS = 4
FIRST_PAUSE_SECONDS = 0.5


class Writer:
    """Takes jobs from coroutines, gives each its result."""

    def __init__(
        self,
        store: Callable[[Sequence[Job]], list[Result]] = jobs_store,
        executor: Executor | None = None,
    ) -> None:
        self._store = store
        self._executor = executor or writer_process()
        self._waiting: list[tuple[Job, asyncio.Future[Result]]] = []
        self._running: asyncio.Task[None] | None = None

    async def write(self, job: Job) -> Result:
        """Store one job.

        Raises:
            DatabaseError: the database could not be written for some seconds.
        """
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((job, future))
        if self._running is None:
            self._running = asyncio.create_task(self._drain())
        return await future

    async def _drain(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
                try:
                    results = await self._attempt([job for job, _ in batch])
                except Exception as error:
                    for _, future in batch:
                        if not future.done():
                            future.set_exception(error)
                    continue
                for (_, future), result in zip(batch, results, strict=True):
                    if not future.done():
                        future.set_result(result)
        finally:
            self._running = None

    async def _attempt(self, jobs: list[Job]) -> list[Result]:
        loop = asyncio.get_running_loop()
        for attempt in range(ATTEMPTS):
            try:
                return await loop.run_in_executor(self._executor, self._store, jobs)
            except DatabaseError:
                if attempt == ATTEMPTS - 1:
                    raise
                # Locked, or restarting: most such things pass within seconds.
                await asyncio.sleep(FIRST_PAUSE_SECONDS * 4**attempt)
        raise AssertionError("unreachable")

    async def close(self) -> None:
        """Wait for what is being written, and end the writer."""
        if self._running is not None:
            await self._running
        self._executor.shutdown(wait=True)


def writer_process() -> Executor:
    """A process that runs what it is given, one thing after the other.

    Forked, so that nothing is loaded twice; therefore to be called before the reactor starts, and
    without an open database connection.
    """
    connections.close_all()
    # What is there by now stays: a collection that looked at it would copy all of it once for each
    # of the two processes.
    gc.collect()
    gc.freeze()
    executor = ProcessPoolExecutor(
        1,
        mp_context=multiprocessing.get_context("fork"),
        initializer=_begin,
        initargs=(os.getpid(),),
    )
    # The process is made with the first task: now, while there is one thread.
    executor.submit(os.getpid).result()
    return executor


def _begin(parent: int) -> None:
    """In the new process: end with the crawl, leave its signals and its log to it."""
    die_with_parent(parent, signal.SIGKILL)
    # Ctrl-C and the end of a session reach both; the crawl still has things to write then.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    logging.getLogger().handlers = [logging.StreamHandler()]
    logging.getLogger().setLevel(logging.WARNING)
