"""Answers the shop's requests: routes, conditional requests, counts."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from html import escape
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, cast
from urllib.parse import parse_qs, urlsplit

from tests.fakeshop import lists, pages
from tests.fakeshop.faults import PLACES, Fault, spoil
from tests.fakeshop.products import FIRST_DAY, Product
from tests.fakeshop.stats import Stats

if TYPE_CHECKING:
    from tests.fakeshop.server import FakeShop

FORBIDDEN = ("/private/", "/cart")
URLS_PER_SITEMAP = 100
HTML = "text/html; charset=utf-8"
XMLNS = "http://www.sitemaps.org/schemas/sitemap/0.9"


@dataclass(frozen=True)
class Answer:
    body: bytes
    type: str = HTML
    status: int = 200
    modified: datetime | None = None
    headers: dict[str, str] = field(default_factory=dict)


class Router:
    """From a path to an :class:`Answer`; knows nothing of sockets."""

    def __init__(self, shop: FakeShop, stats: Stats) -> None:
        self.shop, self.stats = shop, stats

    def answer(self, path: str, query: dict[str, str]) -> Answer:
        shop = self.shop
        if (seconds := shop.failing.get(path)) is not None:
            return Answer(b"later", "text/plain", 503, headers={"Retry-After": str(seconds)})
        if path == "/":
            return Answer(pages.home(shop.products, shop.departments, self.traps))
        if path == "/style.css":
            return Answer(pages.STYLE.encode(), "text/css; charset=utf-8", modified=FIRST_DAY)
        if path == "/robots.txt":
            return self.robots()
        if path == "/sitemap.xml" and shop.publishes_sitemap:
            return self.sitemap_index()
        if found := re.fullmatch(r"/sitemap-(\d+)\.xml\.gz", path):
            return self.sitemap(int(found[1]))
        if found := re.fullmatch(r"/c/([a-z0-9-]+)", path):
            return self.category(found[1], query.get("page", "1"))
        if found := re.fullmatch(r"/p/([a-z0-9-]+)/(s\d+)", path):
            return self.product(path, found[2])
        if found := re.fullmatch(r"/photos/(s\d+)-(\d+)-([a-z-]+)\.jpg", path):
            return self.photo(path, found[1], int(found[2]) - 1)
        if found := re.fullmatch(r"/photos/again/(s\d+)\.jpg", path):
            return self.photo_again(found[1])
        if path.startswith(FORBIDDEN):
            return Answer(pages.page("Private", "<h1>You were asked to stay out</h1>"))
        if path.startswith("/x/"):
            return self.trap(path, query)
        if (listed := lists.answer(self.shop, path, query)) is not None:
            body, kind, headers = listed
            return Answer(body, kind, headers=headers)
        return self.missing()

    @property
    def traps(self) -> list[str]:
        return [path for fault, path in PLACES.items() if fault in self.shop.faults]

    def missing(self, status: int = 404) -> Answer:
        body = '<h1>Nothing here</h1><p><a href="/">Back to the shop</a></p>'
        return Answer(pages.page("Not found", body), status=status)

    def robots(self) -> Answer:
        shop = self.shop
        lines = ["User-agent: *", "Disallow: /private/", "Disallow: /cart"]
        if shop.crawl_delay is not None:
            lines.append(f"Crawl-delay: {shop.crawl_delay:g}")
        if shop.publishes_sitemap:
            lines += ["", f"Sitemap: {shop.base_url}/sitemap.xml"]
        return Answer(("\n".join(lines) + "\n").encode(), "text/plain; charset=utf-8")

    def sitemap_index(self) -> Answer:
        products = self.shop.products
        parts = []
        for number, start in enumerate(range(0, len(products), URLS_PER_SITEMAP)):
            newest = max(p.updated for p in products[start : start + URLS_PER_SITEMAP])
            parts.append(
                f"<sitemap><loc>{self.shop.base_url}/sitemap-{number}.xml.gz</loc>"
                f"<lastmod>{newest.isoformat()}</lastmod></sitemap>"
            )
        return Answer(_xml("sitemapindex", parts), "application/xml")

    def sitemap(self, number: int) -> Answer:
        shop = self.shop
        products = shop.products[number * URLS_PER_SITEMAP :][:URLS_PER_SITEMAP]
        if not products or not shop.publishes_sitemap:
            return self.missing()
        parts = [
            f"<url><loc>{escape(shop.base_url + p.path)}</loc>"
            f"<lastmod>{p.updated.isoformat()}</lastmod></url>"
            for p in products
        ]
        if number == 0:
            parts += [f"<url><loc>{shop.base_url}{path}</loc></url>" for path in self.traps]
        # mtime=0: the same list gives the same bytes, and so the same ETag
        return Answer(gzip.compress(_xml("urlset", parts), mtime=0), "application/gzip")

    def category(self, slug: str, number: str) -> Answer:
        shop = self.shop
        found = shop.department(slug)
        if found is None or not number.isdecimal() or int(number) < 1:
            return self.missing()
        name, products = found
        if (int(number) - 1) * shop.page_size >= max(1, len(products)):
            return self.missing()
        return Answer(
            pages.category(name, products, number=int(number), per_page=shop.page_size,
                           departments=shop.departments, traps=self.traps)
        )  # fmt: skip

    def _product(self, sku: str) -> Product | None:
        try:
            return self.shop.product(sku)
        except KeyError:
            return None

    def product(self, path: str, sku: str) -> Answer:
        shop, product = self.shop, self._product(sku)
        if product is None or product.path != path:
            return self.missing()
        shop.queue_for_a_product()
        faults = shop.faults_of(product)
        if Fault.FLAKY in faults and self.stats.seen(path) == 1:
            return Answer(b"try again", "text/plain", 503, headers={"Retry-After": "1"})
        body = pages.product_page(
            product, shop.siblings(product), kind=shop.kind, base_url=shop.base_url,
            photos=shop.photo_urls(product), size=shop.darkroom.size,
            departments=shop.departments, faults=faults,
        )  # fmt: skip
        return Answer(body, modified=product.updated)

    def photo(self, path: str, sku: str, index: int) -> Answer:
        shop, product = self.shop, self._product(sku)
        if product is None or not 0 <= index < len(product.photos):
            return self.missing()
        if product.photo_path(index) != path:
            return self.missing()
        status, body, kind = spoil(
            shop.photo_fault(product, index), shop.photo_bytes(product, index)
        )
        headers = {"Cache-Control": "max-age=3600"}
        return Answer(body, kind, status, modified=product.updated, headers=headers)

    def photo_again(self, sku: str) -> Answer:
        product = self._product(sku)
        if product is None:
            return self.missing()
        return Answer(self.shop.photo_bytes(product, 0), "image/jpeg", modified=product.updated)

    def trap(self, path: str, query: dict[str, str]) -> Answer:
        shop = self.shop
        if path not in self.traps:
            return self.missing()
        if path == PLACES[Fault.REDIRECT_LOOP]:
            return Answer(b"", "text/plain", 302, headers={"Location": path})
        if path == PLACES[Fault.SLOW_PAGE]:
            shop.wait(shop.slow_seconds)
            return Answer(pages.page("At last", "<h1>At last</h1>"))
        if path == PLACES[Fault.CALENDAR]:
            day = int(query.get("day", "1")) if query.get("day", "1").isdecimal() else 1
            after = f'<a rel="next" href="{path}?day={day + 1}">next day</a>'
            return Answer(pages.page(f"Day {day}", f"<h1>Day {day}</h1>{after}"))
        return self.missing(410)


def _xml(root: str, parts: list[str]) -> bytes:
    inner = "".join(parts)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><{root} xmlns="{XMLNS}">{inner}</{root}>'.encode()
    )


def handler_for(shop: FakeShop, stats: Stats) -> type[BaseHTTPRequestHandler]:
    """A request handler bound to one shop."""
    router = Router(shop, stats)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version = "SoleThread/1.0"
        # one segment an answer: headers and body written apart wait for a delayed ACK
        wbufsize = 1 << 16
        disable_nagle_algorithm = True
        timeout = 30

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: /_stats tells it better."""

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path == "/_stats":
                self.send(Answer(json.dumps(shop.stats(), indent=1).encode(), "application/json"))
                return
            agent = cast(str, self.headers.get("User-Agent", ""))
            forbidden = parts.path.startswith(FORBIDDEN)
            with stats.request(parts.path, agent=agent, forbidden=forbidden):
                if shop.latency:
                    shop.wait(shop.latency)
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                answer = self.conditional(router.answer(parts.path, query))
                stats.sent(answer.status, 0 if self.command == "HEAD" else len(answer.body))
            # counted before it is written: who has read an answer finds it in /_stats
            try:
                self.send(answer)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def conditional(self, answer: Answer) -> Answer:
            """``answer`` with its validators, or 304 when the client has it already."""
            if answer.status != 200:
                return answer
            etag = f'"{hashlib.sha256(answer.body).hexdigest()[:32]}"'
            headers = {"ETag": etag, **answer.headers}
            if answer.modified is not None:
                headers["Last-Modified"] = format_datetime(answer.modified, usegmt=True)
            if self._knows(etag, answer.modified):
                return Answer(b"", answer.type, 304, headers=headers)
            return replace(answer, headers=headers)

        def send(self, answer: Answer) -> None:
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if answer.status != 304:
                self.send_header("Content-Type", answer.type)
                self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body)
            self.wfile.flush()

        def _knows(self, etag: str, modified: datetime | None) -> bool:
            """RFC 9110 13.2.2: If-None-Match wins over If-Modified-Since."""
            if tags := self.headers.get("If-None-Match"):
                return etag in (tag.strip() for tag in tags.split(",")) or tags.strip() == "*"
            since = self.headers.get("If-Modified-Since")
            if since is None or modified is None:
                return False
            try:
                return modified <= parsedate_to_datetime(since).astimezone(UTC)
            except (TypeError, ValueError):
                return False

    return Handler
