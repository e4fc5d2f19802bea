"""A server process of its own with a small drawn catalog; a browser that reports every fault."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

SHOES = 32
ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
PATIENCE = 120.0
SLOW = 20_000
"""Milliseconds after which something is missing, not slow."""


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One group, so that parallel runs start one server and one browser; two chances (ADR 9)."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.xdist_group("browser"))
            item.add_marker(pytest.mark.flaky(reruns=1))


@dataclass(frozen=True)
class Server:
    address: str
    folder: Path


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if CHROMIUM is None:
        pytest.skip("no Chromium: apt install chromium, or name one in CHROMIUM")
    folder = tmp_path_factory.mktemp("site")
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.e2e.settings",
        "SHOEFINDER_VAR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder / 'site.sqlite3'}",
        "OMP_NUM_THREADS": "1",
    }
    seeded = subprocess.run(
        [sys.executable, "-m", "tests.e2e.seed", str(SHOES)],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert seeded.returncode == 0, seeded.stderr[-4000:]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = (folder / "server.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--no-control-socket", "-k", "gthread", "--threads", "8",
         "-b", f"127.0.0.1:{port}", "--config", "/dev/null", "shoefinder.wsgi:application"],
        cwd=ROOT, env=environment, stdout=log, stderr=log,
    )  # fmt: skip
    try:
        address = f"http://127.0.0.1:{port}"
        _await_answer(f"{address}/healthz", process)
        yield Server(address, folder)
    finally:
        process.terminate()
        process.wait(timeout=20)
        log.close()


def _await_answer(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        assert process.poll() is None, "the server ended by itself"
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.1)


@pytest.fixture(scope="package")
def browser(server: Server) -> Iterator[Any]:
    """Package scope: while playwright runs, Django takes its loop for one and refuses the ORM."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@dataclass
class Visitor:
    """A page, and everything that went wrong on it."""

    page: Any
    server: Server
    faults: list[str] = field(default_factory=list)
    scripted: bool = True
    expected: list[str] = field(default_factory=list)
    """Parts of faults that the test provokes, such as the status of a refused upload."""

    def watch(self) -> None:
        self.page.set_default_timeout(SLOW)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        self.page.on("request", self._request)

    def _console(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.faults.append(f"console: {message.text}")

    def _request(self, request: Any) -> None:
        if not request.url.startswith((self.server.address, "data:", "blob:")):
            self.faults.append(f"request to another host: {request.url}")

    def go(self, path: str) -> Any:
        answer = self.page.goto(self.server.address + path)
        if self.scripted:
            self.settled()
        return answer

    def follow(self, name: str, role: str = "link") -> None:
        """Click the first that is called so, which leads to another page; wait for that page."""
        self.leave_by(self.page.get_by_role(role, name=name).first)

    def leave_by(self, way: Any) -> None:
        """Click what leads to another page, and wait for that page: a click alone does not."""
        with self.page.expect_navigation():
            way.click()
        if self.scripted:
            self.settled()

    def wait_for(self, expression: str) -> None:
        """Until ``expression`` is true. Playwright's own way needs eval, which the policy bars."""
        from playwright.sync_api import Error

        deadline = time.monotonic() + SLOW / 1000
        while True:
            try:
                if self.page.evaluate(f"() => Boolean({expression})"):
                    return
            except Error as error:
                assert "context was destroyed" in str(error), error  # noqa: PT017
            assert time.monotonic() < deadline, f"never came true: {expression}"
            self.page.wait_for_timeout(25)

    def settled(self) -> None:
        """Until htmx has swapped what it asked for."""
        self.wait_for(
            "!document.querySelector('.htmx-request, .htmx-settling, .htmx-swapping, [aria-busy]')"
        )

    @property
    def address(self) -> str:
        parts = urlsplit(self.page.url)
        return parts.path + (f"?{parts.query}" if parts.query else "")

    def titles(self) -> list[str]:
        found: list[str] = self.page.locator("#result-list .card-sub").all_inner_texts()
        return found

    def check(self) -> None:
        left = [fault for fault in self.faults if not any(part in fault for part in self.expected)]
        assert left == []


@pytest.fixture
def visitor(browser: Any, server: Server) -> Iterator[Callable[..., Visitor]]:
    """Opens pages: ``visitor(color_scheme="dark")`` takes the options of a browser context."""
    made: list[tuple[Any, Visitor]] = []

    def open_page(**options: Any) -> Visitor:
        options.setdefault("viewport", {"width": 1280, "height": 900})
        context = browser.new_context(**options)
        guest = Visitor(
            context.new_page(), server, scripted=options.get("java_script_enabled", True)
        )
        guest.watch()
        made.append((context, guest))
        return guest

    yield open_page
    for context, guest in made:
        context.close()
        guest.check()


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files to send: what a visitor's phone or disk may hold."""
    from tests.fakeshop import catalog
    from tests.fakeshop.drawing import photo_bytes

    folder = tmp_path_factory.mktemp("photos")
    product = catalog(limit=1)[0]
    files = {
        "shoe.jpg": photo_bytes(product.look, product.photos[0].scene, size=200),
        "notes.jpg": b"these are my notes",
        "large.jpg": b"\xff\xd8\xff" + b"\0" * (16 * 1024 * 1024),
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return {name: folder / name for name in files}
