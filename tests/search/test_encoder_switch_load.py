"""A switch under load: searches in many threads of two web processes, a kill -9 in the middle."""

from __future__ import annotations

import json
import signal
import threading
import urllib.request
from dataclasses import dataclass, field
from typing import Any

import pytest

from shoefinder.stack.parts import port_is_free
from tests.search.processes import SharedSite, wait_for

PHOTOS = 60
ASKERS = 3
SETUP = f"""
from tests.search.indexing import make_colorway, store_photos
for number in range(20):
    shoe = make_colorway(f"Colour {{number}}", style_code=f"C{{number}}")
    store_photos({PHOTOS} // 20, start=1 + 10 * number, colorway=shoe)
"""
EMBEDDED = "SELECT count(*) FROM search_imageembedding WHERE encoder_id LIKE ?"
QUESTIONS = (
    "search?q=red+shoe",
    "search?image=1",
    "search?q=blue+boot",
    "search?image=2",
    "identify?image=3",
)


@dataclass
class Askers:
    """Threads that ask the same questions again and again, and what they were told."""

    base: str
    expected: dict[str, Any] = field(default_factory=dict)
    asked: int = 0
    wrong: list[str] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> Askers:
        self.expected = {question: self.ask(question) for question in QUESTIONS}
        assert all(self.expected.values())
        self.threads = [threading.Thread(target=self.run) for _ in range(ASKERS)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        for thread in self.threads:
            thread.join()

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(f"{self.base}/{path}", timeout=60) as answer:
            return json.load(answer)

    def ask(self, question: str) -> Any:
        told = self.get(f"api/v1/{question}")
        if "results" in told:
            return [hit["shoe"]["style_code"] for hit in told["results"]]
        return [candidate["model"] for candidate in told["candidates"]]

    def run(self) -> None:
        while not self.ended.is_set():
            for question in QUESTIONS:
                try:
                    told = self.ask(question)
                except OSError as error:
                    told = f"{error}: {getattr(error, 'read', bytes)()!r}"
                with self.lock:
                    self.asked += 1
                    if told != self.expected[question]:
                        self.wrong.append(f"{question}: {told}")


@pytest.mark.chaos
def test_no_search_is_lost_or_mixed(shared_site: SharedSite) -> None:
    """The new encoder's vectors are the old ones with their parts in another order: alone it
    answers the same, and a vector of one in the index of the other gives nonsense."""
    site = shared_site
    site.prepare(SETUP)
    assert site.manage("embed").returncode == 0
    port = next(port for port in range(18_900, 19_000) if port_is_free("127.0.0.1", port))
    web = site.spawn(
        "-m", "gunicorn", "shoefinder.wsgi", "--config", "python:shoefinder.gunicorn",
        "--bind", f"127.0.0.1:{port}", "--workers", "2", quiet=True,
    )  # fmt: skip
    wait_for(lambda: not port_is_free("127.0.0.1", port), web)
    with Askers(f"http://127.0.0.1:{port}") as askers:

        def embedded() -> int:
            return int(site.one(EMBEDDED, "turned@%"))

        first = site.start("encoder", "switch", "turned", "--json", seconds_per_photo=0.05)
        wait_for(lambda: embedded() >= PHOTOS // 3, first)
        first.send_signal(signal.SIGKILL)
        first.communicate()
        assert embedded() < PHOTOS
        assert json.loads(site.manage("encoder", "status", "--json").stdout)["active"] == "fake"
        before = askers.asked
        second = site.manage("encoder", "switch", "turned", "--json")
        assert second.returncode == 0, second.stderr
        after = askers.asked
        for _ in range(8):  # each of both processes answers some of them
            assert askers.get("readyz")["parts"]["encoder"]["detail"].startswith("turned@")
        wait_for(lambda: askers.asked >= after + 10 * len(QUESTIONS), web)
    assert askers.wrong == []
    assert after > before > 0
    assert site.manage("index", "verify").returncode == 0
