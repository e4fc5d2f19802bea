"""One stack a folder: a second one would share its broker, database and index."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class StackRunning(Exception):
    """Another stack runs on this folder."""


@contextmanager
def stack_lock(var_dir: Path) -> Iterator[None]:
    """Held until the block or the process ends, however it ends. Raises StackRunning."""
    var_dir.mkdir(parents=True, exist_ok=True)
    with (var_dir / "stack.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackRunning(
                f"shoefinder already runs on {var_dir}; stop it first, "
                "or name another folder with SHOEFINDER_VAR"
            ) from None
        yield
