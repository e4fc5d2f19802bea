"""How many requests a host gets at one time, over all processes and machines that crawl.

Two runs that ask one host would each keep to what is allowed, and together double it. So a request
takes a place at the host in the Valkey (or Redis) that all workers share, and gives it back when
the host has answered. A place is a lease: what a killed process held is free again after
`LEASE_SECONDS`. Times are the server's, so that clocks of machines may differ.

Where no delay is asked for, a process hands a place that came free on to its own next request, for
`TURN_SECONDS` at most: asking the server for each would slow the reading of a fast shop.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import socket
import time
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Protocol
from uuid import uuid4

from redis.asyncio import Redis
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

LEASE_SECONDS = 60.0
MAX_PAUSE_SECONDS = 0.25
"""Between two questions whether a place is free."""
TURN_SECONDS = 0.5
"""That a place stays within one process while others may be waiting for it."""
IDLE_SECONDS = 0.02
"""That a free place waits for the next request of its process."""
YIELD_SECONDS = 0.06
"""That a process whose turn is over asks for no place where others do, who ask every 50 ms."""
RETRY_SECONDS = 1.0
"""Between two attempts to reach a server that went away."""
CONNECT_SECONDS = 1.0

_TAKE = """
local now = redis.call('TIME'); now = now[1] * 1000 + math.floor(now[2] / 1000)
local owner, token, allowed = ARGV[1], ARGV[2], tonumber(ARGV[3])
local delay, lease = tonumber(ARGV[4]), tonumber(ARGV[5])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('HSET', KEYS[2], owner, allowed .. ':' .. now + lease)
local limits = redis.call('HGETALL', KEYS[2])
for i = 1, #limits, 2 do
    local limit, until_ = limits[i + 1]:match('^(%d+):(%d+)')
    if tonumber(until_) < now then redis.call('HDEL', KEYS[2], limits[i])
    elseif tonumber(limit) < allowed then allowed = tonumber(limit) end
end
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, lease + delay) end
if redis.call('ZCARD', KEYS[1]) >= allowed then return 50 end
local last = redis.call('HMGET', KEYS[3], 'owner', 'at')
if last[1] and last[1] ~= owner and now < last[2] + delay then return last[2] + delay - now end
redis.call('ZADD', KEYS[1], now + lease, token)
redis.call('HSET', KEYS[3], 'owner', owner, 'at', string.format('%.0f', now))
redis.call('PEXPIRE', KEYS[1], lease + delay)
redis.call('PEXPIRE', KEYS[3], lease + delay)
if redis.call('HLEN', KEYS[2]) > 1 then return -1 end
return 0
"""
"""KEYS: places held (token → end of its lease), limits (owner → allowed:until), the last request.
0 for a place, -1 for one that others ask for too, or the milliseconds after which to ask again.
The strictest of those who ask now holds for all; the delay holds between requests of different
owners: within one, Scrapy's slot keeps it."""
_RENEW = """
local now = redis.call('TIME'); now = now[1] * 1000 + math.floor(now[2] / 1000)
for i = 2, #ARGV do redis.call('ZADD', KEYS[1], 'XX', now + tonumber(ARGV[1]), ARGV[i]) end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 0
"""

GiveBack = Callable[[], None]


class Places(Protocol):
    """Where a request takes its place at a host; within one process the caller counts itself."""

    async def take(self, host: str, *, allowed: int, delay: float) -> GiveBack: ...

    async def close(self) -> None: ...


class OwnPlaces:
    """No other process crawls."""

    async def take(self, host: str, *, allowed: int, delay: float) -> GiveBack:
        return _nothing

    async def close(self) -> None:
        return None


def _nothing() -> None:
    return None


def places_at(url: str | None) -> Places:
    return SharedPlaces(url) if url else OwnPlaces()


class SharedPlaces:
    """Places in a Valkey or Redis.

    While it cannot be reached at the start, this process keeps to its own count; one that goes
    away later leaves others at work, so a host then gets one request at a time from here.
    """

    def __init__(self, url: str, *, lease: float = LEASE_SECONDS) -> None:
        self._redis: Redis = Redis.from_url(
            url, socket_connect_timeout=CONNECT_SECONDS, socket_timeout=2 * CONNECT_SECONDS
        )
        self._take = self._redis.register_script(_TAKE)
        self._renew = self._redis.register_script(_RENEW)
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"
        self._lease = round(lease * 1000)
        self._held: dict[str, dict[str, float]] = {}
        """Host → token → when it was taken; idle ones are among them."""
        self._idle: dict[str, list[str]] = {}
        self._waiting: dict[str, deque[asyncio.Future[str]]] = {}
        self._shared: dict[str, bool] = {}
        """Host → whether others asked for it, as of the last place taken."""
        self._yields_until: dict[str, float] = {}
        self._hosts: set[str] = set()
        self._was_there = False
        self._away_until = 0.0
        self._single: dict[str, asyncio.Lock] = {}
        self._renewing: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Future[Any]] = set()

    async def take(self, host: str, *, allowed: int, delay: float) -> GiveBack:
        """Wait for a place; what gives it back. ``delay``: seconds after another's request."""
        if delay == 0 and (idle := self._idle.get(host)):
            return self._ours(host, idle.pop(), delay)
        await asyncio.sleep(max(0.0, self._yields_until.get(host, 0.0) - time.monotonic()))
        token = uuid4().hex
        while True:
            pause = await self._ask(host, token, allowed=allowed, delay=delay)
            if pause is None:
                return await self._alone(host)
            if pause <= 0:
                self._shared[host] = pause < 0
                break
            pause = min(pause, MAX_PAUSE_SECONDS) * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
            if delay:
                await asyncio.sleep(pause)
            elif handed := await self._handed(host, pause):
                return self._ours(host, handed, delay)
        self._held.setdefault(host, {})[token] = time.monotonic()
        if self._renewing is None:
            self._renewing = asyncio.create_task(self._keep_renewing())
        return self._ours(host, token, delay)

    def _ours(self, host: str, token: str, delay: float) -> GiveBack:
        return lambda: self._give_back(host, token, keep=delay == 0)

    async def _handed(self, host: str, seconds: float) -> str | None:
        """A place that another request of this process gives back meanwhile."""
        waiter = asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(host, deque())
        waiting.append(waiter)
        try:
            return await asyncio.wait_for(waiter, seconds)
        except TimeoutError:
            return None
        finally:
            if waiter in waiting:
                waiting.remove(waiter)

    async def _ask(self, host: str, token: str, *, allowed: int, delay: float) -> float | None:
        """Seconds to wait, none for a place that is ours now; None while the server is away."""
        self._hosts.add(host)
        arguments: list[str | int] = [self._owner, token, allowed, round(delay * 1000), self._lease]
        answer = await self._attempt(lambda: self._take(keys=_keys(host), args=arguments))
        return None if answer is None else int(answer) / 1000

    async def _attempt(self, call: Callable[[], Awaitable[Any]]) -> Any:
        if time.monotonic() < self._away_until:
            return None
        try:
            answer = await call()
        except (RedisError, OSError) as error:
            if not self._away_until:
                how = ("each host gets one request at a time" if self._was_there
                       else "other processes that crawl a host are not counted")  # fmt: skip
                logger.warning("the shared count of requests is away (%s): %s", error, how)
            self._away_until = time.monotonic() + RETRY_SECONDS
            return None
        if self._away_until:
            logger.info("the shared count of requests is there again")
        self._was_there, self._away_until = True, 0.0
        return answer

    async def _alone(self, host: str) -> GiveBack:
        if not self._was_there:
            return _nothing
        lock = self._single.setdefault(host, asyncio.Lock())
        await lock.acquire()
        return lock.release

    def _give_back(self, host: str, token: str, *, keep: bool) -> None:
        held = self._held.get(host, {})
        if token not in held:
            return  # `close` gave it back with all others
        if not keep or time.monotonic() - held[token] >= TURN_SECONDS:
            self._let_go(host, token)
            if keep and self._shared.get(host):
                self._yields_until[host] = time.monotonic() + YIELD_SECONDS
            return
        for waiter in self._waiting.get(host, ()):
            if not waiter.done():
                waiter.set_result(token)
                return
        self._idle.setdefault(host, []).append(token)
        asyncio.get_running_loop().call_later(IDLE_SECONDS, self._idle_ended, host, token)

    def _idle_ended(self, host: str, token: str) -> None:
        if token in self._idle.get(host, ()):
            self._idle[host].remove(token)
            self._let_go(host, token)

    def _let_go(self, host: str, token: str) -> None:
        if self._held.get(host, {}).pop(token, None) is not None:
            self._later(self._attempt(partial(self._redis.zrem, _keys(host)[0], token)))

    def _later(self, call: Awaitable[Any]) -> None:
        task = asyncio.ensure_future(call)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _keep_renewing(self) -> None:
        while True:
            await asyncio.sleep(self._lease / 4000)
            for host, tokens in self._held.items():
                if tokens:
                    arguments: list[str | int] = [self._lease, *tokens]
                    renewal = partial(self._renew, keys=_keys(host)[:1], args=arguments)
                    self._later(self._attempt(renewal))

    async def close(self) -> None:
        """Give back what is left, and no longer hold others to our limit."""
        if self._renewing is not None:
            self._renewing.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=CONNECT_SECONDS)
        for host in self._hosts:
            held, limits, _ = _keys(host)
            tokens = self._held.pop(host, {})
            if tokens:
                await self._attempt(partial(self._redis.zrem, held, *tokens))
            await self._attempt(partial(self._redis.hdel, limits, self._owner))
        await self._redis.aclose()


def _keys(host: str) -> list[str]:
    return [f"shoefinder:places:{{{host}}}:{name}" for name in ("held", "limits", "last")]
