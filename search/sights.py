"""What was seen in a visitor's photos, kept while their query is refined.

Every chip, filter and further page asks anew about the same photos, which are decoded and encoded
once. A photo whose time is over is not searched with all the same: who asks is told.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from django.core.cache import cache

from search.encoders import Encoder
from search.pictures import query_files
from search.query import Query
from search.recognition import Upright
from search.types import Vectors

KEPT_SECONDS: Final = 900


@dataclass(frozen=True, slots=True)
class Sight:
    """Of all photos of a query together."""

    upright: Upright
    edges: Vectors | None = None
    """(1, d) of the first photo, `search.evidence.describe_edges`; None until asked for."""


def sight_kept(query: Query, encoder: Encoder) -> Sight | None:
    """None: look at the photos. Raises as `query_files`, for a photo that is gone meanwhile."""
    if query.image_id is not None:
        return None
    found: Sight | None = cache.get(_key(query, encoder))
    if found is not None:
        query_files(query)
    return found


def sight_keep(query: Query, encoder: Encoder, sight: Sight) -> None:
    if query.image_id is None:
        cache.set(_key(query, encoder), sight, KEPT_SECONDS)


def _key(query: Query, encoder: Encoder) -> str:
    shown = repr((str(encoder.id), tuple(query.photos), query.crop))
    return "sight:" + hashlib.sha256(shown.encode()).hexdigest()
