"""Which model is it? Votes of the nearest catalog photos.

"We don't have this shoe" is part of the answer: ``known`` says whether the name can be relied on.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
from PIL.Image import Image

from search.active import active_encoder
from search.encoders import Encoder
from search.hydration import models_of
from search.results import Candidate, Identification
from search.stores import get_store
from search.stores.base import VectorStore
from search.types import Vector

NEIGHBOURS: Final = 20
"""k of the vote; chosen on the validation share (docs/evaluation.md, "Which k")."""

TEMPERATURE: Final = 0.05
"""A photo that is this much less similar than the nearest one has 1/e of its vote."""

KNOWN_CONFIDENCE: Final = 0.6
"""From this share of the votes a model counts as known: nine of ten names given are then right
(docs/evaluation.md, "Known or not")."""

MAX_CANDIDATES: Final = 5

Label = TypeVar("Label", bound=Hashable)


class Recogniser(Protocol):
    """A method of naming the model in a photo."""

    def identify(self, photo: Vector, *, leaving_out: Collection[int] = ()) -> Identification:
        """``photo`` has shape (dim,) and unit length. Catalog photos in ``leaving_out`` (the query
        itself) have no say."""


@dataclass(frozen=True)
class KnnRecogniser:
    """Distance-weighted vote of the k nearest catalog photos."""

    store: VectorStore
    k: int = NEIGHBOURS

    def identify(self, photo: Vector, *, leaving_out: Collection[int] = ()) -> Identification:
        # Some of the nearest may be rejected or deleted since the index was published.
        hits = self.store.search(photo[None, :], 2 * self.k + len(leaving_out))[0]
        models = models_of(hit.image_id for hit in hits)
        near = [hit for hit in hits if hit.image_id in models and hit.image_id not in leaving_out]
        near = near[: self.k]
        names = dict(models[hit.image_id] for hit in near)
        votes = knn_vote(
            np.array([hit.score for hit in near]), [models[hit.image_id][0] for hit in near]
        )
        candidates = tuple(
            Candidate(model_id=vote.label, name=names[vote.label], confidence=vote.share,
                      votes=vote.count)
            for vote in votes[:MAX_CANDIDATES]
        )  # fmt: skip
        return Identification(
            candidates=candidates,
            known=bool(candidates) and candidates[0].confidence >= KNOWN_CONFIDENCE,
        )


@dataclass(frozen=True, slots=True)
class Vote(Generic[Label]):
    """How much speaks for a label."""

    label: Label
    share: float
    """Of all votes, in (0, 1]."""
    count: int
    """Neighbours that carry the label."""


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


def identify(
    image: Image | Vector,
    *,
    k: int = NEIGHBOURS,
    leaving_out: Collection[int] = (),
    encoder: Encoder | None = None,
    store: VectorStore | None = None,
) -> Identification:
    """Name the model in a photo: an upright RGB picture, or its vector of shape (dim,).

    Raises ``IndexUnavailable`` when there is no index to ask.
    """
    encoder = encoder or active_encoder()
    store = store or get_store(encoder_id=str(encoder.id), dim=encoder.dim)
    vector = image if isinstance(image, np.ndarray) else encoder.encode_images([image])[0]
    return KnnRecogniser(store, k=k).identify(vector, leaving_out=leaving_out)
