"""``manage.py demo``: from nothing to a search page over a crawled shop."""

from __future__ import annotations

import logging
import os
import secrets
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from PIL import Image
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from catalog.images import photo_load
from catalog.models import Colorway, ShoeImage
from crawler.models import CrawlRun
from crawler.services import crawl_run_request, crawl_source_ensure
from search.selectors import IndexHealth, IndexStatus, index_status
from search.services import recognisers_catch_up
from shoefinder.stack import Part, StackError, StackLeft, Supervisor, stack_opened, stack_parts
from shoefinder.stack.lock import StackRunning
from shoefinder.stack.parts import answers, port_is_free

ADMIN_NAME = "admin"
DEMO_SHOP = "Sole & Thread"
POLL_SECONDS = 0.5
LEARN_SECONDS = 120.0
DEMO_PHOTO_PIXELS = 384
"""Drawn at the shop's first visit: larger photos would keep a newcomer waiting."""


class Command(BaseCommand):
    help = (
        "Crawl the demo shop (or --shop), index its photos and open the search. Ctrl-C stops all."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--shop", default="", help="address of a shop to crawl instead")
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
        parser.add_argument("--port", type=int, default=8000, help="port of the web server")
        parser.add_argument("--shop-port", type=int, default=8099, help="port of the demo shop")
        parser.add_argument("--products", type=int, default=300, help="colorways in the demo shop")
        parser.add_argument(
            "--exit", action="store_true", help="stop again when the search is ready"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        self.console = Console(highlight=False)
        # Progress stands on this terminal; what happens in detail is in the log files.
        logging.getLogger().setLevel(logging.WARNING)

        def told(name: str, what: str) -> None:
            self.console.print(f"[yellow]{name}: {what}")

        try:
            with stack_opened(on_event=told) as stack:
                self.run(stack, options)
        except (StackError, StackRunning) as error:
            raise CommandError(str(error)) from error
        except StackLeft:
            self.console.print("\nStopped; `make demo` goes on from here.")

    def run(self, stack: Supervisor, options: dict[str, Any]) -> None:
        host, port = options["host"], options["port"]
        shop_url = options["shop"].rstrip("/") or f"http://127.0.0.1:{options['shop_port']}"
        self.check_ports(options)
        call_command("migrate", verbosity=0)
        password = admin_ensure()
        for part in stack_parts(host=host, port=port):
            self.console.print(f"[dim]starting {part.name}")
            stack.start(part)
        if not options["shop"]:
            self.console.print("[dim]starting the demo shop")
            stack.start(demo_shop_part(options["shop_port"], options["products"]))
        run = self.crawl(shop_url, retailer="" if options["shop"] else DEMO_SHOP)
        if run is not None:
            self.follow(stack, run)
            self.learn(stack)
        self.tell(f"http://{host}:{port}", password, shop_url)
        if not options["exit"]:
            stack.watch()

    def check_ports(self, options: dict[str, Any]) -> None:
        wanted = [(options["host"], options["port"], "PORT=… make demo")]
        if not options["shop"]:
            wanted.append(("127.0.0.1", options["shop_port"], "DEMO_ARGS='--shop-port …'"))
        for host, port, mend in wanted:
            if not port_is_free(host, port):
                raise CommandError(f"Port {port} is taken by another program; choose one: {mend}")

    def crawl(self, shop_url: str, *, retailer: str) -> CrawlRun | None:
        """The run to wait for; None when this shop has been crawled to the end before."""
        source = crawl_source_ensure(
            name=f"Demo: {urlsplit(shop_url).netloc}",
            retailer=retailer,
            seeds=[f"{shop_url}/"],
            delay=0.0,
        )
        latest = CrawlRun.objects.filter(source=source).order_by("-id").first()
        if latest is not None and latest.status == CrawlRun.Status.DONE:
            return None
        if latest is not None and (
            latest.is_active or latest.status == CrawlRun.Status.INTERRUPTED
        ):
            return latest
        return crawl_run_request(source=source, trigger=CrawlRun.Trigger.COMMAND)

    def follow(self, stack: Supervisor, run: CrawlRun) -> None:
        """Show the crawl and the embedding until both are done."""
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description:<10}"),
            BarColumn(),
            TextColumn("{task.fields[told]}"),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=self.console) as progress:
            crawling = progress.add_task("Crawling", total=None, told="")
            indexing = progress.add_task("Indexing", total=None, told="")
            told = ""
            while True:
                stack.poll()
                run.refresh_from_db()
                status = index_status()
                if status.waiting and (wrong := embedding_fault(status)) != told:
                    told = wrong
                    self.console.print(wrong, markup=False, style="yellow")
                progress.update(
                    crawling,
                    told=f"{run.pages} pages, {run.products} products, {run.photos_new} photos",
                )
                total = status.indexed + status.waiting
                progress.update(
                    indexing,
                    total=total or None,
                    completed=status.indexed,
                    told=f"{status.indexed} of {total} photos searchable",
                )
                # An interrupted run is resumed by the sweep.
                if not run.is_active and run.status != CrawlRun.Status.INTERRUPTED:
                    progress.update(crawling, total=1, completed=1)
                    if run.status != CrawlRun.Status.DONE:
                        raise StackError(
                            f"The crawl ended as {run.get_status_display().lower()}: "
                            f"{run.error or 'see its page in the admin'}"
                        )
                    if not status.waiting and status.indexed:
                        return
                time.sleep(POLL_SECONDS)

    def learn(self, stack: Supervisor) -> None:
        """Wait until methods of naming know the whole crawl: models that they lack are named as
        other ones. A large ``--shop`` is learned further in the background."""
        deadline = time.monotonic() + LEARN_SECONDS
        with self.console.status("Learning to name shoes"):
            while not recognisers_catch_up():
                stack.poll()
                if time.monotonic() > deadline:
                    return
                time.sleep(POLL_SECONDS)

    def tell(self, address: str, password: str | None, shop_url: str) -> None:
        photos = ShoeImage.objects.count()
        told = self.console.print
        told(f"\n[bold green]Ready:[/] {photos} photos from {shop_url}\n")
        told(f"  Search     {address}/")
        told(f"  Catalog    {address}/shoes/")
        told(f"  Admin      {address}/admin/")
        if password:
            told(f"             user {ADMIN_NAME}, password {password}  (shown only now)")
        else:
            told(
                "             (lost the password? .venv/bin/python manage.py changepassword admin)"
            )
        if sample := sample_photo():
            told(f"  A sample photo to try: {sample}")
        told("\nCtrl-C stops everything that was started.")


def embedding_fault(status: IndexStatus) -> str:
    """Why photos wait longer than they should; "" where nothing is wrong."""
    # While none is indexed, a missing index is the beginning and no fault.
    broken = status.message if status.health is IndexHealth.UNAVAILABLE else ""
    wrong = status.embed_error or broken
    log_file = settings.VAR_DIR / "log" / "worker-embed.log"
    return wrong and f"Photos wait to be embedded: {wrong} It is tried again; see {log_file}"


def admin_ensure() -> str | None:
    """Create the first admin; its password, or None where there is one already."""
    users = get_user_model().objects
    if users.filter(is_superuser=True).exists():
        return None
    password = secrets.token_urlsafe(12)
    users.create_superuser(ADMIN_NAME, email="", password=password)
    return password


def demo_shop_part(port: int, products: int) -> Part:
    command = [
        sys.executable, "-m", "tests.fakeshop",
        "--port", str(port),
        "--limit", str(products),
        "--photo-size", str(DEMO_PHOTO_PIXELS),
        "--cache", str(settings.VAR_DIR / "demo-shop"),
    ]  # fmt: skip
    return Part("demo-shop", command, ready=lambda: answers(f"http://127.0.0.1:{port}/robots.txt"))


def sample_photo() -> Path | None:
    """A catalog photo as a visitor would bring it: cropped, a little turned, compressed anew."""
    path = Path(settings.VAR_DIR / "sample.jpg")
    if path.exists():
        return path
    colorway = Colorway.objects.exclude(cover=None).select_related("cover").order_by("id").first()
    if colorway is None or colorway.cover is None:
        return None
    with colorway.cover.file.open() as file:
        upright = photo_load(file)
    width, height = upright.size
    margin_x, margin_y = width // 20, height // 20
    cropped = upright.crop((margin_x, margin_y, width - margin_x, height - margin_y))
    turned = cropped.rotate(4, resample=Image.Resampling.BICUBIC, fillcolor="white")
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    turned.save(temporary, "JPEG", quality=80)
    temporary.rename(path)
    return path
