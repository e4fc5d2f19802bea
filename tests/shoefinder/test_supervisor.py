"""The supervisor starts, restarts and stops; nothing stays behind, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from shoefinder.stack import Part, StackError, StackLeft, Supervisor, stack_opened
from shoefinder.stack.lock import StackRunning, stack_lock

SLEEPER = "import time\nwhile True: time.sleep(1)"
STUBBORN = (
    "import signal, time, pathlib, sys\n"
    "for sign in (signal.SIGTERM, signal.SIGQUIT): signal.signal(sign, signal.SIG_IGN)\n"
    "pathlib.Path(sys.argv[1]).touch()\n"
    "while True: time.sleep(1)"
)


def wait_until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    """Runs; a zombie that nobody has waited for yet does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def python(name: str, code: str, *arguments: str, **options: object) -> Part:
    return Part(name, [sys.executable, "-c", code, *arguments], **options)  # type: ignore[arg-type]


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Supervisor]:
    monkeypatch.setattr("shoefinder.stack.supervisor.STOP_SECONDS", 1.0)
    monkeypatch.setattr("shoefinder.stack.supervisor.RESTART_SECONDS", (0.01,))
    with Supervisor(log_dir=tmp_path / "log", cwd=tmp_path) as supervisor:
        yield supervisor


def test_stops_what_it_started(stack: Supervisor) -> None:
    stack.start(python("one", SLEEPER))
    stack.start(python("two", SLEEPER))
    pids = list(stack.pids().values())
    assert all(alive(pid) for pid in pids)
    stack.stop()
    assert not any(alive(pid) for pid in pids)


def test_kills_what_will_not_stop(stack: Supervisor, tmp_path: Path) -> None:
    deaf = tmp_path / "deaf"
    stack.start(python("stubborn", STUBBORN, str(deaf), ready=deaf.exists))
    pid = stack.pids()["stubborn"]
    stack.stop()
    assert not alive(pid)


def test_restarts_what_dies(stack: Supervisor) -> None:
    stack.start(python("worker", SLEEPER))
    first = stack.pids()["worker"]
    os.kill(first, signal.SIGKILL)

    def restarted() -> bool:
        stack.poll()
        return stack.pids()["worker"] != first

    wait_until(restarted)
    assert alive(stack.pids()["worker"])


def test_waits_until_a_part_is_ready(stack: Supervisor, tmp_path: Path) -> None:
    mark = tmp_path / "ready"
    code = f"import pathlib, time; pathlib.Path({str(mark)!r}).touch(); time.sleep(60)"
    stack.start(python("slow", code, ready=mark.exists))
    assert mark.exists()


def test_a_part_that_ends_at_once_is_told_with_its_last_words(stack: Supervisor) -> None:
    part = python("broken", "raise SystemExit('no such database')", ready=lambda: False)
    with pytest.raises(StackError, match="no such database"):
        stack.start(part)


def test_a_part_that_is_never_ready_is_told_with_its_log(stack: Supervisor) -> None:
    part = python("never", SLEEPER, ready=lambda: False, ready_seconds=0.1)
    with pytest.raises(StackError, match=r"never\.log"):
        stack.start(part)


class Dying:
    """Sends a signal to this process from its finalizer, where an exception would be lost."""

    def __init__(self, sign: signal.Signals) -> None:
        self.sign = sign

    def __del__(self) -> None:
        os.kill(os.getpid(), self.sign)


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_ends_all_wherever_it_strikes(
    settings: Any, tmp_path: Path, sign: signal.Signals
) -> None:
    settings.VAR_DIR = tmp_path
    before = signal.getsignal(sign)
    with stack_opened(on_event=lambda name, what: None) as stack:
        stack.start(python("one", SLEEPER))
        pids = list(stack.pids().values())
        dying = Dying(sign)
        del dying
        with pytest.raises(StackLeft):
            stack.watch()

    assert not any(alive(pid) for pid in pids)
    assert signal.getsignal(sign) is before


def test_who_waits_for_a_part_leaves_too(stack: Supervisor) -> None:
    def told_to_leave() -> bool:
        stack.leave()
        return False

    with pytest.raises(StackLeft):
        stack.start(python("never", SLEEPER, ready=told_to_leave))
    with pytest.raises(StackLeft):
        stack.start(python("too late", SLEEPER))


@pytest.mark.skipif(sys.platform != "linux", reason="parent-death signals are Linux's")
def test_parts_end_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from shoefinder.stack.supervisor import Part, Supervisor\n"
        "folder = Path(sys.argv[1])\n"
        "stack = Supervisor(log_dir=folder, cwd=folder)\n"
        f"stack.start(Part('sleeper', [sys.executable, '-c', {SLEEPER!r}]))\n"
        "print(stack.pids()['sleeper'], flush=True)\n"
        "stack.watch()"
    )
    root = Path(__file__).resolve().parents[2]
    supervisor = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, cwd=root, text=True
    )
    assert supervisor.stdout is not None
    child = int(supervisor.stdout.readline())
    supervisor.kill()
    supervisor.communicate()
    wait_until(lambda: not alive(child))


def test_one_stack_a_folder(tmp_path: Path) -> None:
    first = stack_lock(tmp_path)
    with first, pytest.raises(StackRunning, match="already runs"), stack_lock(tmp_path):
        pass
    with stack_lock(tmp_path):
        pass  # free again
