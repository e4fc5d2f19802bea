"""What a task is, what it is given, and what it answers. One module per task in ``tasks``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar

import numpy as np

from search.encoders import Encoder
from search.evaluation.datasets import DatasetError, ShoePhoto
from search.evaluation.embeddings import EmbeddingCache, Variant
from search.evaluation.findings import Finding
from search.evaluation.metrics import Estimate
from search.evaluation.sources import Folder, Source
from search.exceptions import SearchError
from search.types import Vectors

if TYPE_CHECKING:
    from PIL import Image

Side = Literal["train", "validation", "test", "all"]

Row = Mapping[str, Estimate]
"""Figures of one method by the name of the metric."""

Report = Callable[[str, int, int], None]
"""Called with what is being done, how much is done, and of how much."""

Item = TypeVar("Item")


class EvaluationError(SearchError):
    """A task cannot be run as it was asked for; the message says what to change."""


class Embedder(Protocol):
    def embed(self, photos: Sequence[ShoePhoto], progress: Callable[[int, int], None]) -> Vectors:
        """One row per photo, in order, shape (n, dim)."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is to be measured."""

    encoder: Encoder
    data: Path | Source
    """A folder laid out as ``search.evaluation.datasets`` documents, or another source."""
    training_data: Path | None = None
    """The folder that encoders of this project were trained on; there only what their training
    never saw may be judged."""
    gallery: Path | None = None
    """A folder as ``data``."""
    queries: Path | None = None
    """Given together: every photo of the one is gallery, every photo of the other is query."""
    side: Side | None = None
    """Which share to judge; None for the task's own choice."""
    method: str = "all"
    limit: int | None = None
    """At most so many queries, drawn by ``seed``."""
    seed: int = 0
    cache: Path | None = None
    """Where embeddings are kept."""
    embedder: Embedder | None = None
    """Where vectors come from instead of the cache."""
    report: Report = field(default=lambda what, done, total: None)

    def __post_init__(self) -> None:
        if (self.gallery is None) != (self.queries is None):
            raise EvaluationError("--gallery and --queries are given together, or not at all.")
        if self.limit is not None and self.limit < 1:
            raise EvaluationError("--limit must be at least 1.")

    @property
    def source(self) -> Source:
        return Folder(self.data) if isinstance(self.data, Path) else self.data

    @property
    def sides(self) -> tuple[Source, Source] | None:
        """Gallery and queries, where they were named; ``DatasetError`` where one is missing."""
        if self.gallery is None or self.queries is None:
            return None
        for folder in (self.gallery, self.queries):
            if not folder.is_dir():
                raise DatasetError(f"There is no folder {folder}.")
        return Folder(self.gallery), Folder(self.queries)

    @property
    def on_training_data(self) -> bool:
        return (
            self.training_data is not None
            and isinstance(self.data, Path)
            and self.data.resolve() == self.training_data.resolve()
        )

    def judged(self, photos: Sequence[ShoePhoto]) -> list[ShoePhoto]:
        """Those that may be judged where nothing is learned from the rest.

        In the data that encoders were trained on: the share never trained on, or ``side``. In any
        other folder everything, as it is unseen by definition. ``DatasetError`` when none is left.
        """
        side = self.side or ("test" if self.on_training_data else "all")
        kept = [photo for photo in photos if side in ("all", photo.split)]
        if not kept:
            raise DatasetError(f"No photo in {self.source} falls into the share {side!r}.")
        return kept

    def embed(
        self, photos: Sequence[ShoePhoto], what: str, *, variant: Variant | None = None
    ) -> Vectors:
        """Vectors of photos, shape (n, dim), from where they are kept."""
        tell = partial(self.report, f"Embedding {what}")
        if self.embedder is not None and variant is None:
            return self.embedder.embed(photos, tell)
        return self._cache.embed(photos, tell, variant=variant)

    def embed_drawn(self, drawings: Mapping[str, Callable[[], Image.Image]], what: str) -> Vectors:
        """Vectors of pictures that exist only as code, shape (n, dim)."""
        return self._cache.embed_drawn(drawings, partial(self.report, f"Embedding {what}"))

    @property
    def _cache(self) -> EmbeddingCache:
        if self.cache is None:
            raise EvaluationError("Embeddings need a folder to be kept in.")
        return EmbeddingCache(self.encoder, self.cache)

    def sample(self, items: Sequence[Item]) -> list[Item]:
        """All of ``items``, or ``limit`` of them drawn by ``seed``; their order is kept."""
        if self.limit is None or len(items) <= self.limit:
            return list(items)
        chosen = np.random.default_rng(self.seed).choice(len(items), self.limit, replace=False)
        return [items[i] for i in sorted(chosen.tolist())]


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What a task found."""

    task: str
    encoder: str
    rows: Mapping[str, Row]
    """By method."""
    setting: str
    """The gallery and the queries in a sentence, for whoever reads the table."""
    extras: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By method: what is no metric, already in words, by its heading."""
    findings: Sequence[Finding] = ()

    def as_json(self) -> dict[str, object]:
        return {
            "task": self.task,
            "encoder": self.encoder,
            "results": {
                method: {metric: estimate.as_json() for metric, estimate in row.items()}
                for method, row in self.rows.items()
            },
        }


class Task(Protocol):
    """One protocol on one kind of data."""

    @property
    def name(self) -> str: ...

    @property
    def summary(self) -> str:
        """What it measures, in a line."""

    @property
    def methods(self) -> tuple[str, ...]: ...

    @property
    def baselines(self) -> tuple[str, ...]:
        """Methods that are always reported beside the chosen one."""

    def run(self, request: Request, methods: Sequence[str]) -> Measured:
        """Raises ``DatasetError`` where data are missing or empty, ``EvaluationError`` where the
        request does not fit the task."""


def methods_chosen(task: Task, method: str) -> tuple[str, ...]:
    """The methods to run; the baselines stand before whatever is chosen.

    ``all``, a name, or several with commas; ``name:parameter`` is the task's to understand.
    """
    if method == "all":
        return task.methods
    chosen = [name.strip() for name in method.split(",")]
    for name in chosen:
        if name.partition(":")[0] not in task.methods:
            raise EvaluationError(
                f"The task {task.name} has no method {name!r}; "
                f"it has: all, {', '.join(task.methods)}."
            )
    return tuple(dict.fromkeys((*task.baselines, *chosen)))
