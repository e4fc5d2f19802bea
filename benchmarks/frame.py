"""The frame of every benchmark: its options, a site of its own, its goals, where its figures go."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Goal:
    """A figure and what it must reach."""

    what: str
    value: float
    limit: float
    at_least: bool = True

    @property
    def met(self) -> bool:
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def __str__(self) -> str:
        met, sign = "met   " if self.met else "MISSED", "≥" if self.at_least else "≤"
        return f"{met} {self.what}: {self.value:.3g} ({sign} {self.limit})"


def parser_of(doc: str | None) -> argparse.ArgumentParser:
    """Options that every benchmark has; ``doc`` is its module's docstring."""
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    return parser


def finish(file: Path | None, figures: object, goals: Sequence[Goal] = ()) -> int:
    """Tell the goals and write everything to ``file``; the exit code, 1 where a goal is missed."""
    for goal in goals:
        print(goal)
    if file is not None:
        told = {"figures": figures, "goals": [asdict(goal) for goal in goals]}
        file.write_text(json.dumps(told, indent=1) + "\n")
    return 0 if all(goal.met for goal in goals) else 1


@contextmanager
def own_site(*, within: Path | None = None, **environment: str) -> Iterator[Path]:
    """Django, set up on an empty database in a folder that is thrown away; in one ``within`` a
    folder of the caller's, it is left to the caller."""
    with ExitStack() as stack:
        if within is None:
            made = tempfile.TemporaryDirectory(prefix="shoefinder-bench-")
            folder = stack.enter_context(made)
        else:
            folder = tempfile.mkdtemp(dir=within)
        os.environ.update(
            {
                "DATABASE_URL": f"sqlite:///{folder}/bench.sqlite3",
                "SHOEFINDER_VAR": folder,
                "SHOEFINDER_MEDIA_ROOT": f"{folder}/media",
                "LOG_LEVEL": "WARNING",
                **environment,
            }
        )
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shoefinder.settings.dev")
        os.environ.setdefault("SECRET_KEY", "bench")
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        yield Path(folder)
