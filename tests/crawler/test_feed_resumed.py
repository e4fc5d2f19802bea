"""A feed that was stopped or killed in the middle goes on there, and counts everything once."""

from __future__ import annotations

import gzip
import signal
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from scrapy.http import Response

from catalog.models import Listing
from crawler.models import CrawlRun
from crawler.runner import run_until_ended, running_child
from crawler.scraping.positions import EVERY_ITEMS, is_same, mark_of
from crawler.services import (
    crawl_run_cancel,
    crawl_run_request,
    crawl_run_resume,
    crawl_runs_sweep,
)
from crawler.types import FRONTIER
from tests.crawler.conftest import Answer, Pages, PageServer, kinds, wait_until
from tests.crawler.test_kinds_whole import source

ITEMS = 250
HELD = 160
"""The photo of this item is held back until the run is cancelled or killed."""
GZIP = {"Content-Type": "application/gzip"}


def table(title: str = "Low") -> bytes:
    rows = [
        f"{n},Maker {title} {n},/p/{n},Maker,{'/hold.jpg' if n == HELD else ''}"
        for n in range(1, ITEMS + 1)
    ]
    rows[9:9] = ["broken row"]
    return "\n".join(["id,title,link,brand,image_link", *rows, ""]).encode()


def begun(pages_at: Pages) -> tuple[PageServer, threading.Event, CrawlRun]:
    """A server of a feed, what lets its held photo go, and a run that waits to start."""
    let_go = threading.Event()

    def held() -> Answer:
        let_go.wait(60)
        return 404, {}, ""

    feed: Answer = (200, GZIP, gzip.compress(table(), mtime=0))
    server = pages_at({"/feed.csv.gz": feed, "/hold.jpg": held})
    shop = source("feed", f"{server.base_url}/feed.csv.gz")
    return server, let_go, crawl_run_request(source=shop, trigger="command", enqueue=False)


def is_kept(run: CrawlRun) -> bool:
    """Whether what a killed process leaves holds a position."""
    uri = f"file:{run.directory / FRONTIER}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as frontier:
        query = "SELECT EXISTS (SELECT 1 FROM notes WHERE name LIKE 'position:%')"
        return bool(frontier.execute(query).fetchone()[0])


@pytest.mark.crawl
@pytest.mark.usefixtures("warm")
def test_a_killed_feed_goes_on_behind_what_was_kept(pages_at: Pages) -> None:
    server, let_go, run = begun(pages_at)
    with running_child(run_id=run.pk) as child:
        wait_until(lambda: "/hold.jpg" in server.asked and is_kept(run))
        child.send_signal(signal.SIGKILL)
        assert child.wait(60) == -signal.SIGKILL
    let_go.set()
    stored = dict(Listing.objects.values_list("url", "pk"))
    assert EVERY_ITEMS <= len(stored) < ITEMS

    assert crawl_runs_sweep() == 2  # found interrupted, and resumed
    run_until_ended(run_id=run.pk)

    run.refresh_from_db()
    assert (run.status, run.complete, run.resumed) == (CrawlRun.Status.DONE, True, 1)
    found = dict(Listing.objects.values_list("url", "pk"))
    assert found.keys() == {f"{server.base_url}/p/{n}" for n in range(1, ITEMS + 1)}
    assert stored.items() <= found.items()
    assert run.products == ITEMS
    assert kinds(run) == {"invalid-row": 1, "photo-http-404": 1}
    assert f"going on behind item {EVERY_ITEMS} of" in run.log_path.read_text()
    assert run.log_path.read_text().count(f"listing {server.base_url}/p/1\n") == 1
    assert server.asked.count("/feed.csv.gz") == 2


@pytest.mark.crawl
@pytest.mark.usefixtures("warm")
@pytest.mark.parametrize("has_changed", [False, True])
def test_a_stopped_feed_goes_on_where_it_stood(pages_at: Pages, has_changed: bool) -> None:
    server, let_go, run = begun(pages_at)
    with running_child(run_id=run.pk) as child:
        wait_until(lambda: "/hold.jpg" in server.asked)
        crawl_run_cancel(run=run)
        # Let go before it is known of, the rest of a small feed is read at once.
        wait_until(lambda: "ending the crawl: cancelled" in run.log_path.read_text())
        let_go.set()
        child.wait(60)
    run.refresh_from_db()
    assert run.status == CrawlRun.Status.CANCELLED
    if has_changed:
        changed = gzip.compress(table("High"), mtime=0)
        server.pages["/feed.csv.gz"] = (200, GZIP, changed)

    crawl_run_resume(run=run, enqueue=False)
    run_until_ended(run_id=run.pk)

    run.refresh_from_db()
    assert (run.status, run.complete, run.error) == (CrawlRun.Status.DONE, True, "")
    assert run.products == Listing.objects.count() == ITEMS
    assert (run.listings_missing, kinds(run)["invalid-row"]) == (0, 1)
    log = run.log_path.read_text()
    assert ("going on behind item" in log) is not has_changed
    times = log.count(f"listing {server.base_url}/p/1\n")
    assert times == (2 if has_changed else 1)
    assert log.count(f"listing {server.base_url}/p/{ITEMS}\n") == 1
    titles = Listing.objects.filter(title__contains="High").count()
    assert titles == (ITEMS if has_changed else 0)


def test_a_file_is_known_again_by_its_etag_or_by_all_else(tmp_path: Path) -> None:
    path = tmp_path / "feed"

    def mark(content: bytes, **headers: str) -> dict[str, object]:
        path.write_bytes(content)
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        return mark_of(path, Response("https://shop.example/feed", headers=told))

    one = mark(b"feed", ETag='"1"')
    assert is_same(one, mark(b"said to be the same", ETag='"1"'))
    assert not is_same(one, mark(b"feed", ETag='"2"'))
    assert is_same(mark(b"feed"), mark(b"feed"))
    assert not is_same(mark(b"feed"), mark(b"food"))
    assert not is_same(mark(b"feed"), mark(b"feed, longer"))
    old = mark(b"feed", Last_Modified="Mon, 02 Nov 2026 10:00:00 GMT")
    assert not is_same(old, mark(b"feed", Last_Modified="Tue, 03 Nov 2026 10:00:00 GMT"))
