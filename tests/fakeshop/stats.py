"""What was asked of the shop so far."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Stats:
    """Counts of requests; safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        with self._lock:
            self.requests = self.bytes = self._at_once = self.most_at_once = 0
            self.paths: Counter[str] = Counter()
            self.status: Counter[int] = Counter()
            self.agents: Counter[str] = Counter()
            self.forbidden: list[str] = []

    @contextmanager
    def request(self, path: str, *, agent: str, forbidden: bool) -> Iterator[None]:
        with self._lock:
            self.requests += 1
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            self.paths[path] += 1
            self.agents[agent] += 1
            if forbidden:
                self.forbidden.append(path)
        try:
            yield
        finally:
            with self._lock:
                self._at_once -= 1

    def sent(self, status: int, size: int) -> None:
        with self._lock:
            self.status[status] += 1
            self.bytes += size

    def seen(self, path: str) -> int:
        """How often ``path`` was asked for."""
        with self._lock:
            return self.paths[path]

    def report(self) -> dict[str, Any]:
        with self._lock:
            return {
                "requests": self.requests,
                "bytes": self.bytes,
                "most_at_once": self.most_at_once,
                "forbidden": list(self.forbidden),
                "status": {str(code): n for code, n in sorted(self.status.items())},
                "paths": dict(self.paths),
                "agents": dict(self.agents),
            }
