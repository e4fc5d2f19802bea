"""A web process that serves catalog pages loads no encoder and no index library."""

from __future__ import annotations

import subprocess
import sys

import pytest

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
print(",".join(sorted(name for name in {heavy!r} if name in sys.modules)))
"""


def loaded(code: str) -> set[str]:
    environment = {"DJANGO_SETTINGS_MODULE": "shoefinder.settings.test", "PATH": "/usr/bin:/bin",
                   "DATABASE_URL": "sqlite://:memory:"}  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return {name for name in done.stdout.splitlines()[-1].split(",") if name}


def test_catalog_pages_load_nothing_heavy() -> None:
    pages = ["/", "/shoes/", "/brands/", "/healthz", "/admin/login/"]
    assert loaded(SERVE.format(pages=pages, heavy=HEAVY)) == set()


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


@pytest.mark.parametrize("module", LIGHT)
def test_importing_loads_nothing_heavy(module: str) -> None:
    code = (
        "import django, sys; django.setup(); import importlib;"
        f"importlib.import_module({module!r});"
        f"print(','.join(name for name in {HEAVY + PAGES!r} if name in sys.modules))"
    )
    assert loaded(code) == set()
