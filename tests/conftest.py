"""Fixtures that every test may use."""

import os
import sys

import pytest
from hypothesis import HealthCheck, settings

# Where this is set, as it is in many containers, each process that a test starts would compile the
# whole project anew: a third of its time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# How long an example takes says more about the machine than about the code.
settings.register_profile("shoefinder", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shoefinder")


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One of the parallel workers loads torch and trains what a module's tests share.

    Whole crawls, whose shop and workers are real processes, get a second chance (ADR 9).
    """
    for item in items:
        if item.get_closest_marker("encoder"):
            item.add_marker(pytest.mark.xdist_group("encoder"))
        if item.get_closest_marker("crawl"):
            item.add_marker(pytest.mark.flaky(reruns=1))
