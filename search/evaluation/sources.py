"""Where labelled photos come from: a folder in the documented layout, or the catalog."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from search.evaluation.datasets import DatasetError, ShoePhoto, read_dataset, read_labelled


class Source(Protocol):
    """Labelled photos under the names of data sets."""

    def __str__(self) -> str:
        """What a reader of the table knows it by."""

    def has(self, dataset: str) -> bool:
        """Whether ``read(dataset)`` is worth trying."""

    def read(self, dataset: str) -> list[ShoePhoto]:
        """All photos of a named set; ``DatasetError`` when it is missing or empty."""

    def labelled(self) -> list[ShoePhoto]:
        """Every labelled photo; ``DatasetError`` when there is none."""


@dataclass(frozen=True)
class Folder:
    """A folder laid out as ``search.evaluation.datasets`` documents."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)

    def has(self, dataset: str) -> bool:
        return (self.path / dataset).is_dir()

    def read(self, dataset: str) -> list[ShoePhoto]:
        return read_dataset(self.path, dataset)

    def labelled(self) -> list[ShoePhoto]:
        return read_labelled(self.path)


def preferred(
    source: Source, datasets: Sequence[str], usable: Callable[[ShoePhoto], object], lacking: str
) -> list[ShoePhoto]:
    """The usable photos of the first of ``datasets`` that is there, else of all that is labelled.

    ``lacking`` ends the message of the ``DatasetError`` where none is usable.
    """
    name = next((name for name in datasets if source.has(name)), None)
    photos = source.read(name) if name else source.labelled()
    kept = [photo for photo in photos if usable(photo)]
    if not kept:
        raise DatasetError(f"No photo in {source} {lacking}.")
    return kept
