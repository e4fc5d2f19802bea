"""A whole running shoefinder in a folder of its own, looked at from outside only."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import psutil

ROOT = Path(__file__).resolve().parents[2]
MANAGE_SECONDS = 300
LOG = "stack.log"
S = TypeVar("S", bound="Site")

PHOTOS = "SELECT COUNT(*) FROM catalog_shoeimage"
WAITING = """SELECT COUNT(*) FROM catalog_shoeimage i WHERE i.status <> 'rejected'
    AND NOT EXISTS (SELECT 1 FROM search_imageembedding e WHERE e.image_id = i.id)"""
"""Photos that are to be embedded; those that a rule left out are not waited for."""


@dataclass
class Site:
    """Its database, its processes, its commands."""

    folder: Path
    process: subprocess.Popen[bytes]
    port: int
    environment: dict[str, str]

    def rows(self, question: str, *values: Any) -> list[Any]:
        """What a query answers; nothing while the database is not there."""
        uri = f"file:{self.folder / 'shoefinder.sqlite3'}?mode=ro"
        try:
            with closing(sqlite3.connect(uri, uri=True, timeout=20)) as database:
                return database.execute(question, values).fetchall()
        except sqlite3.OperationalError:
            return []

    def one(self, question: str, *values: Any) -> int:
        """The number that a query answers; 0 while there is none."""
        found = self.rows(question, *values)
        return int(found[0][0] or 0) if found else 0

    def running(self, mark: str) -> list[psutil.Process]:
        """Its processes whose command line holds ``mark``, children of killed ones too."""
        found = []
        for process in psutil.process_iter(["cmdline", "environ"]):
            environment = process.info["environ"] or {}
            words = " ".join(process.info["cmdline"] or [])
            # Valkey writes its title over its environment; that title names its socket.
            ours = environment.get("SHOEFINDER_VAR") == str(self.folder)
            if (ours or f"{self.folder}/valkey.sock" in words) and mark in words:
                found.append(process)
        return found

    def manage(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT, env={**self.environment, **environment}, capture_output=True, text=True,
            check=False, timeout=MANAGE_SECONDS,
        )  # fmt: skip


def stack_start(folder: Path, environment: dict[str, str], *words: str) -> subprocess.Popen[bytes]:
    """``manage.py`` with these words, talking to ``stack.log``."""
    with (folder / LOG).open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "manage.py", *words],
            cwd=ROOT, env=environment, stdout=log, stderr=log,
        )  # fmt: skip


@contextmanager
def stack_ended(site: S) -> Iterator[S]:
    """End its stack with the block, as Ctrl-C does; nothing of it may stay behind."""
    try:
        yield site
    finally:
        site.process.send_signal(signal.SIGINT)
        try:
            site.process.wait(timeout=60)
        finally:
            site.process.kill()
            sys.stdout.write((site.folder / LOG).read_text(errors="replace")[-3000:])
    # A crawl's child hears of its worker's death and still puts down what it holds.
    wait_for("nothing stays behind", lambda: site.running("") == [], 60)


def environment_of(folder: Path) -> dict[str, str]:
    """Of every process of a site in ``folder``."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "shoefinder.settings.dev",
        "SHOEFINDER_VAR": str(folder),
        "SHOEFINDER_SWEEP_SECONDS": "3",
    }
    environment.pop("DATABASE_URL", None)
    return environment


def wait_for(
    what: str, condition: Callable[[], bool], seconds: float, why: Callable[[], str] = str
) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s\n{why()}"
        time.sleep(0.1)
