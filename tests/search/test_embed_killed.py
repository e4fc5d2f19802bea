"""Processes that embed are killed with -9 in the middle; the next ones finish the work."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PHOTOS = 160
SETUP = f"""
from tests.search.indexing import store_photos
store_photos({PHOTOS})
"""
DEADLINE_SECONDS = 120.0


@dataclass
class Site:
    """A database, photos and an index that several processes share."""

    folder: Path
    children: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def database(self) -> Path:
        return self.folder / "db.sqlite3"

    def start(self, *arguments: str, seconds_per_photo: float = 0.0) -> subprocess.Popen[str]:
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.search.child_settings",
            "DATABASE_URL": f"sqlite:///{self.database}",
            "SHOEFINDER_VAR": str(self.folder),
            "SECONDS_PER_PHOTO": str(seconds_per_photo),
            "OMP_NUM_THREADS": "1",
        }
        child = subprocess.Popen(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.children.append(child)
        return child

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        child = self.start(*arguments)
        out, err = child.communicate(timeout=DEADLINE_SECONDS)
        return subprocess.CompletedProcess(child.args, child.returncode, out, err)

    def rows(self) -> int:
        with sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=20) as connection:
            (count,) = connection.execute("SELECT count(*) FROM search_imageembedding").fetchone()
            return int(count)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    for arguments in (("migrate", "--verbosity", "0"), ("shell", "-c", SETUP)):
        done = site.manage(*arguments)
        assert done.returncode == 0, done.stderr
    yield site
    for child in site.children:
        if child.poll() is None:
            child.kill()
        child.communicate()


def wait_for(condition: Callable[[], bool], child: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert child.poll() is None, child.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.chaos
def test_nothing_is_lost_or_doubled(site: Site) -> None:
    for enough in (1, 40, 100):
        child = site.start("embed", seconds_per_photo=0.02)
        wait_for(lambda enough=enough: site.rows() >= enough, child)  # type: ignore[misc]
        child.send_signal(signal.SIGSTOP)
        if enough == 1:
            # A second one leaves at once and says who is at it.
            other = site.manage("embed")
            assert other.returncode == 3
            assert f"process {child.pid}" in other.stderr
        child.send_signal(signal.SIGKILL)
        child.communicate()
        before = site.rows()
        assert enough <= before < PHOTOS
    last = site.manage("embed", "--json")
    assert last.returncode == 0, last.stderr
    assert json.loads(last.stdout)["embedded"] == PHOTOS - before
    assert site.rows() == PHOTOS
    verified = site.manage("index", "verify", "--json")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert json.loads(verified.stdout)["info"]["count"] == PHOTOS


@pytest.mark.chaos
def test_a_rebuild_that_is_killed_leaves_the_old_index_and_is_swept(site: Site) -> None:
    assert site.manage("embed").returncode == 0
    hang = (
        "import os, signal\n"
        "from search.services import index_rebuild\n"
        "index_rebuild(trigger='command', "
        "progress=lambda build: os.kill(os.getpid(), signal.SIGKILL))"
    )
    assert site.manage("shell", "-c", hang).returncode == -signal.SIGKILL
    status = json.loads(site.manage("index", "status", "--json").stdout)
    assert (status["health"], status["indexed"]) == ("ready", PHOTOS)
    assert status["build"]["status"] == "running"
    assert site.manage("embed").returncode == 0
    status = json.loads(site.manage("index", "status", "--json").stdout)
    assert status["build"]["status"] == "failed"
    assert site.manage("index", "verify").returncode == 0
