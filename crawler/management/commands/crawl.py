"""``manage.py crawl SOURCE|URL``: ask for a crawl as the admin's button does, and watch it."""

from __future__ import annotations

import contextlib
import subprocess
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from crawler.exceptions import CrawlerError
from crawler.kinds import kind_get, kinds_all
from crawler.kinds.base import parameters
from crawler.models import CrawlRun, CrawlSource
from crawler.runner import left_unfinished, running_child
from crawler.services import (
    crawl_run_cancel,
    crawl_run_request,
    crawl_source_discard,
    crawl_source_ensure,
)

POLL_SECONDS = 0.5


class Command(BaseCommand):
    help = "Crawl a source, by its name or number, or a shop by its address."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add = parser.add_argument
        add("source", help="name or number of a source, or a shop's address")
        add("--name", default="", help="name of the source made for an address")
        add("--kind", default="structured", choices=[kind.key for kind in kinds_all()],
            help="kind of the source made for an address")  # fmt: skip
        add("--param", action="append", default=[], metavar="NAME=VALUE",
            help="what the kind is told; values of a list are parted by commas")  # fmt: skip
        add("--allow", action="append", default=[], metavar="HOST", help="one more host to ask")
        add("--delay", type=float, help="seconds between requests, for a source made here")
        add("--limit-pages", type=int, help="end after so many pages")
        add("--limit-minutes", type=int, help="end after so many minutes")
        add("--wait", action="store_true", help="run it here and watch; needs no worker")
        add("--dry-run", action="store_true",
            help="show the first products here and store nothing")  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        limits = {
            name: options[f"limit_{name.removeprefix('max_')}"]
            for name in ("max_pages", "max_minutes")
            if options[f"limit_{name.removeprefix('max_')}"] is not None
        }
        if any(value < 1 for value in limits.values()):
            raise CommandError("A limit is at least 1.")
        dry = options["dry_run"]
        known = set(CrawlSource.objects.values_list("pk", flat=True))
        try:
            source = self.source(options)
            run = crawl_run_request(
                source=source,
                trigger=CrawlRun.Trigger.COMMAND,
                enqueue=not (options["wait"] or dry),
                is_dry_run=dry,
                **limits,
            )
        except CrawlerError as error:
            raise CommandError(str(error)) from error
        if dry:
            try:
                self.watch(run)
            finally:
                if source.pk not in known:
                    crawl_source_discard(source=source)
            return
        if not options["wait"]:
            self.stdout.write(f"Run {run.pk} of “{source}” waits for a worker of the queue crawl.")
            return
        self.watch(run)

    def source(self, options: dict[str, Any]) -> CrawlSource:
        wanted = options["source"]
        if "://" in wanted:
            name = options["name"] or urlsplit(wanted).netloc
            return crawl_source_ensure(
                name=name,
                seeds=[wanted],
                delay=options["delay"],
                allowed_hosts=options["allow"],
                spider=options["kind"],
                params=self.params(options),
            )
        found = CrawlSource.objects.filter(name=wanted)
        if wanted.isdecimal():
            found = found or CrawlSource.objects.filter(pk=int(wanted))
        source = found.first()
        if source is None:
            known = ", ".join(
                f"“{name}”" for name in CrawlSource.objects.values_list("name", flat=True)
            )
            raise CommandError(f"There is no source “{wanted}”. Known: {known or 'none yet'}.")
        return source

    def params(self, options: dict[str, Any]) -> dict[str, Any]:
        """The parameters of a kind, as told on the command line."""
        known = {one.name: one for one in parameters(kind_get(options["kind"]).params)}
        told: dict[str, Any] = {}
        for written in options["param"]:
            name, is_one, value = written.partition("=")
            if not is_one or name not in known:
                raise CommandError(
                    f"“{written}” is no parameter of the kind {options['kind']}. Write NAME=VALUE "
                    f"with one of: {', '.join(known) or 'it has none'}."
                )
            told[name] = value.split(",") if known[name].is_lines else value
        return told

    def watch(self, run: CrawlRun) -> None:
        """Carry the run out here, and show it; Ctrl-C cancels it, a second time leaves it."""
        console = Console(stderr=True)
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with Progress(*columns, console=console) as progress, self.carried_out(run) as child:
            task = progress.add_task("starting", total=None)
            while child.poll() is None:
                with self.cancelling(run):
                    run.refresh_from_db()
                    progress.update(task, description=self.told(run))
                    time.sleep(POLL_SECONDS)
        run.refresh_from_db()
        self.report(run)

    @contextlib.contextmanager
    def carried_out(self, run: CrawlRun) -> Iterator[subprocess.Popen[bytes]]:
        """The run's process; however it ends, the run is not left as if somebody were at it."""
        child = None
        try:
            with running_child(run_id=run.pk) as child:
                yield child
        finally:
            if child is not None:
                left_unfinished(run_id=run.pk, child=child)

    @contextlib.contextmanager
    def cancelling(self, run: CrawlRun) -> Iterator[None]:
        try:
            yield
        except KeyboardInterrupt:
            if run.status == CrawlRun.Status.CANCELLING:
                raise
            with contextlib.suppress(CrawlerError):
                crawl_run_cancel(run=run)

    def told(self, run: CrawlRun) -> str:
        return (
            f"{run.get_status_display()}: {run.pages} pages ({run.waiting} waiting), "
            f"{run.products} products, {run.photos_new} new photos, {run.errors} errors"
        )

    def show(self, run: CrawlRun) -> None:
        """What a dry run found."""
        for item in run.preview_items.all():
            told = item.content
            price = f"{told['price']} {told['currency']}" if told["price"] else "no price"
            self.stdout.write(f"{item.position + 1:2}. {told['title']}")
            for label, value in (
                ("brand", told["brand"]), ("model", told["model"]), ("colours", told["colour"]),
                ("code", told["code"]), ("price", price), ("stock", told["availability"]),
                ("photos", len(told["photos"])), ("page", told["url"]),
            ):  # fmt: skip
                self.stdout.write(f"      {label}: {value if value != '' else '–'}")
            for note in told["notes"]:
                self.stdout.write(f"      ! {note}")

    def report(self, run: CrawlRun) -> None:
        write = self.stdout.write
        if run.is_dry_run:
            self.show(run)
        write(f"Run {run.pk} of “{run.source}”: {run.get_status_display().lower()}.")
        write(
            f"  {run.pages} pages and {run.bytes / 1e6:.1f} MB "
            f"in {timedelta(seconds=round(run.seconds))}"
        )
        write(
            f"  {run.products} products: {run.listings_new} new, {run.listings_changed} changed, "
            f"{run.listings_unchanged} unchanged; {run.listings_vanished} vanished"
        )
        write(
            f"  photos: {run.photos_new} new, {run.photos_known} known, "
            f"{run.photos_rejected} rejected"
        )
        for kind in run.error_kinds.all():
            example = kind.examples[0] if kind.examples else {"url": "", "message": ""}
            mark = "left out" if kind.is_notice else "problem"
            write(f"  {mark} {kind.kind} × {kind.count}: {example['message']} {example['url']}")
        if run.stopped_by:
            write(f"  ended early: {run.stopped_by}")
        if run.status not in {CrawlRun.Status.DONE, CrawlRun.Status.CANCELLED}:
            raise CommandError(run.error or f"The crawl ended as {run.status}.")
