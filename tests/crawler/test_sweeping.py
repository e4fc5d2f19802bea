"""What heals by itself: dead processes, lost messages, cancels that hang."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psutil
import pytest
from django.utils import timezone

from crawler.models import CrawlRun, CrawlSource
from crawler.services import crawl_runs_sweep, crawl_source_ensure
from crawler.services.sweeping import (
    CANCEL_GRACE,
    LOST_MESSAGE,
    MAX_AUTOMATIC_RESUMES,
    STALE,
)

pytestmark = pytest.mark.django_db

Status = CrawlRun.Status


@pytest.fixture
def source() -> CrawlSource:
    return crawl_source_ensure(name="Shop", seeds=["https://shop.example/"])


@pytest.fixture
def process() -> Iterator[psutil.Process]:
    """Stands for a crawl that does nothing any more."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    yield psutil.Process(child.pid)
    child.kill()
    child.wait()


def run_of(source: CrawlSource, process: psutil.Process | None = None, **changes: Any) -> CrawlRun:
    values: dict[str, Any] = {
        "status": Status.RUNNING, "trigger": "admin", "host": socket.gethostname(),
        "heartbeat_at": timezone.now(), "pid": 2**22 - 1, "process_started": 0.0,
    }  # fmt: skip
    if process is not None:
        values |= {"pid": process.pid, "process_started": process.create_time()}
    return CrawlRun.objects.create(source=source, **(values | changes))


def test_a_run_that_beats_is_left_alone(source: CrawlSource, process: psutil.Process) -> None:
    run = run_of(source, process)

    assert crawl_runs_sweep() == 0

    run.refresh_from_db()
    assert run.status == Status.RUNNING
    assert process.is_running()


def test_a_run_without_a_heartbeat_is_resumed_and_its_process_killed(
    source: CrawlSource, process: psutil.Process
) -> None:
    run = run_of(source, process, heartbeat_at=timezone.now() - 2 * STALE)

    crawl_runs_sweep()

    run.refresh_from_db()
    assert (run.status, run.resumed, run.pid) == (Status.PENDING, 1, None)
    assert not process.is_running()


def test_a_process_that_is_gone_is_noticed_at_once(source: CrawlSource) -> None:
    run = run_of(source)

    crawl_runs_sweep()

    run.refresh_from_db()
    assert (run.status, run.resumed) == (Status.PENDING, 1)


def test_a_pid_that_was_given_to_another_program_is_not_killed(
    source: CrawlSource, process: psutil.Process
) -> None:
    run = run_of(source, process, process_started=process.create_time() - 100)

    crawl_runs_sweep()

    run.refresh_from_db()
    assert run.status == Status.PENDING
    assert process.is_running()


def test_a_run_of_another_machine_is_judged_by_its_heartbeat_only(source: CrawlSource) -> None:
    run = run_of(source, host="elsewhere")
    assert crawl_runs_sweep() == 0

    CrawlRun.objects.update(heartbeat_at=timezone.now() - 2 * STALE)
    crawl_runs_sweep()

    run.refresh_from_db()
    assert run.status == Status.PENDING


def test_a_cancel_that_hangs_is_carried_out_the_hard_way(
    source: CrawlSource, process: psutil.Process
) -> None:
    asked = timezone.now() - 2 * CANCEL_GRACE
    run = run_of(source, process, status=Status.CANCELLING, cancel_requested_at=asked)

    crawl_runs_sweep()

    run.refresh_from_db()
    assert (run.status, run.stopped_by) == (Status.CANCELLED, "cancelled")
    assert not process.is_running()


def test_a_run_that_is_interrupted_again_and_again_is_given_up(source: CrawlSource) -> None:
    run = run_of(source, status=Status.INTERRUPTED, resumed=MAX_AUTOMATIC_RESUMES)

    crawl_runs_sweep()

    run.refresh_from_db()
    assert run.status == Status.FAILED
    assert "not started again by itself" in run.error


def test_an_interrupted_run_waits_while_another_of_its_source_is_active(
    source: CrawlSource, process: psutil.Process
) -> None:
    old = run_of(source, status=Status.INTERRUPTED)
    run_of(source, process)

    assert crawl_runs_sweep() == 0

    old.refresh_from_db()
    assert old.status == Status.INTERRUPTED


def test_an_interrupted_run_of_a_source_that_was_switched_off_waits(source: CrawlSource) -> None:
    CrawlSource.objects.update(enabled=False)
    run_of(source, status=Status.INTERRUPTED)

    assert crawl_runs_sweep() == 0


def test_a_message_that_was_lost_is_sent_again(source: CrawlSource) -> None:
    run = run_of(source, status=Status.PENDING, queued_at=timezone.now() - 2 * LOST_MESSAGE)

    assert crawl_runs_sweep() == 1
    assert crawl_runs_sweep() == 0

    run.refresh_from_db()
    assert timezone.now() - run.queued_at < timedelta(seconds=30)
