"""A small web shop on the loopback address, to crawl for real; changed by tests as it runs."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from hashlib import blake2b
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.fakeshop import pages
from tests.fakeshop.faults import SPOIL_PHOTO, Fault, faults_by_sku, spoil_jsonld
from tests.fakeshop.pages import Dialect
from tests.fakeshop.photos import PhotoCache
from tests.fakeshop.products import Item, Product, catalogue

PER_PAGE = 24
PER_SITEMAP = 100
FORBIDDEN = ("/private/", "/cart")


class FakeShop:
    """A shop that listens on 127.0.0.1 while the ``with`` block runs.

    ``port`` 0 takes any free one. ``slow_seconds`` and ``latency`` are seconds.
    """

    def __init__(
        self, *, cache_dir: Path, products: tuple[Product, ...] | None = None, limit: int = 300,
        seed: int = 7, dialect: Dialect = "jsonld", faults: frozenset[Fault] = frozenset(),
        photo_size: int = 384, port: int = 0, latency: float = 0.0, slow_seconds: float = 30.0,
    ) -> None:  # fmt: skip
        self.products = list(products or catalogue(limit=limit, seed=seed))
        self.dialect: Dialect = dialect
        self.faults = faults
        self.latency = latency
        self.slow_seconds = slow_seconds
        self.photos = PhotoCache(cache_dir, size=photo_size)
        self.by_sku = faults_by_sku([item.sku for _, item in self.rows], faults)
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._paths: Counter[str] = Counter()
        self._statuses: Counter[int] = Counter()
        self._forbidden: list[str] = []
        self._at_once = self._most_at_once = 0
        self._redrawn: Counter[str] = Counter()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def rows(self) -> list[tuple[Product, Item]]:
        return [(product, item) for product in self.products for item in product.items]

    def __enter__(self) -> FakeShop:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def serve_forever(self) -> None:
        self._server.serve_forever()

    # What tests change ---------------------------------------------------------------------------

    def set_price(self, sku: str, price: Decimal) -> None:
        self._replace(sku, price=price)

    def set_availability(self, sku: str, availability: str) -> None:
        self._replace(sku, availability=availability)

    def redraw(self, sku: str) -> None:
        """Other photos under the same addresses."""
        _, item = self._find(sku)
        self._redrawn[sku] += 1
        scenes = tuple(replace(s, angle=s.angle + 3.0 * self._redrawn[sku]) for s in item.scenes)
        self._replace(sku, scenes=scenes)

    def remove(self, sku: str) -> None:
        product, _ = self._find(sku)
        kept = tuple(item for item in product.items if item.sku != sku)
        index = self.products.index(product)
        self.products[index : index + 1] = [replace(product, items=kept)] if kept else []

    def _replace(self, sku: str, **changes: Any) -> None:
        product, _ = self._find(sku)
        items = tuple(replace(i, **changes) if i.sku == sku else i for i in product.items)
        self.products[self.products.index(product)] = replace(product, items=items)

    def _find(self, sku: str) -> tuple[Product, Item]:
        return next(row for row in self.rows if row[1].sku == sku)

    # What it was asked for -----------------------------------------------------------------------

    def stats(self) -> dict[str, Any]:
        with self._lock:
            return {
                "requests": self._counts["requests"],
                "bytes": self._counts["bytes"],
                "products": len(self.products),
                "items": len(self.rows),
                "photos": sum(len(item.scenes) for _, item in self.rows),
                "most_at_once": self._most_at_once,
                "forbidden": list(self._forbidden),
                "paths": dict(self._paths),
                "status": {str(status): count for status, count in self._statuses.items()},
            }

    def reset_stats(self) -> None:
        with self._lock:
            self._counts.clear()
            self._paths.clear()
            self._statuses.clear()
            self._forbidden.clear()
            self._most_at_once = 0

    def arrived(self, path: str) -> int:
        """Count a request; how often this path has been asked for."""
        with self._lock:
            self._counts["requests"] += 1
            self._paths[path] += 1
            self._at_once += 1
            self._most_at_once = max(self._most_at_once, self._at_once)
            if path.startswith(FORBIDDEN):
                self._forbidden.append(path)
            return self._paths[path]

    def left(self, status: int, size: int) -> None:
        with self._lock:
            self._at_once -= 1
            self._statuses[status] += 1
            self._counts["bytes"] += size


class Answer(Exception):
    """What to send; raised from wherever it is known."""

    def __init__(self, body: bytes = b"", ctype: str = "text/html; charset=utf-8",
                 status: int = 200, **headers: str) -> None:  # fmt: skip
        super().__init__(status)
        self.body, self.ctype, self.status, self.headers = body, ctype, status, headers


def _handler(shop: FakeShop) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            """A test's output is no place for an access log."""

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            if parts.path == "/_stats":
                self._send(Answer(json.dumps(shop.stats()).encode(), "application/json"))
                return
            times = shop.arrived(parts.path)
            answer = Answer(pages.frame("Not found"), status=404)
            try:
                time.sleep(shop.latency)
                _route(shop, parts.path, query, times)
            except Answer as found:
                answer = found
            finally:
                size = self._send(answer)
                shop.left(answer.status, size)

        do_HEAD = do_GET

        def _send(self, answer: Answer) -> int:
            etag = f'"{blake2b(answer.body, digest_size=8).hexdigest()}"'
            fresh = answer.status == 200 and self.headers.get("If-None-Match") == etag
            body = b"" if fresh else answer.body
            try:
                self.send_response(304 if fresh else answer.status)
                self.send_header("Content-Type", answer.ctype)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("ETag", etag)
                for name, value in answer.headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)
            except (BrokenPipeError, ConnectionResetError):
                return 0  # the crawl was killed: what such tests are about
            return len(body)

    return Handler


def _route(shop: FakeShop, path: str, query: dict[str, str], times: int) -> None:
    """Raise the Answer to ``path``; return where there is none."""
    base = shop.base_url
    if path == "/robots.txt":
        raise Answer(pages.robots(base), "text/plain")
    if path == "/sitemap.xml" and shop.dialect == "jsonld":
        count = -(-len(shop.rows) // PER_SITEMAP)
        maps = (f"{base}/sitemap-{number}.xml.gz" for number in range(count))
        raise Answer(pages.sitemap_index(maps), "application/xml")
    if path.startswith("/sitemap-") and shop.dialect == "jsonld":
        _sitemap(shop, path)
    if path in ("/", "/c/all"):
        _category(shop, query)
    if path.startswith("/x/"):
        _trap(shop, path, query)
    for product, item in shop.rows:
        if path == pages.path_of(product, item):
            _product(shop, product, item, times)
        if path.startswith(f"/img/{item.sku}-"):
            _photo(shop, item, path)


def _sitemap(shop: FakeShop, path: str) -> None:
    number = int(path.removeprefix("/sitemap-").removesuffix(".xml.gz"))
    part = shop.rows[number * PER_SITEMAP : (number + 1) * PER_SITEMAP]
    rows = [(shop.base_url + pages.path_of(p, i), "2026-01-01") for p, i in part]
    if number == 0:
        traps = {"dead-link": "/x/dead", "redirect-loop": "/x/loop", "slow-page": "/x/slow"}
        rows += [
            (shop.base_url + at, "2026-01-01") for name, at in traps.items() if name in shop.faults
        ]
    raise Answer(pages.sitemap(rows), "application/gzip")


def _category(shop: FakeShop, query: dict[str, str]) -> None:
    page = int(query.get("page", "1"))
    rows = shop.rows[(page - 1) * PER_PAGE : page * PER_PAGE]
    links = {"dead-link": "/x/dead", "redirect-loop": "/x/loop", "endless-calendar": "/x/calendar"}
    extra = "".join(
        f'<a href="{at}">{name}</a>' for name, at in links.items() if name in shop.faults
    )
    more = page * PER_PAGE < len(shop.rows)
    raise Answer(pages.category_page(rows, page=page, more=more, extra=extra))


def _trap(shop: FakeShop, path: str, query: dict[str, str]) -> None:
    if path == "/x/dead":
        raise Answer(pages.frame("Gone"), status=410)
    if path == "/x/loop":
        raise Answer(status=302, Location="/x/loop")
    if path == "/x/slow":
        time.sleep(shop.slow_seconds)
        raise Answer(pages.frame("At last"))
    if path == "/x/calendar":
        day = int(query.get("day", "1"))
        onward = f'<a rel="next" href="/x/calendar?day={day + 1}">next day</a>'
        raise Answer(pages.frame(f"Day {day}", body=onward))


def _product(shop: FakeShop, product: Product, item: Item, times: int) -> None:
    faults = shop.by_sku.get(item.sku, set())
    if "page-503-once" in faults and times == 1:
        raise Answer(b"try again", "text/plain", 503, Retry_After="1")
    data = pages.jsonld(product, item, base=shop.base_url)
    spoil_jsonld(data, item, faults)
    if "photo-two-urls" in faults:
        data["image"].append(f"{data['image'][0]}?again=1")
    bad = ""
    if "page-bad-jsonld" in faults:
        bad = '<script type="application/ld+json">{"@type": "Product", "name": </script>'
    raise Answer(
        pages.product_page(
            product, item, base=shop.base_url, dialect=shop.dialect, data=data, bad=bad
        )
    )


def _photo(shop: FakeShop, item: Item, path: str) -> None:
    number = path.removeprefix(f"/img/{item.sku}-").removesuffix(".jpg")
    if not number.isdigit() or int(number) >= len(item.scenes):
        return
    body, ctype = shop.photos.get(item.look, item.scenes[int(number)]), "image/jpeg"
    if number == "0":
        for fault in shop.by_sku.get(item.sku, set()):
            if spoil := SPOIL_PHOTO.get(fault):  # type: ignore[call-overload]
                body, ctype = spoil(body)
    raise Answer(body, ctype, Cache_Control="max-age=3600")
