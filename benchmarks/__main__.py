"""``make bench``: every speed figure as a ratio within one run, on at most two threads.

    python -m benchmarks            all of them
    python -m benchmarks search     one

Each benchmark is a module of this package; `--help` after its module name tells its options.
Ends with 1 when a goal is missed.
"""

from __future__ import annotations

import os
import subprocess
import sys

BENCHMARKS = ("store", "search", "query", "encoder", "embed", "crawl", "million")


def main(chosen: list[str]) -> int:
    if unknown := set(chosen) - set(BENCHMARKS):
        print(f"No such benchmark: {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
        return 2
    environment = {"DJANGO_SETTINGS_MODULE": "shoefinder.settings.dev", **os.environ}
    failed = []
    for name in chosen or BENCHMARKS:
        print(f"\n== {name}", flush=True)
        command = [sys.executable, "-m", f"benchmarks.{name}"]
        if subprocess.run(command, env=environment, check=False).returncode:
            failed.append(name)
    if failed:
        print(f"\nGoals missed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
