"""What reading a feed gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FeedItem:
    """One product of a feed."""

    number: int
    """From 1, in the order of the feed."""
    fields: Mapping[str, Sequence[str]]
    """Name in lower case without prefix ("image_link") → its values as written."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that could not be read; reading goes on behind it."""

    kind: str
    message: str
