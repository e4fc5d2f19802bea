"""Off the reactor and into the catalog, in batches that grow with the load.

While one batch is being written the next one gathers; so a slow database means few, large
transactions, and a fast one means no waiting. There is one writer: SQLite allows no more, and two
pages of one model must not race to create it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor

from django.db import connections
from django.db.utils import DatabaseError

from crawler.ingest import Job, Result, jobs_store

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
        self._executor = executor or ThreadPoolExecutor(1, thread_name_prefix="crawl-writer")
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
        if self._running is not None:
            await self._running
        with contextlib.suppress(RuntimeError):
            await asyncio.get_running_loop().run_in_executor(self._executor, connections.close_all)
        self._executor.shutdown(wait=True)
