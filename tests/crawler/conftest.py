"""Whole crawls in tests: the child process uses this test's database, folders and settings."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client

from crawler import runner
from crawler.models import CrawlRun, CrawlSource
from crawler.runner import run_until_ended
from crawler.services import crawl_run_request, crawl_source_ensure
from tests.crawler.warm import Fork
from tests.fakeshop import FakeShop

PHOTO_SIZE = 96
DEADLINE_SECONDS = 60.0


@pytest.fixture
def home(
    transactional_db: None, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A VAR_DIR of this test's own, shared with the processes that it starts."""
    settings.VAR_DIR = tmp_path
    settings.MEDIA_ROOT = tmp_path / "media"
    monkeypatch.setenv("SHOEFINDER_TEST_VAR", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", database_url())
    return tmp_path


@pytest.fixture
def warm(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As ``home``; processes of crawls are forked from one that has loaded what they need."""
    monkeypatch.setattr(runner, "process_start", Fork)


def database_url() -> str:
    """Of the test database, for a child process."""
    told = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{told['NAME']}"
    user, password = quote(told["USER"], safe=""), quote(told["PASSWORD"], safe="")
    host, port = quote(told["HOST"], safe=""), told["PORT"]
    return f"postgresql://{user}:{password}@{host}:{port}/{told['NAME']}"


@pytest.fixture(scope="session")
def photo_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("photos")


@pytest.fixture
def shop_of(photo_cache: Path) -> Iterator[Callable[..., FakeShop]]:
    """Opens shops, and closes them after the test."""
    opened: list[FakeShop] = []

    def open_shop(**options: Any) -> FakeShop:
        options = {"limit": 12, "photo_size": PHOTO_SIZE, **options}
        opened.append(FakeShop(cache_dir=photo_cache, **options).start())
        return opened[-1]

    yield open_shop
    for shop in opened:
        shop.stop()


@pytest.fixture
def viewer(client: Client) -> Client:
    """Staff who may look and not act."""
    user = User.objects.create_user("viewer", is_staff=True)
    user.user_permissions.add(*Permission.objects.filter(codename__startswith="view_"))
    client.force_login(user)
    return client


Answer = tuple[int, dict[str, str], str | bytes]


class PageServer:
    """Serves what a dictionary says: path (with query) → an answer, or what makes it."""

    def __init__(self, pages: Mapping[str, Answer | Callable[[], Answer]]) -> None:
        self.pages, self.asked = dict(pages), list[str]()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: object) -> None:
                return

            def do_GET(self) -> None:
                server.asked.append(self.path)
                path = self.path if self.path in server.pages else self.path.partition("?")[0]
                found = server.pages.get(path, (404, {}, ""))
                status, headers, body = found() if callable(found) else found
                content = body if isinstance(body, bytes) else body.encode()
                self.send_response(status)
                headers = {"Content-Type": "text/html; charset=utf-8", **headers}
                for name, value in {**headers, "Content-Length": str(len(content))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.base_url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


Pages = Callable[[Mapping[str, Answer | Callable[[], Answer]]], PageServer]


@pytest.fixture
def pages_at() -> Iterator[Pages]:
    opened: list[PageServer] = []

    def serve(pages: Mapping[str, Answer | Callable[[], Answer]]) -> PageServer:
        opened.append(PageServer(pages))
        return opened[-1]

    yield serve
    for server in opened:
        server.stop()


def product_html(name: str, *, image: str = "", head: str = "", **fields: Any) -> str:
    """A page with one schema.org Product."""
    node = {"@context": "https://schema.org", "@type": "Product", "name": name,
            "brand": "Maker", "image": image, **fields}  # fmt: skip
    script = f'<script type="application/ld+json">{json.dumps(node)}</script>'
    return f"<html><head>{head}{script}</head><body><h1>{name}</h1></body></html>"


def source_of(shop: FakeShop | PageServer, **changes: Any) -> CrawlSource:
    """A source of a shop, without pauses between requests."""
    source = crawl_source_ensure(name="Shop", seeds=[f"{shop.base_url}/"], delay=0.0)
    for name, value in changes.items():
        setattr(source, name, value)
    source.save()
    return source


def crawl(source: CrawlSource, **limits: Any) -> CrawlRun:
    """Crawl as a worker does, and wait for the end."""
    run = crawl_run_request(
        source=source, trigger=CrawlRun.Trigger.COMMAND, enqueue=False, **limits
    )
    run_until_ended(run_id=run.pk)
    run.refresh_from_db()
    return run


def kinds(run: CrawlRun) -> dict[str, int]:
    """How often each kind of problem was told."""
    return dict(run.error_kinds.values_list("kind", "count"))


def wait_until(condition: Callable[[], bool], *, seconds: float = DEADLINE_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
