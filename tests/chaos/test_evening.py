"""``make evening``: everything that fills a catalog, at once, started as a person would.

Six shops, a feed and an image search are entered in the admin in a real browser; two of them wait
for their schedule, the others are started by hand. A list of models and a folder of photos are
looked at and imported there too. Two crawl workers share the work until one is killed in the middle
of a crawl. Then the catalog is compared with what the shops have, field by field and photo by
photo. Screenshots of what the admin shows go into the folder that EVENING_SCREENS names.
"""

from __future__ import annotations

import functools
import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.chaos.site import (
    LOG,
    ROOT,
    WAITING,
    Site,
    environment_of,
    stack_ended,
    stack_start,
    wait_for,
)
from tests.e2e.conftest import ARGUMENTS, CHROMIUM
from tests.fakeshop import FakeShop
from tests.fakeshop.export import export
from tests.fakeshop.products import Product, catalog

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt install chromium"),
    pytest.mark.timeout(3600),
]

PRODUCTS = 16
PHOTO_SIZE = 96
LATENCY = 0.15
"""Seconds that each answer takes: a crawl lasts long enough to be killed in its middle."""
START_SECONDS = 300
MIDDLE_SECONDS = 600
FINISH_SECONDS = 1500
FOLLOW_SECONDS = 60
"""What a listing says can change behind its photo's vector; each look for photos follows that."""
PATIENCE = 120_000
"""Milliseconds that a page may take on a busy machine."""
PORT = 8960
PASSWORD = "an-evening-with-shoes"


@dataclass(frozen=True)
class Source:
    name: str
    kind: str
    path: str = "/"
    markup: str = "jsonld"
    scheduled: bool = False


SOURCES = (
    Source("Pages", "structured"),
    Source("Microdata", "structured", markup="microdata"),
    Source("OpenGraph", "structured", markup="opengraph"),
    Source("Sitemap", "sitemap", "/sitemap.xml"),
    Source("Shopify", "shopify"),
    Source("WooCommerce", "woocommerce", scheduled=True),
    Source("Feed", "feed", "/feed.xml", scheduled=True),
)
SEARCH = "Image search"
LISTED = (("Karo", "Evening Runner"), ("Karo", "Evening Boot"))


@pytest.fixture
def shops(tmp_path: Path) -> Iterator[dict[str, FakeShop]]:
    """A shop for each source: the same shoes, each with a price of its own for the first."""
    opened = {}
    for number, source in enumerate(SOURCES):
        shop = FakeShop(
            cache_dir=tmp_path / "drawn", limit=PRODUCTS, photo_size=PHOTO_SIZE, latency=LATENCY,
            kind=source.markup,  # type: ignore[arg-type]
        )  # fmt: skip
        shop.set_price(shop.products[0].sku, f"{100 + number}.00")
        opened[source.name] = shop.start()
    yield opened
    for shop in opened.values():
        shop.stop()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    folder = tmp_path / "site"
    folder.mkdir()
    environment = environment_of(folder) | {"SHOEFINDER_IMPORT_ROOT": str(tmp_path / "import")}
    process = stack_start(folder, environment, "up", "--port", str(PORT))
    with stack_ended(Site(folder, process, PORT, environment)) as running:
        yield running


@contextmanager
def second_worker(site: Site) -> Iterator[subprocess.Popen[bytes]]:
    """Another machine's worker, as it were."""
    command = [
        sys.executable, "-m", "celery", "--app", "shoefinder", "worker", "--queues", "crawl",
        "--hostname", "crawl2@%h", "--concurrency", "1", "--without-gossip", "--without-mingle",
    ]  # fmt: skip
    with (site.folder / "worker2.log").open("wb") as log:
        worker = subprocess.Popen(command, cwd=ROOT, env=site.environment, stdout=log, stderr=log)
        try:
            yield worker
        finally:
            worker.kill()
            worker.wait(timeout=60)


@contextmanager
def folder_served(folder: Path) -> Iterator[str]:
    """The address of a web server for the files of a folder."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            return

    handler = functools.partial(Quiet, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()


class Admin:
    """The admin in a browser."""

    def __init__(self, page: Any, address: str) -> None:
        self.page, self.address = page, address
        self.faults: list[str] = []
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", self._console)

    def _console(self, message: Any) -> None:
        # Scripts and policies; that a crawl's log is not there yet is a 404 and no fault.
        if message.type == "error" and "status of 404" not in message.text:
            self.faults.append(message.text)

    def go(self, path: str) -> None:
        self.page.goto(f"{self.address}/admin/{path}")

    def sign_in(self) -> None:
        self.go("")
        self.page.fill("#id_username", "admin")
        self.page.fill("#id_password", PASSWORD)
        self.page.click("input[type=submit]")
        self.page.wait_for_selector("#site-name")

    def add_source(self, name: str, *, kind: str, seed: str, told: dict[str, str]) -> None:
        self.go("crawler/crawlsource/add/")
        self.page.click(f'.crawl-kind-list a[href="?spider={kind}"]')
        self.page.fill("#id_name", name)
        self.page.fill("#id_seeds", seed)
        for field, value in told.items():
            control = self.page.locator(f"#id_{field}")
            if control.evaluate("e => e.tagName") == "SELECT":
                control.select_option(value)
            else:
                control.fill(value)
        self.page.click("input[name=_save]")
        self.page.wait_for_selector(".messagelist .success")

    def start_crawl(self, name: str) -> None:
        self.go("crawler/crawlsource/")
        self.page.click(f"a[aria-label='Start a crawl of {name}']")
        self.page.click("input[type=submit][value='Start crawl']")
        self.page.wait_for_selector("#crawl-run")

    def import_models(self, path: Path) -> None:
        """With the preview that comes before anything is written."""
        self.go("catalog/shoemodel/import/")
        self.page.set_input_files("input[type=file]", path)
        self.page.select_option("select[name=format]", label="csv")
        self.page.click("input[type=submit]")
        self.page.click("input[name=confirm]")
        self.page.wait_for_selector(".messagelist .success")

    def import_photos(self, folder: str, *, labels: str) -> None:
        """With the dry run that comes before anything is stored."""
        self.go("crawler/photoimport/add/")
        self.page.select_option("#id_folder", folder)
        self.page.check(f"input[name=labels][value={labels}]")
        self.page.click("input[type=submit][value='Look at it']")
        self.page.wait_for_selector("#import-start")
        self.shoot("import")
        self.page.click("#import-start")
        self.page.wait_for_selector(".messagelist .success")

    def shoot(self, name: str) -> None:
        """A picture for a person to look at, of a desk's and of a phone's width."""
        folder = os.environ.get("EVENING_SCREENS")
        if folder is None:
            return
        for width, height in ((1280, 900), (390, 844)):
            self.page.set_viewport_size({"width": width, "height": height})
            self.page.screenshot(path=Path(folder) / f"{name}-{width}.png", full_page=True)
        self.page.set_viewport_size({"width": 1280, "height": 900})


@pytest.fixture
def admin(site: Site) -> Iterator[Admin]:
    from playwright.sync_api import sync_playwright

    wait_for("the site answers", lambda: bool(site.running("gunicorn")), START_SECONDS)
    started = "shoefinder answers"
    wait_for(
        "the site is up",
        lambda: started in (site.folder / LOG).read_text(errors="replace"),
        START_SECONDS,
    )
    arguments = ("createsuperuser", "--noinput", "--username", "admin", "--email", "a@example.org")
    made = site.manage(*arguments, DJANGO_SUPERUSER_PASSWORD=PASSWORD)
    assert made.returncode == 0, made.stderr
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = chromium.new_page(viewport={"width": 1280, "height": 900})
        visitor = Admin(page, f"http://127.0.0.1:{PORT}")
        visitor.sign_in()
        yield visitor
        chromium.close()


def test_an_evening(site: Site, shops: dict[str, FakeShop], admin: Admin, tmp_path: Path) -> None:
    wanted = catalog(limit=3, seed=7)
    export(tmp_path / "found", wanted, labels="folder", size=PHOTO_SIZE, extra=2)
    own = catalog(limit=3, seed=11)
    export(tmp_path / "import" / "own", own, labels="folder", size=PHOTO_SIZE)

    with second_worker(site) as worker, folder_served(tmp_path / "found") as found:
        enter_everything(admin, shops, found=found, folder=tmp_path / "found", models=wanted)
        admin.import_models(models_file(tmp_path))
        for source in SOURCES:
            if not source.scheduled:
                admin.start_crawl(source.name)
        admin.start_crawl(SEARCH)
        admin.shoot("run")
        kill_in_the_middle(site, worker)
        admin.import_photos("own", labels="folder")
        wait_for("everything is in", lambda: settled(site), FINISH_SECONDS, lambda: told(site))

    check_shops(site, shops)
    check_folders(site, [tmp_path / "found", tmp_path / "import" / "own"])
    for brand, model in LISTED:
        assert site.one(MODEL, brand, model) == 1
    follows = functools.partial(site.manage, "index", "verify")
    wait_for(
        "the index follows the catalog",
        lambda: follows().returncode == 0,
        FOLLOW_SECONDS,
        lambda: follows().stdout,
    )
    admin.go("crawler/crawlsource/")
    admin.shoot("sources")
    admin.go("crawler/crawlrun/")
    admin.shoot("runs")
    admin.page.click("#result_list tbody th a >> nth=0")
    admin.page.wait_for_selector("#crawl-run")
    admin.shoot("run-ended")
    admin.go("crawler/photoimport/")
    admin.page.click("#result_list tbody th a >> nth=0")
    admin.page.wait_for_selector("#import-check")
    admin.shoot("import-ended")
    assert admin.faults == []


def enter_everything(
    admin: Admin, shops: dict[str, FakeShop], *, found: str, folder: Path, models: Any
) -> None:
    for source in SOURCES:
        told = {"delay": "0"}
        if source.kind == "shopify":
            told["param_currency"] = "USD"
        if source.scheduled:
            told |= {"schedule": "cron", "cron": "* * * * *", "jitter_minutes": "0"}
        seed = shops[source.name].base_url + source.path
        admin.add_source(source.name, kind=source.kind, seed=seed, told=told)
    lines = sorted({f"{p.model.brand.name},{p.model.name}" for p in models})
    told = {
        "delay": "0", "param_provider": "folder", "param_folder": str(folder),
        "param_models": "\n".join(["brand,model", *lines]), "param_suffixes": "none",
    }  # fmt: skip
    admin.add_source(SEARCH, kind="imagesearch", seed=found, told=told)


def models_file(folder: Path) -> Path:
    path = folder / "models.csv"
    lines = ["brand,name", *(f"{brand},{name}" for brand, name in LISTED)]
    path.write_text("\n".join(lines) + "\n")
    return path


def kill_in_the_middle(site: Site, worker: subprocess.Popen[bytes]) -> None:
    """kill -9 of the second worker while a crawl of its own has some products and not all."""

    def in_the_middle() -> bool:
        family = psutil.Process(worker.pid).children(recursive=True)
        return any(site.one(BEGUN, process.pid) for process in family)

    wait_for("the second worker crawls", in_the_middle, MIDDLE_SECONDS, lambda: told(site))
    for process in [psutil.Process(worker.pid), *psutil.Process(worker.pid).children()]:
        process.kill()


BEGUN = """SELECT COUNT(*) FROM crawler_crawlrun
    WHERE status = 'running' AND pid = ? AND products > 0"""
WHOLE = """SELECT COUNT(DISTINCT source_id) FROM crawler_crawlrun
    WHERE status = 'done' AND complete AND NOT is_dry_run"""
TAKEN_IN = "SELECT COUNT(*) FROM crawler_photoimport WHERE status = 'done' AND NOT is_dry_run"
EMBEDDED = "SELECT COUNT(*) FROM search_imageembedding"
RESUMED = "SELECT COUNT(*) FROM crawler_crawlrun WHERE resumed > 0"
MODEL = """SELECT COUNT(*) FROM catalog_shoemodel m JOIN catalog_brand b ON b.id = m.brand_id
    WHERE b.name = ? AND m.name = ?"""
LISTINGS = """SELECT l.sku, l.price, l.currency, l.availability, b.name, m.name, c.name, l.id
    FROM catalog_listing l JOIN catalog_retailer r ON r.id = l.retailer_id
    LEFT JOIN catalog_colorway c ON c.id = l.colorway_id
    LEFT JOIN catalog_shoemodel m ON m.id = c.model_id
    LEFT JOIN catalog_brand b ON b.id = m.brand_id WHERE r.name = ?"""
PHOTOS = """SELECT i.sha256 FROM catalog_imagesource s JOIN catalog_shoeimage i ON i.id = s.image_id
    WHERE s.listing_id = ? ORDER BY s.position"""
COLORWAYS = """SELECT COUNT(DISTINCT l.colorway_id) FROM catalog_listing l
    JOIN catalog_retailer r ON r.id = l.retailer_id WHERE r.name IN ({})"""
RUNS = """SELECT s.name, r.trigger, r.status, r.products, r.resumed, r.error FROM crawler_crawlrun r
    JOIN crawler_crawlsource s ON s.id = r.source_id ORDER BY r.id"""


def settled(site: Site) -> bool:
    assert site.process.poll() is None, "the site itself ended"
    whole = site.one(WHOLE) == len(SOURCES) + 1
    taken_in = site.one(TAKEN_IN) == 1
    return whole and taken_in and site.one(EMBEDDED) > 0 and site.one(WAITING) == 0


def told(site: Site) -> str:
    return "\n".join(str(row) for row in site.rows(RUNS))


def check_shops(site: Site, shops: dict[str, FakeShop]) -> None:
    """Every field and photo of every shop, nothing twice; the killed crawl was gone on with."""
    for source in SOURCES:
        shop = shops[source.name]
        listings = site.rows(LISTINGS, source.name)
        found = {row[0]: row for row in listings}
        assert len(listings) == len(found) == len(shop.products), source.name
        for product in shop.products:
            check_listing(site, source, shop, product, found[product.sku])
        stats = shop.stats()
        assert (stats["forbidden"], stats["most_at_once"] <= 4) == ([], True), source.name
    # The same shoe is one colorway in all shops that tell the maker's code, and one in those that
    # know their own code only.
    for kinds in (("shopify", "woocommerce"), ("structured", "sitemap", "feed")):
        names = [source.name for source in SOURCES if source.kind in kinds]
        colorways = COLORWAYS.format(", ".join("?" * len(names)))
        assert site.one(colorways, *names) == PRODUCTS, names
    assert site.one("SELECT COUNT(*) - COUNT(DISTINCT sha256) FROM catalog_shoeimage") == 0
    assert site.one(RESUMED) >= 1, told(site)
    scheduled = {row[0] for row in site.rows(RUNS) if row[1] == "schedule"}
    assert scheduled == {source.name for source in SOURCES if source.scheduled}


def check_listing(
    site: Site, source: Source, shop: FakeShop, product: Product, row: tuple[Any, ...]
) -> None:
    stock = {"InStock": "in-stock", "OutOfStock": "out-of-stock", "PreOrder": "preorder"}
    if source.kind in {"shopify", "woocommerce"}:  # they know yes and no
        stock["PreOrder"] = "out-of-stock"
    _, price, currency, availability, brand, model, colour, listing = row
    assert (
        f"{float(price):.2f}", currency, availability, brand, model, colour.replace(" / ", "/"),
    ) == (
        f"{product.price:.2f}", product.currency, stock[product.availability],
        product.model.brand.name, product.model.name, product.color.replace(" / ", "/"),
    ), f"{source.name}: {product.sku}"  # fmt: skip
    photos = [sha256 for (sha256,) in site.rows(PHOTOS, listing)]
    wanted = [shop.photo_sha256(product, n) for n in range(len(product.photos))]
    assert photos == wanted, f"{source.name}: {product.sku}"


def check_folders(site: Site, folders: list[Path]) -> None:
    """Each photo of the folders is in the catalog, once."""
    for folder in folders:
        for path in folder.rglob("*.jpg"):
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            kept = site.one("SELECT COUNT(*) FROM catalog_shoeimage WHERE sha256 = ?", digest)
            assert kept == 1, path
