"""What methods learn from: photos as vectors, the models they show, what is known of those."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from search.types import Vectors

Labels = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Facts:
    """What a catalog says of a model; unknown is empty."""

    name: str
    """With the brand: "Asics Gel-Lyte III"."""
    brand: str = ""
    height: str = ""
    """``low``, ``mid`` or ``high``."""
    colours: tuple[str, ...] = ()
    """Slugs of the main colours that it comes in."""


def one_hot(labels: Labels, classes: int) -> npt.NDArray[np.float32]:
    """Membership of n labels in c classes, shape (n, c)."""
    return np.asarray(labels[:, None] == np.arange(classes), np.float32)


@dataclass(frozen=True)
class Gallery:
    """n labelled photos of c models. A model may have no photo; then it is never named."""

    vectors: Vectors
    """(n, dim)"""
    labels: Labels
    """(n,): places in ``models``."""
    models: tuple[Facts, ...]
    groups: Labels
    """(n,): photos with the same number are near-duplicates, and are held out together."""

    @classmethod
    def of(
        cls,
        vectors: Vectors,
        labels: Labels | Sequence[int],
        models: Sequence[Facts | str],
        groups: Labels | None = None,
    ) -> Gallery:
        """With every photo a group of its own unless ``groups`` says otherwise. ``ValueError`` for
        parts that do not fit together."""
        numbers = np.asarray(labels, np.intp)
        facts = tuple(Facts(m) if isinstance(m, str) else m for m in models)
        if len(numbers) != len(vectors) or (groups is not None and len(groups) != len(vectors)):
            raise ValueError("Every photo needs one vector, one label and one group.")
        if len(numbers) and not 0 <= numbers.min() <= numbers.max() < len(facts):
            raise ValueError(f"Labels must be places among the {len(facts)} models.")
        return cls(vectors, numbers, facts, np.arange(len(vectors)) if groups is None else groups)

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def counts(self) -> Labels:
        """Photos of each model, shape (c,)."""
        return np.bincount(self.labels, minlength=len(self.models))

    def only(self, rows: npt.NDArray[np.bool_] | Labels) -> Gallery:
        """The photos of ``rows``; models keep their places."""
        return replace(
            self, vectors=self.vectors[rows], labels=self.labels[rows], groups=self.groups[rows]
        )

    def draw(self, shots: int, *, seed: int = 0) -> Labels:
        """Rows of up to ``shots`` photos of each model, ascending: the few-shot settings."""
        place = np.empty(len(self), np.intp)
        seen: dict[int, int] = {}
        for row in np.random.default_rng(seed).permutation(len(self)).tolist():
            label = int(self.labels[row])
            place[row] = seen[label] = seen.get(label, -1) + 1
        return np.flatnonzero(place < shots)

    def membership(self) -> npt.NDArray[np.float32]:
        """One-hot labels, shape (n, c)."""
        return one_hot(self.labels, len(self.models))

    def related(self) -> npt.NDArray[np.bool_]:
        """Where two photos are of one group, a photo and itself included; shape (n, n)."""
        return np.asarray(self.groups[:, None] == self.groups[None, :])

    def folds(self, k: int, *, seed: int = 0) -> Labels:
        """A fold in 0..k-1 for each photo: groups stay whole, models are spread evenly."""
        random = np.random.default_rng(seed)
        fold = np.empty(len(self), np.intp)
        done: dict[int, int] = {}
        turn: dict[int, int] = {}
        for row in random.permutation(len(self)).tolist():
            group, label = int(self.groups[row]), int(self.labels[row])
            if group not in done:
                turn[label] = turn.get(label, int(random.integers(k))) + 1
                done[group] = turn[label] % k
            fold[row] = done[group]
        return fold
