"""The vote of the nearest photos: over similarities, and over what an index finds."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from search.hydration import models_of
from search.stores.base import VectorStore
from search.types import Hit, Vector

NEIGHBOURS: Final = 20
"""k of the vote; chosen on the validation share (docs/evaluation.md, "Which k")."""

TEMPERATURE: Final = 0.05
"""A photo that is this much less similar than the nearest one has 1/e of its vote."""

KNOWN_CONFIDENCE: Final = 0.6
"""From this share of the votes a model counts as known where nothing was calibrated: nine of ten
names given are then right (docs/evaluation.md, "Known or not")."""

Label = TypeVar("Label", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Vote(Generic[Label]):
    """How much speaks for a label."""

    label: Label
    share: float
    """Of all votes, in (0, 1]."""
    count: int
    """Neighbours that carry the label."""


@dataclass(frozen=True, slots=True)
class Poll:
    """The vote on one photo."""

    nearest: float
    """Similarity of the nearest photo; -1 where there is none."""
    votes: tuple[Vote[int], ...]
    """By model id, best first."""


def near_count(*, k: int = NEIGHBOURS, leaving_out: Collection[int] = ()) -> int:
    """Photos among which the ``k`` nearest that may vote are found.

    More than k: some may be rejected or deleted since the index was published.
    """
    return 2 * k + len(leaving_out)


def near_of(
    store: VectorStore, photo: Vector, *, k: int = NEIGHBOURS, leaving_out: Collection[int] = ()
) -> list[Hit]:
    """So many nearest photos, best first."""
    return store.search(photo[None, :], near_count(k=k, leaving_out=leaving_out))[0]


def poll(
    store: VectorStore,
    photo: Vector,
    *,
    k: int = NEIGHBOURS,
    leaving_out: Collection[int] = (),
    near: Sequence[Hit] | None = None,
) -> Poll:
    """Ask the index for the ``k`` nearest accepted photos of known models, and count their votes.

    ``photo`` has shape (dim,) and unit length. Catalog photos in ``leaving_out`` have no say.
    ``near`` is what `near_of` answered, where somebody asked already: the index is read once.
    """
    hits = near_of(store, photo, k=k, leaving_out=leaving_out) if near is None else near
    models = models_of(hit.image_id for hit in hits)
    voters = [hit for hit in hits if hit.image_id in models and hit.image_id not in leaving_out]
    votes = knn_vote(
        np.array([hit.score for hit in voters[:k]]),
        [models[hit.image_id][0] for hit in voters[:k]],
    )
    return Poll(voters[0].score if voters else -1.0, tuple(votes))


def knn_vote(
    similarities: npt.NDArray[np.floating],
    labels: Sequence[Label],
    *,
    temperature: float = TEMPERATURE,
) -> list[Vote[Label]]:
    """Weigh the labels of neighbours, best first: exp((s - max s) / temperature) each.

    ``similarities`` has shape (k,) and is aligned with ``labels``. Equal shares keep the order of
    the nearest neighbour.
    """
    if not len(labels):
        return []
    weights = np.exp((similarities - similarities.max()) / temperature)
    total = float(weights.sum())
    shares: dict[Label, float] = {}
    counts: dict[Label, int] = {}
    for label, weight in zip(labels, weights.tolist(), strict=True):
        shares[label] = shares.get(label, 0.0) + weight / total
        counts[label] = counts.get(label, 0) + 1
    return sorted(
        (Vote(label, share, counts[label]) for label, share in shares.items()),
        key=lambda vote: -vote.share,
    )


def attribute_vote(
    similarities: npt.NDArray[np.floating], labels: Sequence[str]
) -> tuple[str, float]:
    """What the neighbours say of an attribute, and how sure that is; "" where there are none.

    As if one more had voted otherwise: few neighbours are never sure.
    """
    votes = knn_vote(similarities, labels)
    if not votes:
        return "", 0.0
    return votes[0].label, votes[0].share * len(labels) / (len(labels) + 1)
