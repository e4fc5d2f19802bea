"""The worker's side of a crawl: a child process for each; a Twisted reactor starts only once.

The child dies with the worker (PR_SET_PDEATHSIG, set in the child); should it not, its row holds
pid and start time, and the sweep ends it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

import structlog
from django.conf import settings
from django.db import DatabaseError

from crawler.exceptions import CrawlRefused
from crawler.models import CrawlRun
from crawler.services import crawl_run_child_ended, crawl_run_resume
from crawler.services.sweeping import MAX_AUTOMATIC_RESUMES

log = structlog.get_logger(__name__)

NOTHING_TO_DO = 3
"""Exit code of a child that found its run carried out by another, or gone."""
GRACE_SECONDS = 20.0
LOOK_SECONDS = 5.0
"""Between two looks at whether the run of a child is over."""
LEAVE_SECONDS = 60.0
"""That a child may take to leave once its run is over."""


def run_until_ended(*, run_id: int) -> None:
    """Carry out a waiting run in a child process and wait for it; go on after a crash.

    A run that is gone, or not waiting, is a clean exit.
    """
    while CrawlRun.objects.filter(pk=run_id, status=CrawlRun.Status.PENDING).exists():
        with running_child(run_id=run_id) as child:
            code = _exit_code(child, run_id=run_id)
        if not left_unfinished(run_id=run_id, child=child):
            return
        run = CrawlRun.objects.filter(pk=run_id).first()
        if run is None or run.resumed >= MAX_AUTOMATIC_RESUMES:
            return
        log.warning("crawl_child_crashed", run_id=run_id, code=code)
        try:
            crawl_run_resume(run=run, enqueue=False)
        except CrawlRefused:
            return


def _exit_code(child: subprocess.Popen[bytes], *, run_id: int) -> int:
    """Wait for the child's end; one that does not leave after its run is over is killed.

    A browser or a library's thread that never lets go would keep this worker from all other
    crawls. One that hangs before its run is over sends no heartbeats, and the sweep ends it.
    """
    over_since: float | None = None
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return child.wait(LOOK_SECONDS)
        try:
            over = not CrawlRun.objects.filter(pk=run_id, finished_at=None).exists()
        except DatabaseError:  # away for a moment: looked at again
            continue
        over_since = (over_since or time.monotonic()) if over else None
        if over_since is None:
            continue
        if time.monotonic() - over_since > LEAVE_SECONDS:
            log.warning("crawl_child_stayed", run_id=run_id, pid=child.pid)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)


def left_unfinished(*, run_id: int, child: subprocess.Popen[bytes]) -> bool:
    """Note in the run's row how its process, which has ended, left it; whether to start another."""
    if child.returncode == NOTHING_TO_DO:
        return False
    output = output_path(run_id).read_text(errors="replace")
    return crawl_run_child_ended(run_id=run_id, pid=child.pid, code=child.returncode, output=output)


def output_path(run_id: int) -> Path:
    """What the run's latest process wrote, beside the log: tracebacks mostly."""
    return Path(settings.VAR_DIR) / "crawls" / str(run_id) / "output.log"


@contextlib.contextmanager
def running_child(*, run_id: int) -> Iterator[subprocess.Popen[bytes]]:
    """A child process that carries out a waiting run; it ends with the block, however that ends."""
    path = output_path(run_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "crawl_run", str(run_id)]
    with path.open("wb") as output:
        child = process_start([*command, "--parent", str(os.getpid())], output)
    with _ended_with_us(child):
        yield child


def process_start(command: Sequence[str], output: IO[bytes]) -> subprocess.Popen[bytes]:
    """A process in a session of its own, so that it can be ended with all that it starts."""
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


@contextlib.contextmanager
def _ended_with_us(child: subprocess.Popen[bytes]) -> Iterator[None]:
    """However this process leaves (a revoked task raises SystemExit here), the child goes first."""
    try:
        yield
    finally:
        if child.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGTERM)
            try:
                child.wait(GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
                child.wait()
