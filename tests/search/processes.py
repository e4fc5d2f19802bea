"""A database, photos and an index on the disk, and processes that share them."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
DEADLINE_SECONDS = 120.0


@dataclass
class SharedSite:
    """What several processes share, and those that were started."""

    folder: Path
    children: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def database(self) -> Path:
        return self.folder / "db.sqlite3"

    def start(self, *arguments: str, seconds_per_photo: float = 0.0) -> subprocess.Popen[str]:
        """``manage.py`` with these arguments."""
        return self.spawn("manage.py", *arguments, seconds_per_photo=seconds_per_photo)

    def spawn(
        self, *arguments: str, seconds_per_photo: float = 0.0, quiet: bool = False
    ) -> subprocess.Popen[str]:
        """Python with these arguments, under the settings of the site.

        ``quiet`` for what talks for long: a pipe that nobody reads would stop it when full.
        """
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.search.child_settings",
            "DATABASE_URL": f"sqlite:///{self.database}",
            "SHOEFINDER_VAR": str(self.folder),
            "SECONDS_PER_PHOTO": str(seconds_per_photo),
            "OMP_NUM_THREADS": "1",
        }
        child = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=environment,
            text=True,
            stdout=subprocess.DEVNULL if quiet else subprocess.PIPE,
            stderr=subprocess.DEVNULL if quiet else subprocess.PIPE,
        )
        self.children.append(child)
        return child

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        child = self.start(*arguments)
        out, err = child.communicate(timeout=DEADLINE_SECONDS)
        return subprocess.CompletedProcess(child.args, child.returncode, out, err)

    def one(self, query: str, *values: Any) -> Any:
        """The first cell that ``query`` gives."""
        with sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=20) as connection:
            return connection.execute(query, values).fetchone()[0]

    def rows(self) -> int:
        return int(self.one("SELECT count(*) FROM search_imageembedding"))

    def prepare(self, code: str) -> None:
        """Migrate, then run ``code``, which puts something into the catalog."""
        for arguments in (("migrate", "--verbosity", "0"), ("shell", "-c", code)):
            done = self.manage(*arguments)
            assert done.returncode == 0, done.stderr


@pytest.fixture
def shared_site(tmp_path: Path) -> Iterator[SharedSite]:
    site = SharedSite(tmp_path)
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
