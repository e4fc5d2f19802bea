"""Crawls that are cancelled, killed or left behind, and go on until everything is there, once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil
import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from catalog.models import ImageSource, Listing, ShoeImage
from crawler import runner
from crawler.models import CrawlRun
from crawler.runner import run_until_ended, running_child
from crawler.services import (
    crawl_run_cancel,
    crawl_run_request,
    crawl_run_resume,
    crawl_runs_interrupt_here,
    crawl_runs_sweep,
)
from crawler.services.sweeping import process_of
from tests.crawler.conftest import source_of, wait_until
from tests.fakeshop import FakeShop

pytestmark = [pytest.mark.crawl, pytest.mark.usefixtures("home")]

Shops = Callable[..., FakeShop]


@pytest.fixture
def shop(shop_of: Shops) -> FakeShop:
    """Gives a part of its pages until it is told to let go: no machine is through too early."""
    shop = shop_of(limit=30)
    shop.hold(after=12)
    return shop


@pytest.fixture
def run(shop: FakeShop) -> CrawlRun:
    source = source_of(shop, concurrency=2)
    return crawl_run_request(source=source, trigger=CrawlRun.Trigger.COMMAND, enqueue=False)


def in_the_middle(run: CrawlRun) -> bool:
    run.refresh_from_db()
    return run.products >= 5


def is_ending(run: CrawlRun) -> bool:
    return "ending the crawl" in run.log_path.read_text()


def assert_whole(run: CrawlRun, shop: FakeShop) -> None:
    """Everything the shop has is there, nothing twice, and each product was counted once."""
    run.refresh_from_db()
    assert (run.status, run.complete, run.error) == (CrawlRun.Status.DONE, True, "")
    assert run.products == Listing.objects.count() == len(shop.products)
    photos = {shop.photo_sha256(p, i) for p in shop.products for i in range(len(p.photos))}
    assert set(ShoeImage.objects.values_list("sha256", flat=True)) == photos
    places = sum(len(product.photos) for product in shop.products)
    assert ImageSource.objects.count() == places
    assert not list(run.directory.glob("frontier*"))


def test_a_cancelled_run_goes_on_and_ends_whole(run: CrawlRun, shop: FakeShop) -> None:
    with running_child(run_id=run.pk) as child:
        wait_until(lambda: in_the_middle(run))
        crawl_run_cancel(run=run)
        assert run.status == CrawlRun.Status.CANCELLING
        wait_until(lambda: is_ending(run))
        shop.let_go()
        child.wait(60)
    run.refresh_from_db()
    assert (run.status, run.stopped_by) == (CrawlRun.Status.CANCELLED, "cancelled")
    assert 0 < run.products < len(shop.products)

    crawl_run_resume(run=run, enqueue=False)
    run_until_ended(run_id=run.pk)

    assert run.resumed == 1
    assert_whole(run, shop)


@pytest.mark.chaos
def test_a_killed_child_is_followed_by_another_that_finishes(run: CrawlRun, shop: FakeShop) -> None:
    with in_background(run):
        wait_until(lambda: in_the_middle(run))
        assert run.pid is not None
        os.kill(run.pid, signal.SIGKILL)
        shop.let_go()
    assert_whole(run, shop)
    assert run.resumed == 1


@contextmanager
def in_background(run: CrawlRun) -> Iterator[None]:
    """The worker's task, in a thread."""

    def work() -> None:
        try:
            run_until_ended(run_id=run.pk)
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        thread.join(120)
        assert not thread.is_alive()


@pytest.mark.chaos
def test_a_worker_killed_with_its_child_is_healed_by_the_sweep(
    run: CrawlRun, shop: FakeShop
) -> None:
    child = subprocess.Popen(
        [sys.executable, "manage.py", "crawl_run", str(run.pk)], cwd=settings.BASE_DIR
    )
    wait_until(lambda: in_the_middle(run))
    child.kill()
    child.wait()
    shop.let_go()

    assert crawl_runs_sweep() == 2  # found interrupted, and resumed
    run.refresh_from_db()
    assert (run.status, run.resumed) == (CrawlRun.Status.PENDING, 1)
    run_until_ended(run_id=run.pk)

    assert_whole(run, shop)


@pytest.mark.chaos
def test_a_child_ends_when_its_worker_is_killed(run: CrawlRun, shop: FakeShop) -> None:
    code = (
        "import django; django.setup()\n"
        "from crawler.runner import run_until_ended\n"
        f"run_until_ended(run_id={run.pk})"
    )
    worker = subprocess.Popen([sys.executable, "-c", code], cwd=settings.BASE_DIR)
    wait_until(lambda: in_the_middle(run))
    child = process_of(run)
    assert child is not None
    worker.kill()
    worker.wait()
    wait_until(lambda: is_ending(run))
    shop.let_go()
    psutil.wait_procs([child], timeout=60)

    assert not child.is_running()
    run.refresh_from_db()
    assert run.status == CrawlRun.Status.INTERRUPTED


def test_a_worker_that_ends_lets_its_crawls_stop_first(run: CrawlRun, shop: FakeShop) -> None:
    with running_child(run_id=run.pk) as child:
        wait_until(lambda: in_the_middle(run))

        assert crawl_runs_interrupt_here() == 1

        wait_until(lambda: is_ending(run))
        shop.let_go()
        assert child.wait(60) == 0
    run.refresh_from_db()
    assert (run.status, run.stopped_by) == (CrawlRun.Status.INTERRUPTED, "shutdown")


def test_a_process_that_lost_its_run_stops_without_touching_it(
    run: CrawlRun, shop: FakeShop
) -> None:
    with running_child(run_id=run.pk) as child:
        wait_until(lambda: in_the_middle(run))
        CrawlRun.objects.filter(pk=run.pk).update(pid=1, host="elsewhere")
        wait_until(lambda: is_ending(run))
        shop.let_go()
        assert child.wait(60) == 0
    run.refresh_from_db()
    assert (run.status, run.pid, run.host) == (CrawlRun.Status.RUNNING, 1, "elsewhere")


def test_a_child_that_cannot_start_is_told_and_not_left_waiting(
    run: CrawlRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "no.such.settings")

    run_until_ended(run_id=run.pk)

    run.refresh_from_db()
    assert run.status == CrawlRun.Status.INTERRUPTED
    assert "before the crawl began (exit code 1)" in run.error
    assert "No module named 'no'" in run.error


def test_a_child_that_stays_after_its_run_is_over_is_killed(
    run: CrawlRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one did whose browser never let go of a page."""
    children: list[subprocess.Popen[bytes]] = []

    @contextmanager
    def staying(*, run_id: int) -> Iterator[subprocess.Popen[bytes]]:
        CrawlRun.objects.filter(pk=run_id).update(
            status=CrawlRun.Status.DONE, finished_at=timezone.now()
        )
        code = "import time; time.sleep(3600)"
        with subprocess.Popen([sys.executable, "-c", code], start_new_session=True) as child:
            children.append(child)
            yield child

    monkeypatch.setattr(runner, "running_child", staying)
    monkeypatch.setattr(runner, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(runner, "LEAVE_SECONDS", 0.1)
    # What it wrote is looked for, as of any child.
    runner.output_path(run.pk).parent.mkdir(parents=True, exist_ok=True)
    runner.output_path(run.pk).touch()

    run_until_ended(run_id=run.pk)

    assert [child.returncode for child in children] == [-signal.SIGKILL]
    run.refresh_from_db()
    assert run.status == CrawlRun.Status.DONE
