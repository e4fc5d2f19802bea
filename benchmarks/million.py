"""A million known pages and photos: ``python -m benchmarks.million``.

*Memory of a run*: a source whose last crawl knew so many pages, each with a listing, is crawled
again. Its frontier holds all of them as seen and waiting, its memory of pages says what each gave,
and one more sitemap of 50,000 addresses is read. The run goes on for `--pages` pages; measured is
the greatest sum over its processes of memory that is theirs (PSS). *Photos*: for each of some
generated perceptual hashes, all that differ in at most 4 of 64 bits are found among so many, of
which a third are near copies of others.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from benchmarks.frame import Goal, finish, own_site, parser_of

LIMIT_MEGABYTES = 500.0
LIMIT_MILLISECONDS = 1.0
SITEMAP_URLS = 50_000
QUERIES = 2_000
TELL_SECONDS = 15.0
"""Between two lines that show how far the run is: on a busy machine it takes minutes."""
LASTMOD = "2026-01-01"
_XML = (
    '<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{}</urlset>'
)


@dataclass(frozen=True)
class Row:
    """What a million costs."""

    known: int
    pages: int
    run_megabytes: float
    photo_milliseconds: float
    photo_p99_milliseconds: float
    hash_megabytes: float


def main(argv: Sequence[str] | None = None) -> int:
    parser = parser_of(__doc__)
    parser.add_argument("--known", type=int, default=1_000_000)
    parser.add_argument("--pages", type=int, default=5_000, help="of which the run visits so many")
    options = parser.parse_args(argv)
    average, p99, megabytes = photos(options.known)
    print(f"  photos: {average:.3f} ms each, p99 {p99:.3f} ms, {megabytes:.0f} MB", flush=True)
    row = Row(
        known=options.known,
        pages=options.pages,
        run_megabytes=round(memory_of_run(options.known, options.pages), 1),
        photo_milliseconds=round(average, 4),
        photo_p99_milliseconds=round(p99, 4),
        hash_megabytes=round(megabytes, 1),
    )
    goals = [
        Goal("memory of a run, MB", row.run_megabytes, LIMIT_MEGABYTES, at_least=False),
        Goal("copies of a photo, ms", row.photo_milliseconds, LIMIT_MILLISECONDS, at_least=False),
    ]
    return finish(options.json, asdict(row), goals)


def photos(known: int) -> tuple[float, float, float]:
    """Milliseconds of processor time for a photo (mean, p99), and the megabytes of the index."""
    import numpy as np
    import psutil

    from search.stores.hashes import MAX_DISTANCE, HashIndex

    rng = np.random.default_rng(7)
    # Photos before white have many equal bits: each bit has a likelihood of its own.
    likely = rng.uniform(0.2, 0.8, 64)
    bits = rng.random((known, 64), dtype=np.float32) < likely
    copies = known // 3
    bits[:copies] = bits[copies : 2 * copies]
    flips = rng.integers(0, 64, (copies, 2))
    rows = np.arange(copies)
    for column in flips.T:
        bits[rows, column] ^= True
    hashes = np.packbits(bits, axis=1).view(">u8").ravel().astype(np.uint64)
    del bits
    before = psutil.Process().memory_info().rss
    index = HashIndex()
    index.add(range(known), hashes)
    size = (psutil.Process().memory_info().rss - before) / 1e6
    took = []
    for place in rng.integers(0, copies, QUERIES):
        # Of this process: what else the machine does counts for nothing.
        began = time.process_time()
        found = index.near(hashes[place : place + 1], MAX_DISTANCE)[0]
        took.append(1000 * (time.process_time() - began))
        if {int(place), int(place) + copies} - {number for number, _ in found}:
            raise AssertionError("a copy was not found")
    return float(np.mean(took)), float(np.percentile(took, 99)), size


def memory_of_run(known: int, pages: int) -> float:
    """Megabytes at most of all processes of the run together."""
    with own_site(CELERY_BROKER_URL="memory://", LOG_LEVEL="ERROR"), shop() as address:
        run_id = prepare(address, known, pages)
        print("  prepared; the run begins", flush=True)
        return carry_out(run_id, pages)


def prepare(address: str, known: int, pages: int) -> int:
    """A source that knows its shop, and a run that has everything before it."""
    from django.db import connection
    from scrapy import Request
    from scrapy.utils.request import RequestFingerprinter

    from catalog.models import Brand, Colorway, ShoeModel
    from crawler.scraping.frontier import Frontier
    from crawler.scraping.memory import PageMemory, PageNote
    from crawler.services import crawl_run_request, crawl_source_ensure

    source = crawl_source_ensure(name="Million", seeds=[f"{address}/"], delay=0.0)
    brand = Brand.objects.create(name="Maker", slug="maker")
    model = ShoeModel.objects.create(brand=brand, name="Model", slug="model")
    colorway = Colorway.objects.create(model=model, brand=brand, name="Red", style_code="R1")
    listing = Listings(source.retailer_id, colorway.pk)
    with connection.cursor() as cursor:
        listing.fill(cursor, address, known)
    run = crawl_run_request(source=source, trigger="command", enqueue=False, max_pages=pages)
    frontier = Frontier(run.directory / "frontier.sqlite3")
    memory = PageMemory(source.memory_path)
    fingerprint = RequestFingerprinter().fingerprint
    content = {"callback": "parse", "errback": "on_failure", "priority": 30, "dont_filter": False}
    sitemap = {**content, "url": f"{address}/sitemap.xml", "priority": 60, "meta": {}}
    frontier.add(priority=60, content=sitemap)
    for number in range(1, known + 1):
        url = f"{address}/p/{number}"
        # Only those that the run reaches are looked up by what they are.
        key = fingerprint(Request(url)) if number <= 2 * pages else os.urandom(20)
        meta = {"is_listed": True, "lastmod": LASTMOD}
        frontier.mark_seen(key)
        frontier.add(priority=30, content={**content, "url": url, "meta": meta})
        memory.put(key, PageNote(lastmod=LASTMOD, listings=[number], claims=[[url, f"S{number}"]]))
    frontier.close()
    memory.close()
    return run.pk


@dataclass(frozen=True)
class Listings:
    """Rows of a shop, written in one statement."""

    retailer_id: int
    colorway_id: int

    def fill(self, cursor: object, address: str, known: int) -> None:
        from django.db import connection

        from catalog.models import Listing

        one = Listing(retailer_id=self.retailer_id, colorway_id=self.colorway_id, title="Shoe")
        fields = [field for field in Listing._meta.concrete_fields if not field.primary_key]
        unique = {"url": f"'{address}/p/' || n", "url_sha256": "printf('%064d', n)",
                  "sku": "'S' || n"}  # fmt: skip
        values, literal = [], []
        for field in fields:
            if field.column in unique:
                values.append(unique[field.column])
            else:
                values.append("%s")
                literal.append(field.get_db_prep_save(field.pre_save(one, add=True), connection))
        columns = ", ".join(f'"{field.column}"' for field in fields)
        cursor.execute(  # type: ignore[attr-defined]
            "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < %s) "
            f"INSERT INTO {Listing._meta.db_table} (id, {columns}) "
            f"SELECT n, {', '.join(values)} FROM r",
            [known, *literal],
        )


def carry_out(run_id: int, pages: int) -> float:
    import psutil

    from crawler.models import CrawlRun
    from crawler.runner import running_child

    most, told = 0.0, time.monotonic()
    with running_child(run_id=run_id) as child:
        process = psutil.Process(child.pid)
        while child.poll() is None:
            with contextlib.suppress(psutil.Error):
                family = [process, *process.children(recursive=True)]
                most = max(most, sum(one.memory_full_info().pss for one in family) / 1e6)
            if time.monotonic() - told > TELL_SECONDS:
                told = time.monotonic()
                run = CrawlRun.objects.get(pk=run_id)
                print(
                    f"    {run.pages:,} pages, {run.waiting:,} waiting, {most:.0f} MB", flush=True
                )
            time.sleep(0.25)
    run = CrawlRun.objects.get(pk=run_id)
    print(f"  run: {run.status} {run.stopped_by}, {run.pages:,} pages, {run.waiting:,} waiting, "
          f"{run.products:,} products, {run.seconds:.0f} s, {most:.0f} MB", flush=True)  # fmt: skip
    if run.pages < pages or run.listings_unchanged < pages - 2:
        raise AssertionError(f"the run did not do its work: {run.error}")
    return most


@contextlib.contextmanager
def shop() -> Iterator[str]:
    """Answers a robots.txt and a sitemap; pages are not asked for."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            return

        def do_GET(self) -> None:
            host = f"http://127.0.0.1:{self.server.server_address[1]}"
            entry = "<url><loc>{}/new/{}</loc><lastmod>2026-01-01</lastmod></url>"
            urls = "".join(entry.format(host, n) for n in range(SITEMAP_URLS))
            body = _XML.format(urls).encode() if self.path == "/sitemap.xml" else b""
            self.send_response(304 if self.path.startswith("/p/") else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()


if __name__ == "__main__":
    sys.exit(main())
