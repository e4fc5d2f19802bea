"""Starts processes, restarts those that die, and leaves none behind.

Each part runs in a session of its own, so that Ctrl-C reaches only the supervisor, which stops the
parts in the right order; and with a parent-death signal, so that they also end when the supervisor
itself is killed.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, NoReturn

STOP_SECONDS = 6.0
"""Grace between the polite signal and the next harder one."""
RESTART_SECONDS = (0.5, 1.0, 2.0, 5.0, 10.0)
"""Waits before the first, second, … restart of a part that keeps dying."""
STEADY_SECONDS = 30.0
"""A part that lived this long starts again from the shortest wait."""
_PR_SET_PDEATHSIG = 1


class StackError(Exception):
    """A part cannot start; the message says what to do."""


class StackLeft(Exception):
    """The stack was told to leave: no fault, but the end of whatever waits for it."""


@dataclass(frozen=True, slots=True)
class Part:
    """One process of the stack."""

    name: str
    command: Sequence[str]
    ready: Callable[[], bool] | None = None
    """Polled after the start; None means ready at once."""
    ready_seconds: float = 60.0
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Running:
    part: Part
    process: subprocess.Popen[bytes]
    log_file: IO[bytes]
    started: float
    restarts: int = 0
    restart_at: float | None = None


class Supervisor:
    """Runs parts in the order given and stops them in reverse.

    Use as a context manager; ``poll`` must be called now and then, or ``watch`` once. After
    ``leave`` both raise StackLeft, as ``start`` does.
    """

    def __init__(
        self, *, log_dir: Path, cwd: Path, on_event: Callable[[str, str], None] | None = None
    ) -> None:
        self._log_dir = log_dir
        self._cwd = cwd
        self._on_event = on_event or (lambda name, what: None)
        self._running: list[_Running] = []
        self._lock = threading.RLock()
        self._leaving = False

    def __enter__(self) -> Supervisor:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def leave(self) -> None:
        """Let whoever starts, polls or watches end; safe to call from a handler of signals.

        An exception raised by a handler is lost where Python can only report it, as in a finalizer
        that happens to run: the stack then went on for ever. So a handler only leaves word here.
        """
        self._leaving = True

    def start(self, part: Part) -> None:
        """Start ``part`` and wait until it is ready. Raises StackError with the end of its log."""
        self._raise_if_leaving()
        with self._lock:
            running = self._launch(part)
            self._running.append(running)
        deadline = time.monotonic() + part.ready_seconds
        while part.ready is not None and not part.ready():
            self._raise_if_leaving()
            if running.process.poll() is not None:
                raise StackError(f"{part.name} ended at once:\n{self.log_tail(part.name)}")
            if time.monotonic() > deadline:
                raise StackError(
                    f"{part.name} is not ready after {part.ready_seconds:.0f} s; "
                    f"see {self.log_path(part.name)}"
                )
            time.sleep(0.05)

    def pids(self) -> dict[str, int]:
        with self._lock:
            return {running.part.name: running.process.pid for running in self._running}

    def poll(self) -> None:
        """Restart what died, with growing waits."""
        self._raise_if_leaving()
        with self._lock:
            for index, running in enumerate(self._running):
                code = running.process.poll()
                if code is None:
                    continue
                now = time.monotonic()
                if running.restart_at is None:
                    if now - running.started > STEADY_SECONDS:
                        running.restarts = 0
                    wait = RESTART_SECONDS[min(running.restarts, len(RESTART_SECONDS) - 1)]
                    running.restart_at = now + wait
                    self._on_event(running.part.name, f"ended with {code}; restarting")
                    _kill_group(running.process.pid, signal.SIGKILL)
                elif now >= running.restart_at:
                    running.log_file.close()
                    fresh = self._launch(running.part)
                    fresh.restarts = running.restarts + 1
                    self._running[index] = fresh

    def watch(self) -> NoReturn:
        """Poll until told to leave."""
        while True:
            self.poll()
            time.sleep(0.25)

    def stop(self) -> None:
        """Stop everything, last started first: politely, then harder, then for good."""
        with self._lock:
            running, self._running = self._running[::-1], []
        for sign in (signal.SIGTERM, signal.SIGQUIT, signal.SIGKILL):
            alive = [each for each in running if each.process.poll() is None]
            for each in alive:
                _kill_group(each.process.pid, sign)
                if sign is not signal.SIGKILL:
                    _wait(each.process, STOP_SECONDS / max(len(alive), 1))
            deadline = time.monotonic() + STOP_SECONDS
            for each in alive:
                _wait(each.process, max(0.0, deadline - time.monotonic()))
        for each in running:
            # What a part started in its own session's group and forgot.
            _kill_group(each.process.pid, signal.SIGKILL)
            each.log_file.close()

    def log_path(self, name: str) -> Path:
        return self._log_dir / f"{name}.log"

    def log_tail(self, name: str, lines: int = 15) -> str:
        text = self.log_path(name).read_bytes()[-8000:].decode(errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def _raise_if_leaving(self) -> None:
        if self._leaving:
            raise StackLeft

    def _launch(self, part: Part) -> _Running:
        self._log_dir.mkdir(parents=True, exist_ok=True)
        # Appending: what a part said before it died is what one wants to read.
        log_file = self.log_path(part.name).open("ab")
        process = subprocess.Popen(
            list(part.command),
            stdin=subprocess.DEVNULL,
            stdout=log_file,
            stderr=subprocess.STDOUT,
            cwd=self._cwd,
            env={**os.environ, **part.environment},
            start_new_session=True,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
        )
        return _Running(part, process, log_file, time.monotonic())


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _wait(process: subprocess.Popen[bytes], seconds: float) -> None:
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        return


def _kill_group(pid: int, sign: signal.Signals) -> None:
    try:
        os.killpg(pid, sign)
    except (ProcessLookupError, PermissionError):
        return
