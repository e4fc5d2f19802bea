"""What the photo of a query shows, as the catalog knows it: "another brand" than which?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from search.recognition.voting import NEIGHBOURS, knn_vote
from search.stores.base import Payload, VectorStore
from search.types import Hit
from search.wishes import FIELDS, Seen, field_of

Value = int | float | tuple[int, ...]

SURE: Final = 0.5
"""Share of the nearest photos' votes from which a value counts as what the photo shows."""
SAME: Final = 0.985
"""From this similarity on a catalog photo is taken for the query's own."""


def seen_in(store: VectorStore, near: Sequence[Hit], image_id: int | None) -> Seen:
    """As the catalog knows it of its own photo, else as the nearest photos vote, which is how the
    answer card predicts it as well.

    ``near`` are the photos nearest to the one that is asked about, best first.
    """
    hits = near[:NEIGHBOURS]
    payloads = store.payloads([hit.image_id for hit in hits])
    rows = [
        (hit, payload) for hit, payload in zip(hits, payloads, strict=True) if "colorway" in payload
    ]
    own = [payload for hit, payload in rows if hit.image_id == image_id]
    same = own or [payload for hit, payload in rows if hit.score >= SAME]
    # In a catalog of a few photos the nearest are of anything.
    enough = len(rows) == NEIGHBOURS
    if not same and enough and (colorway := _voted(rows, "colorway")) is not None:
        same = [payload for _, payload in rows if payload["colorway"] == colorway]
    values: dict[str, frozenset[int]] = {}
    for attribute in FIELDS:
        name = field_of(attribute)
        stated = next((payload[name] for payload in same if name in payload), None)
        if stated is None:
            stated = _voted(rows, name)
        if stated is not None:
            values[attribute] = _whole(stated)
    return Seen(
        values,
        frozenset(code for payload in same for code in _whole(payload["colorway"])),
        next((float(_one(p["price"])) for p in same if "price" in p), None),
    )


def _voted(rows: Sequence[tuple[Hit, Payload]], name: str) -> Value | None:
    """What most of the nearest photos' votes say of a field; None where they are not sure."""
    voters = [(hit.score, payload[name]) for hit, payload in rows if name in payload]
    if not voters:
        return None
    vote = knn_vote(np.array([score for score, _ in voters]), [value for _, value in voters])[0]
    return vote.label if vote.share > SURE else None


def _whole(value: Value) -> frozenset[int]:
    return frozenset(value) if isinstance(value, tuple) else frozenset({int(value)})


def _one(value: Value) -> int | float:
    return value[0] if isinstance(value, tuple) else value
