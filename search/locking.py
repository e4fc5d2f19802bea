"""One process at a time embeds photos or writes the index, and one carries out a switch.

A lock of the operating system on a file, not a row: whoever dies, by ``kill -9`` or a power cut,
gives it back at that moment, and nothing has to be swept.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from search.exceptions import IndexBusy

_WRITER, _SWITCH = "index-writer.lock", "encoder-switch.lock"
POLL_SECONDS = 0.05
PATIENCE_SECONDS = 0.3
"""Even who does not wait tries this long: `index_writer` takes the lock for a moment to look."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Who holds the lock."""

    pid: int
    task: str
    """What it does, as words that follow "is": "embedding photos"."""
    since: datetime

    def __str__(self) -> str:
        return f"process {self.pid} is {self.task} since {self.since:%H:%M:%S} UTC"


@contextmanager
def writer_lock(task: str, *, wait_seconds: float = 0.0) -> Iterator[None]:
    """Be the one writer until the block or the process ends.

    Args:
        task: what this process does, as words that follow "is".
        wait_seconds: how long to wait for another writer.

    Raises:
        IndexBusy: another process, or another thread of this one, holds the lock; says who.
    """
    with _held(_WRITER, task, wait_seconds=wait_seconds, told="The index is being written"):
        yield


@contextmanager
def switch_lock() -> Iterator[None]:
    """Be the one process that carries out a switch of the encoder; raises as `writer_lock` does."""
    with _held(_SWITCH, "switching the encoder", wait_seconds=0, told="A switch is under way"):
        yield


def index_writer() -> Writer | None:
    """Who writes the index now; None when nobody does."""
    return _holder(_WRITER)


def switch_driver() -> Writer | None:
    """Who carries out a switch now; None when nobody does."""
    return _holder(_SWITCH)


@contextmanager
def _held(name: str, task: str, *, wait_seconds: float, told: str) -> Iterator[None]:
    fd = os.open(_path(name), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        deadline = time.monotonic() + max(wait_seconds, PATIENCE_SECONDS)
        while not _taken(fd, fcntl.LOCK_EX):
            if time.monotonic() >= deadline:
                holder = _read(fd) or "another process is at it"
                raise IndexBusy(f"{told}: {holder}.")
            time.sleep(POLL_SECONDS)
        note = {"pid": os.getpid(), "task": task, "since": timezone.now().timestamp()}
        os.ftruncate(fd, 0)
        os.pwrite(fd, json.dumps(note).encode(), 0)
        yield
        os.ftruncate(fd, 0)
    finally:
        os.close(fd)


def _holder(name: str) -> Writer | None:
    try:
        fd = os.open(_path(name), os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return None if _taken(fd, fcntl.LOCK_SH) else _read(fd)
    finally:
        os.close(fd)


def _path(name: str) -> Path:
    folder = Path(settings.VAR_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    return folder / name


def _taken(fd: int, kind: int) -> bool:
    try:
        fcntl.flock(fd, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(fd: int) -> Writer | None:
    # Between taking the lock and writing the note the file is empty or tells of an earlier holder.
    with suppress(ValueError, KeyError, TypeError):
        note = json.loads(os.pread(fd, 4096, 0))
        since = datetime.fromtimestamp(note["since"], tz=timezone.get_default_timezone())
        return Writer(pid=int(note["pid"]), task=str(note["task"]), since=since)
    return None
