"""The stack of this folder, held by one command that leaves on SIGINT and SIGTERM."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.conf import settings

from shoefinder.stack.lock import stack_lock
from shoefinder.stack.supervisor import Supervisor

LEAVE_ON = (signal.SIGINT, signal.SIGTERM)
"""Ctrl-C, and a process manager. Set anew, as a shell ignores SIGINT in what it runs behind it."""


@contextmanager
def stack_opened(*, on_event: Callable[[str, str], None]) -> Iterator[Supervisor]:
    """A supervisor whose parts are stopped when the block ends, however it ends.

    One of the signals makes the supervisor raise StackLeft within the block; a second one does not
    disturb the stopping. ``on_event`` is told of parts that died. Raises StackRunning.
    """
    with stack_lock(settings.VAR_DIR):
        stack = Supervisor(
            log_dir=settings.VAR_DIR / "log", cwd=settings.BASE_DIR, on_event=on_event
        )
        before = {
            sign: signal.signal(sign, lambda number, frame: stack.leave()) for sign in LEAVE_ON
        }
        try:
            with stack:
                yield stack
        finally:
            for sign, handler in before.items():
                signal.signal(sign, handler)
