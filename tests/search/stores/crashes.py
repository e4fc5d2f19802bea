"""Writes that a child process is killed in, for ``test_faiss_files``."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from tests.search.stores.contract import unit
from tests.search.stores.test_faiss import build

STEPS = ("fsync", "replace", "unlink", "ftruncate", "open")


@contextmanager
def killed_at(number: int) -> Iterator[None]:
    """Die as by ``kill -9`` right before the ``number``-th call that changes the disk."""
    calls = 0

    def dying(real: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: Any, **options: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **options)

        return step

    with patch.multiple(os, **{name: dying(getattr(os, name)) for name in STEPS}):
        yield


def publish(path: Path, shape: str) -> None:
    store = build(path, shape)
    store.upsert([2, 60], unit(2, seed=4), [{"a": 4}, {}])
    store.delete([50])
    store.set_payload([6], [{"b": (1,)}])
    store.publish()


def compact(path: Path, shape: str) -> None:
    build(path, shape).compact()


def rebuild(path: Path, shape: str) -> None:
    build(path, shape).rebuild(
        (range(at, at + 5), unit(5, seed=at), [{"a": at}] * 5) for at in range(0, 30, 5)
    )


WRITES: dict[str, Callable[[Path, str], None]] = {
    "publish": publish,
    "compact": compact,
    "rebuild": rebuild,
}
