"""Processes that embed are killed with -9 in the middle; the next ones finish the work."""

from __future__ import annotations

import json
import signal

import pytest

from tests.search.processes import SharedSite, wait_for

PHOTOS = 160
SETUP = f"""
from tests.search.indexing import store_photos
store_photos({PHOTOS})
"""


@pytest.fixture
def site(shared_site: SharedSite) -> SharedSite:
    shared_site.prepare(SETUP)
    return shared_site


@pytest.mark.chaos
def test_nothing_is_lost_or_doubled(site: SharedSite) -> None:
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
def test_a_rebuild_that_is_killed_leaves_the_old_index_and_is_swept(site: SharedSite) -> None:
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
