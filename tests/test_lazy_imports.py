"""A web process that serves catalog pages loads no encoder and no index library."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.xdist_group("lazy imports")

# Of Twisted the reactor, not the name: structlog itself imports twisted.python.log.
HEAVY = [
    "torch",
    "transformers",
    "sentence_transformers",
    "onnxruntime",
    "faiss",
    "matplotlib",
    "scrapy",
    "twisted.internet.reactor",
]

SERVE = """
import django, sys
django.setup()
from django.test import Client
from django.urls import reverse
from django.core.management import call_command
call_command("migrate", verbosity=0)
client = Client()
for page in {pages!r}:
    response = client.get(page)
    assert response.status_code == 200, (page, response.status_code)
print(",".join(name for name in {heavy!r} if name in sys.modules))
"""


def output(code: str) -> list[str]:
    """The lines that a fresh process prints."""
    environment = {"DJANGO_SETTINGS_MODULE": "shoefinder.settings.test", "PATH": "/usr/bin:/bin",
                   "DATABASE_URL": "sqlite://:memory:"}  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_catalog_pages_load_nothing_heavy() -> None:
    pages = ["/", "/shoes/", "/brands/", "/healthz", "/admin/login/"]
    assert output(SERVE.format(pages=pages, heavy=HEAVY))[-1] == ""


LIGHT = [
    "search",
    "search.encoders",
    "search.stores",
    "search.tasks",
    "crawler.tasks",
    "crawler.services",
    "shoefinder.celery",
]
PAGES = ["catalog.admin", "crawler.admin", "search.admin", "shoefinder.urls"]
"""Of no use to a process that crawls or embeds."""


IMPORT = """
import django, importlib, json, os, sys
django.setup()
for module in {light!r}:
    if not os.fork():
        importlib.import_module(module)
        print(json.dumps([module, [name for name in {heavy!r} if name in sys.modules]]), flush=True)
        os._exit(0)
    assert os.wait()[1] == 0, module
"""
"""Each module in a process of its own, forked from one in which Django is set up."""


@pytest.fixture(scope="module")
def told() -> dict[str, list[str]]:
    """What importing each of the modules has loaded."""
    return dict(map(json.loads, output(IMPORT.format(light=LIGHT, heavy=HEAVY + PAGES))))


@pytest.mark.parametrize("module", LIGHT)
def test_importing_loads_nothing_heavy(module: str, told: dict[str, list[str]]) -> None:
    assert told[module] == []
