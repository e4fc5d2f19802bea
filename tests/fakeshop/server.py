"""The demo shop itself: :class:`FakeShop`, a shop on loopback that tests can change as it runs."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from http.server import ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.fakeshop.darkroom import Darkroom
from tests.fakeshop.drawing import Scene
from tests.fakeshop.drawing.studio import PHOTO_SIZE
from tests.fakeshop.faults import PHOTO_FAULTS, Fault, spread
from tests.fakeshop.http import handler_for
from tests.fakeshop.products import Availability, Photo, Product, catalog, slugify
from tests.fakeshop.stats import Stats
from tests.fakeshop.structured import Kind


class FakeShop:
    """A shop with ``products`` (default: ``catalog(limit=..., seed=...)``) at ``base_url``.

    Used as a context manager. ``kind`` chooses how pages are marked up; ``sitemap`` whether one
    is published (default: only with JSON-LD, so that the other kinds are crawled by their pages).
    Photos are drawn on first request and kept in ``cache_dir``. ``faults`` switches trouble on.
    """

    def __init__(
        self,
        *,
        cache_dir: Path | str,
        products: Sequence[Product] | None = None,
        limit: int = 300,
        seed: int = 7,
        host: str = "127.0.0.1",
        port: int = 0,
        kind: Kind = "jsonld",
        sitemap: bool | None = None,
        faults: Iterable[Fault | str] = (),
        latency: float = 0.0,
        slow_seconds: float = 30.0,
        photo_size: int = PHOTO_SIZE,
        page_size: int = 24,
        crawl_delay: float | None = None,
    ) -> None:
        stock = catalog(limit=limit, seed=seed) if products is None else products
        self.kind: Kind = kind
        self.publishes_sitemap = kind == "jsonld" if sitemap is None else sitemap
        self.faults = frozenset(Fault(name) for name in faults)
        self.latency, self.slow_seconds = latency, slow_seconds
        self.page_size, self.crawl_delay = page_size, crawl_delay
        self.darkroom = Darkroom(cache_dir, size=photo_size)
        self.closing = threading.Event()
        self._stats = Stats()
        self._lock = threading.RLock()
        self._products = {product.sku: product for product in stock}
        self.failing: dict[str, int] = {}
        """Path → the Retry-After of the 503 that it answers with."""
        self._counter = threading.Condition()
        self._to_give: int | None = None
        self.faulty = spread(list(self._products), self.faults)
        self._server = ThreadingHTTPServer((host, port), handler_for(self, self._stats))
        self._server.daemon_threads = True
        self._thread: threading.Thread | None = None

    # -- life ------------------------------------------------------------------------------------
    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def base_url(self) -> str:
        return f"http://{self._server.server_address[0]!s}:{self.port}"

    def start(self) -> Self:
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05},
            name="fakeshop", daemon=True,
        )  # fmt: skip
        self._thread.start()
        return self

    def stop(self) -> None:
        self.closing.set()
        self.let_go()
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._thread = None
        self._server.server_close()

    def leave(self) -> None:
        """Let `serve_forever` return; safe to call from a handler of signals.

        An exception raised by a handler is lost where Python can only report it, as in a finalizer
        that happens to run: the shop then went on for ever.
        """
        threading.Thread(target=self._server.shutdown, daemon=True).start()

    def serve_forever(self) -> None:
        """Serve in this thread until interrupted, or told to leave."""
        try:
            self._server.serve_forever()
        finally:
            self.closing.set()
            self._server.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:  # fmt: skip
        self.stop()

    # -- what there is ---------------------------------------------------------------------------
    @property
    def products(self) -> tuple[Product, ...]:
        with self._lock:
            return tuple(self._products.values())

    def product(self, sku: str) -> Product:
        with self._lock:
            return self._products[sku.upper()]

    def siblings(self, product: Product) -> tuple[Product, ...]:
        return tuple(p for p in self.products if p.model.id == product.model.id)

    @property
    def departments(self) -> tuple[str, ...]:
        return tuple(sorted({product.model.category for product in self.products}))

    def department(self, slug: str) -> tuple[str, tuple[Product, ...]] | None:
        """The name and the products of one department; None when there is no such one."""
        if slug == "all-shoes":
            return "All shoes", self.products
        for name in self.departments:
            if slugify(name) == slug:
                return name, tuple(p for p in self.products if p.model.category == name)
        return None

    def faults_of(self, product: Product) -> frozenset[Fault]:
        return frozenset(fault for fault, skus in self.faulty.items() if product.sku in skus)

    def photo_fault(self, product: Product, index: int) -> Fault | None:
        """The fault of one photo; only a product's last photo ever has one."""
        if index != len(product.photos) - 1:
            return None
        return next((f for f in PHOTO_FAULTS if f in self.faults_of(product)), None)

    def photo_urls(self, product: Product) -> list[str]:
        """The addresses of the product's photos, as its page publishes them."""
        urls = [self.base_url + product.photo_path(i) for i in range(len(product.photos))]
        if Fault.DUPLICATE_PHOTO in self.faults_of(product):
            urls.append(f"{self.base_url}/photos/again/{product.sku.lower()}.jpg")
        return urls

    def photo_bytes(self, product: Product, index: int) -> bytes:
        """The good bytes of a photo, whatever faults the server adds to it."""
        photo = product.photos[index]
        return self.darkroom.jpeg(product.look, photo.scene) if photo.data is None else photo.data

    def photo_sha256(self, product: Product, index: int) -> str:
        return hashlib.sha256(self.photo_bytes(product, index)).hexdigest()

    def stats(self) -> dict[str, Any]:
        """Requests so far: requests, bytes, most_at_once, forbidden, status, paths, agents."""
        products = self.products
        return {
            **self._stats.report(),
            "products": len(products),
            "models": len({product.model.id for product in products}),
            "photos": sum(len(product.photos) for product in products),
        }

    def reset_stats(self) -> None:
        self._stats.reset()

    # -- changes ---------------------------------------------------------------------------------
    def update(self, sku: str, **changes: Any) -> Product:
        """Change fields of a product; its page is modified from now on."""
        with self._lock:
            changed = replace(self._products[sku], updated=_now(), **changes)
            self._products[sku] = changed
            return changed

    def set_price(self, sku: str, price: Decimal | str, *, currency: str | None = None) -> Product:
        more = {} if currency is None else {"currency": currency}
        return self.update(sku, price=Decimal(price), **more)

    def set_availability(self, sku: str, availability: Availability) -> Product:
        return self.update(sku, availability=availability)

    def replace_photo(self, sku: str, index: int = 0, *, scene: Scene | None = None,
                      data: bytes | None = None) -> Product:  # fmt: skip
        """Another picture at the same address: of another ``scene``, or any ``data``."""
        with self._lock:
            photos = list(self._products[sku].photos)
            old = photos[index].scene
            # the view is part of the address, so it stays
            new = old if scene is None else replace(scene, view=old.view)
            if scene is None and data is None:
                new = replace(old, backdrop="wood" if old.backdrop != "wood" else "studio")
            photos[index] = Photo(scene=new, data=data)
            return self.update(sku, photos=tuple(photos))

    def remove_photo(self, sku: str, index: int = -1) -> Product:
        with self._lock:
            photos = list(self._products[sku].photos)
            del photos[index]
            return self.update(sku, photos=tuple(photos))

    def fail(self, path: str, *, retry_after: int = 3600) -> None:
        """Answer 503 at a path until it is mended."""
        self.failing[path] = retry_after

    def mend(self) -> None:
        self.failing.clear()

    def remove(self, sku: str) -> Product:
        """Take a product off the shelf: its page is 404 and no list names it."""
        with self._lock:
            return self._products.pop(sku)

    def add(self, product: Product) -> None:
        with self._lock:
            self._products[product.sku] = product

    def hold(self, *, after: int) -> None:
        """Give ``after`` product pages more, and let who asks for others wait until `let_go`."""
        with self._counter:
            self._to_give = after

    def let_go(self) -> None:
        with self._counter:
            self._to_give = None
            self._counter.notify_all()

    def queue_for_a_product(self) -> None:
        """Return when one more product page may be given."""
        with self._counter:
            self._counter.wait_for(lambda: self._to_give != 0)
            if self._to_give is not None:
                self._to_give -= 1

    def wait(self, seconds: float) -> None:
        """Dawdle, but no longer than the shop is open."""
        deadline = time.monotonic() + seconds
        while not self.closing.wait(min(0.1, max(0.0, deadline - time.monotonic()))):
            if time.monotonic() >= deadline:
                return


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
