"""Crawl processes that need not load Django and Scrapy anew: forks of one that has.

To start such a process takes longer than to crawl a shop of twelve shoes. Here each crawl still has
a process of its own, with the runner's command line, output, folders, settings and signals; what is
the project's is imported within it. Tests of how processes start and end use real ones.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from multiprocessing import forkserver
from typing import IO

LIBRARIES = [
    "celery", "celery.app.base", "celery.contrib.django.task", "celery.worker.state",
    "django.contrib.admin.options", "django.contrib.auth.hashers",
    "django.contrib.postgres.fields", "django.core.management", "django.db.backends.sqlite3.base",
    "django.db.migrations.autodetector", "django.db.models", "django.test",
    "django_structlog.celery.steps", "extruct", "imagehash", "import_export.resources",
    "kombu.transport.memory", "lxml.html", "numpy", "PIL.JpegImagePlugin", "pillow_heif",
    "price_parser", "prometheus_client", "psutil", "psycopg", "pydantic", "pydantic.main",
    "pydantic.networks", "rapidfuzz", "redis.asyncio", "scrapy.core.downloader.handlers.http11",
    "scrapy.crawler", "scrapy.downloadermiddlewares.cookies",
    "scrapy.downloadermiddlewares.httpcache", "scrapy.downloadermiddlewares.redirect",
    "scrapy.downloadermiddlewares.robotstxt", "scrapy.extensions.feedexport",
    "scrapy.extensions.remote_control", "scrapy.extensions.telnet", "scrapy.pipelines",
    "scrapy.spidermiddlewares.depth", "scrapy.spiders.sitemap", "structlog", "tablib",
]  # fmt: skip
"""What a crawl loads and nothing configures; a reactor is not among them."""

_context = multiprocessing.get_context("forkserver")


class Fork:
    """A process as ``subprocess.Popen`` shows one."""

    def __init__(self, command: Sequence[str], output: IO[bytes]) -> None:
        _server_ensure()
        arguments = (list(command), output.name, dict(os.environ))
        self._process = _context.Process(target=_become, args=arguments)
        self._process.start()
        self.args, self.pid = command, self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
        return self._process.exitcode

    def send_signal(self, sign: signal.Signals) -> None:
        os.kill(self.pid, sign)


def _server_ensure() -> None:
    """Start the process that is forked, unless it runs; it ends with this one."""
    _context.set_forkserver_preload(LIBRARIES)
    forkserver.ensure_running()


def _become(command: list[str], output: str, environment: Mapping[str, str]) -> None:
    """In the fork: be what ``command`` would have started."""
    os.setsid()
    file = os.open(output, os.O_WRONLY | os.O_APPEND)
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = command[1:]
    # The fork's parent is not the process that the runner took itself for.
    sys.argv[sys.argv.index("--parent") + 1] = str(os.getppid())
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
