"""Scrapy's HTTP handler, held to the number of requests that a host allows, with a fitting pool."""

from __future__ import annotations

import asyncio
from typing import IO, Any
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler, _ScrapyAgent
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.stats import get_header_size
from scrapy.exceptions import DownloadTimeoutError
from scrapy.http import Response
from scrapy.utils._download_handlers import wrap_twisted_exceptions
from scrapy.utils.datatypes import LocalCache
from scrapy.utils.defer import maybe_deferred_to_future

from crawler.scraping.context import context_of, engine_of
from crawler.scraping.places import places_at

TO_FILE = "to_file"
"""In the meta of a request whose answer may be large: the file of the run's folder for it."""

LISTEN_FACTOR = 30.0
"""Times the time limit after which a shop's silence is taken for the end of its work.

At 10, a shop starved of its processor still worked on answers whose places had been given away: it
was asked for 6 to 8 at one time where 4 were allowed."""


KEPT_ANSWERS = 16
"""That came too late and wait for the next try of their requests; each may be a large photo."""

Asked = tuple[str, str, bytes]
"""What a request asks for: method, address, body."""


class LateAnswers:
    """Answers that came, or are to come, after their requests were given up.

    A request that is tried again waits its turn behind others, and its answer may come meanwhile:
    of a shop on a busy machine four of twelve slow photos were asked for a second time although
    the first answer was there.
    """

    def __init__(self) -> None:
        self._coming: dict[Asked, asyncio.Task[Response]] = {}
        self._come: LocalCache[Asked, asyncio.Task[Response]] = LocalCache(KEPT_ANSWERS)

    def expect(self, asked: Asked, transfer: asyncio.Task[Response]) -> None:
        """Nobody waits for this one now."""
        self._coming[asked] = transfer
        transfer.add_done_callback(lambda task: self._ended(asked, task))

    def _ended(self, asked: Asked, transfer: asyncio.Task[Response]) -> None:
        if self._coming.get(asked) is transfer:
            del self._coming[asked]
            if not transfer.cancelled() and transfer.exception() is None:
                self._come[asked] = transfer

    def take(self, asked: Asked) -> asyncio.Task[Response] | None:
        """The answer for the next try, once; None where the shop is to be asked."""
        return self._coming.pop(asked, None) or self._come.pop(asked, None)


class PoliteHandler(HTTP11DownloadHandler):
    """Sends at most CONCURRENT_REQUESTS_PER_DOMAIN requests to a host at one time.

    Counted over all processes that crawl, see `crawler.scraping.places`.

    Scrapy counts a request as sent only when its task has started: of requests that come in one go
    (the photos of a product), 78 were sent at one time where 8 were allowed. A shop then drops
    connections, and each dropped one waits for seconds.

    A request that is given up at the time limit keeps its place until the shop has answered it: a
    server rarely notices that nobody waits, and works on. Asking on at once, 11 requests kept a
    shop busy where 4 were allowed, and each made the next one slower. Trying such a request again
    takes the answer that is under way, or has come meanwhile: asked twice, a shop that needs longer
    than the limit does all the work twice, and a slow photo took two of the places.

    It also keeps twice as many idle connections as it uses, since a request begins before the
    connection of the one that it follows is back in the pool: with as many places as requests, 482
    of 701 requests to the demo shop opened a new one.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._context = context_of(crawler)
        self._allowed = crawler.settings.getint("CONCURRENT_REQUESTS_PER_DOMAIN")
        self._limit = crawler.settings.getfloat("DOWNLOAD_TIMEOUT")
        self._pool.maxPersistentPerHost = 2 * self._allowed
        self._places = places_at(crawler.settings.get("CRAWL_PLACES_URL"))
        self._gates: LocalCache[str, asyncio.Semaphore] = LocalCache(10_000)
        self._transfers: set[asyncio.Task[Response]] = set()
        self._late = LateAnswers()

    async def download_request(self, request: Request) -> Response:
        limit = float(request.meta.get("download_timeout") or self._limit)
        to_file = TO_FILE in request.meta
        asked = (request.method, request.url, request.body)
        is_retry = bool(request.meta.get("retry_times"))
        transfer = self._late.take(asked) if is_retry else None
        if transfer is None:
            transfer = await self._send(request, limit)
        done, _ = await asyncio.wait({transfer}, timeout=None if to_file else limit)
        if not done:
            if not is_retry:  # one that is late twice is not tried again in this run
                self._late.expect(asked, transfer)
            raise DownloadTimeoutError(f"Getting {request.url} took longer than {limit:g} seconds.")
        return transfer.result()

    async def _send(self, request: Request, limit: float) -> asyncio.Task[Response]:
        """Ask the shop as soon as it may be asked; the answer is on its way."""
        host = urlsplit(request.url).hostname or ""
        gate = self._gates.get(host)
        if gate is None:
            gate = self._gates[host] = asyncio.Semaphore(self._allowed)
        await gate.acquire()
        try:
            give_back = await self._places.take(
                host, allowed=self._allowed, delay=self._delay_of(request)
            )
        except BaseException:
            gate.release()
            raise
        to_file = TO_FILE in request.meta
        # The next attempt writes to the same file: this one must have ended by then.
        patience = limit if to_file else LISTEN_FACTOR * limit

        def ended(task: asyncio.Task[Response]) -> None:
            gate.release()
            give_back()
            self._transfers.discard(task)
            if not task.cancelled():
                # Of one that was given up nobody else asks for the error.
                task.exception()

        transfer = self._download_to_file if to_file else self._download
        task = asyncio.create_task(transfer(request, patience))
        self._transfers.add(task)
        task.add_done_callback(ended)
        return task

    def _delay_of(self, request: Request) -> float:
        """Seconds that this host is left in peace between two requests, as of now."""
        slots = engine_of(self.crawler).downloader.slots
        slot = slots.get(request.meta.get("download_slot", ""))
        return float(slot.delay) if slot else 0.0

    async def _download(
        self,
        request: Request,
        patience: float,
        agent: type[_ScrapyAgent] = _ScrapyAgent,
        **more: Any,
    ) -> Response:
        """What Scrapy's handler does, with a time limit of our own and bytes counted."""
        if request.meta.get("download_timeout", patience) != patience:
            request = request.replace(meta={**request.meta, "download_timeout": patience})
        asking = agent(
            contextFactory=self._contextFactory,
            connectTimeout=patience,
            bindAddress=self._bind_address,
            pool=self._pool,
            maxsize=self._default_maxsize,
            warnsize=self._default_warnsize,
            fail_on_dataloss=self._fail_on_dataloss,
            crawler=self.crawler,
            **more,
        )
        with wrap_twisted_exceptions():
            response = await maybe_deferred_to_future(asking.download_request(request))
        self._context.bytes += len(response.body) + get_header_size(response.headers)
        return response

    async def _download_to_file(self, request: Request, patience: float) -> Response:
        """The answer's body goes into the file that `TO_FILE` names; the response has none."""
        request.headers["Accept-Encoding"] = "identity"
        path = self._context.plan.directory / request.meta[TO_FILE]
        with path.open("wb") as file:
            response = await self._download(request, patience, _FileAgent, file=file)
            self._context.bytes += file.tell()
        # A file that came packed is unpacked when it is read.
        response.headers.pop("Content-Encoding", None)
        return response

    async def close(self) -> None:
        for transfer in self._transfers:
            transfer.cancel()
        await self._places.close()
        await super().close()


class _FileAgent(_ScrapyAgent):
    """Scrapy's agent, whose readers write to a file: a feed may be larger than memory."""

    def __init__(self, *, file: IO[bytes], **options: Any) -> None:
        super().__init__(**options)
        self._file = file

    def _cb_bodyready(self, txresponse: Any, request: Request) -> Any:
        deliver = txresponse.deliverBody

        def deliver_to_file(reader: Any) -> None:
            reader._bodybuf = _Buffer(self._file)
            deliver(reader)

        txresponse.deliverBody = deliver_to_file
        return super()._cb_bodyready(txresponse, request)


class _Buffer:
    """What a reader of Scrapy's expects of its buffer."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, data: bytes) -> None:
        self._file.write(data)

    def truncate(self, size: int) -> None:
        self._file.truncate(size)

    def getvalue(self) -> bytes:
        return b""
