"""``make chaos``: kill -9 in the middle of a crawl and of embedding; nothing is lost or doubled.

The whole of ``make demo`` runs in a folder of its own and is looked at from outside only: its
database, its processes, the shop's own count of what it has. The supervisor restarts what is
killed, as an operator's process manager would.
"""

from __future__ import annotations

import json
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.chaos.site import (
    PHOTOS,
    WAITING,
    Site,
    environment_of,
    stack_ended,
    stack_start,
    wait_for,
)

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1200)]

PRODUCTS = 200
START_SECONDS = 300
FINISH_SECONDS = 600
VERIFY_SECONDS = 120
"""Each look loads the encoder and compares every vector: 5 s alone, 30 s on a busy machine."""


@dataclass
class Demo(Site):
    """A running demo with its shop."""

    shop_port: int

    def shop(self) -> dict[str, int]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.shop_port}/_stats") as answer:
            return json.loads(answer.read())


@pytest.fixture
def demo(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Demo]:
    port = 8950
    environment = environment_of(tmp_path)
    options = {"--port": port, "--shop-port": port + 1, "--products": PRODUCTS}
    words = [str(word) for pair in options.items() for word in pair]
    process = stack_start(tmp_path, environment, "demo", *words)
    with stack_ended(Demo(tmp_path, process, port, environment, port + 1)) as running:
        yield running


PRODUCTS_SO_FAR = "SELECT COUNT(*) FROM catalog_listing"
EMBEDDED = "SELECT COUNT(*) FROM search_imageembedding"
DONE = "SELECT COUNT(*) FROM crawler_crawlrun WHERE status = 'done'"

IN_CRAWL = (PRODUCTS_SO_FAR, 30)
IN_EMBEDDING = (EMBEDDED, 30)

VICTIMS = {
    "crawl-worker": ("worker --queues crawl", IN_CRAWL),
    "crawl-child": ("crawl_run", IN_CRAWL),
    "web": ("gunicorn", IN_CRAWL),
    "broker-in-crawl": ("valkey-server", IN_CRAWL),
    "embed-worker": ("worker --queues embed", IN_EMBEDDING),
    "broker-in-embedding": ("valkey-server", IN_EMBEDDING),
}


@pytest.mark.parametrize("victim", VICTIMS)
def test_killed_in_the_middle(demo: Demo, victim: str) -> None:
    mark, (progress, enough) = VICTIMS[victim]
    wait_for("work has begun", lambda: demo.one(progress) >= enough, START_SECONDS)
    processes = demo.running(mark)
    assert processes, f"no process matches {mark}"
    for process in processes:
        process.send_signal(signal.SIGKILL)
    wait_for(f"{victim} is back or no longer needed", lambda: done(demo), FINISH_SECONDS)
    check_nothing_lost_or_doubled(demo)


def done(demo: Demo) -> bool:
    assert demo.process.poll() is None, "the demo itself ended"
    return demo.one(DONE) == 1 and demo.one(EMBEDDED) > 0 and demo.one(WAITING) == 0


def check_nothing_lost_or_doubled(demo: Demo) -> None:
    shop = demo.shop()
    assert demo.one(PRODUCTS_SO_FAR) == shop["products"]
    assert demo.one("SELECT COUNT(*) FROM catalog_colorway") == shop["products"]
    assert demo.one("SELECT COUNT(DISTINCT sha256) FROM catalog_shoeimage") == demo.one(PHOTOS)
    files = [path for path in (demo.folder / "media" / "photos").rglob("*") if path.is_file()]
    assert len(files) == demo.one(PHOTOS)
    answers: list[subprocess.CompletedProcess[str]] = []

    def verified() -> bool:
        answers.append(demo.manage("index", "verify"))
        return answers[-1].returncode == 0

    def told() -> str:
        return answers[-1].stdout + answers[-1].stderr

    wait_for("everything is searchable", verified, VERIFY_SECONDS, told)
