"""Notes which lines run, from the start of every Python process that finds this on its path.

``tools/test.sh`` puts this folder on PYTHONPATH and names a folder in MEASURED: the processes of
pytest and all that they start leave there what they have run, and ``python -m tests.measuring``
adds it up. SlipCover's probes leave the code once they have told their line, so that measuring
costs next to nothing; a trace function costs half of a test's own time (docs/adr/0008).
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
from multiprocessing import util
from pathlib import Path
from typing import Any

import slipcover

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("catalog", "crawler", "search", "shoefinder")
FOLDER = "SHOEFINDER_MEASURED"


class Measuring:
    """From now until the process ends, however it ends; only kill -9 leaves nothing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.probes = slipcover.Slipcover()
        sources = [ROOT / package for package in PACKAGES]
        matcher = slipcover.FileMatcher(sources=sources, omit=["*/migrations/*"])
        slipcover.ImportManager(self.probes, matcher).__enter__()
        atexit.register(self.save)
        util.register_after_fork(self, Measuring.save_when_fork_ends)
        signal.signal(signal.SIGTERM, self.save_and_end)

    def save_when_fork_ends(self) -> None:
        """A process of multiprocessing ends without what is registered with atexit."""
        util.Finalize(None, self.save, exitpriority=0)

    def save_and_end(self, number: int, frame: object) -> None:
        """What ends by SIGTERM and has no handler of its own."""
        self.save()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    def save(self) -> None:
        with self.probes.lock:
            seen: dict[str, set[Any]] = {}
            for told in (self.probes.all_seen, self.probes.newly_seen):
                for file, lines in list(told.items()):
                    seen.setdefault(file, set()).update(lines)
        ran = {file: sorted(lines) for file, lines in seen.items()}
        with contextlib.suppress(FileNotFoundError):  # the folder is gone: nobody waits for it
            (self.folder / f"{os.getpid()}.json").write_text(json.dumps(ran))


if FOLDER in os.environ:
    Measuring(Path(os.environ[FOLDER]))
