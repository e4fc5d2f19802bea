"""What a run counts, kept for each request until the request is done, so that none counts twice."""

from __future__ import annotations

from collections import Counter
from typing import Any

from crawler.models import CrawlError
from crawler.scraping.frontier import Frontier
from crawler.types import Problem, RunCounts

_PROBLEM = "problem:"
_NOTICE = "notice:"
_EXAMPLES = "examples"


class Ledger:
    """Counts and problems of a run: those of finished requests, and of the ones under way."""

    def __init__(self, frontier: Frontier) -> None:
        self._frontier = frontier
        self._open: dict[int, Counter[str]] = {}
        self._examples: dict[str, list[dict[str, str]]] = frontier.note(_EXAMPLES, {})

    def count(self, key: int, name: str, n: int = 1) -> None:
        """Add to a count of `RunCounts` for the request ``key``."""
        self._open.setdefault(key, Counter())[name] += n

    def problem(self, key: int, problem: Problem) -> None:
        """Tell what went wrong, or what was left out on purpose."""
        name = (_NOTICE if problem.is_notice else _PROBLEM) + problem.kind
        self.count(key, name)
        examples = self._examples.setdefault(problem.kind, [])
        example = {"url": problem.url[:2000], "message": problem.message[:500]}
        if len(examples) < CrawlError.MAX_EXAMPLES and example not in examples:
            examples.append(example)

    def finish(self, key: int) -> None:
        """The request and all that came of it is done."""
        self._frontier.done(key, self._open.pop(key, Counter()))

    def settle(self, key: int) -> Counter[str]:
        """What the request counted so far counts for good, though it goes on."""
        counts = self._open.pop(key, Counter())
        self._frontier.add_counts(counts)
        return counts

    def forget(self, key: int) -> None:
        """The request was not carried through; what it counted so far will be counted again."""
        self._open.pop(key, None)

    def commit(self) -> None:
        self._frontier.set_note(_EXAMPLES, self._examples)
        self._frontier.commit()

    def snapshot(self) -> RunCounts:
        """Everything counted up to now."""
        total = Counter(self._frontier.counts)
        for counts in self._open.values():
            total.update(counts)
        columns: dict[str, int] = {}
        kinds: list[tuple[str, bool, int, list[dict[str, str]]]] = []
        errors = 0
        for name, n in total.items():
            for prefix, is_notice in ((_PROBLEM, False), (_NOTICE, True)):
                if name.startswith(prefix):
                    kind = name.removeprefix(prefix)
                    kinds.append((kind, is_notice, n, list(self._examples.get(kind, []))))
                    errors += 0 if is_notice else n
                    break
            else:
                columns[name] = n
        columns["errors"] = errors
        return RunCounts(columns=columns, kinds=tuple(kinds))

    def total(self, name: str) -> Any:
        return self._frontier.counts[name] + sum(c[name] for c in self._open.values())
