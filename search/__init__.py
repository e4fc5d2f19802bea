"""How a shoe is found. This is the only door: what is not named here is private to the package.

Names are loaded at first use: the package is imported before Django's models are ready, and a
process that never searches should not pay for it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from search.engine import search
    from search.exceptions import IndexUnavailable, QueryError, QueryPhotoExpired, SearchError
    from search.query import MAX_PAGE, MAX_WORDS, Query
    from search.recognition import identify
    from search.results import Candidate, Identification, PhotoHit, Result, SearchPage
    from search.types import Hit
    from search.warmup import warm_up_in_background

__all__ = [
    "MAX_PAGE",
    "MAX_WORDS",
    "Candidate",
    "Hit",
    "Identification",
    "IndexUnavailable",
    "PhotoHit",
    "Query",
    "QueryError",
    "QueryPhotoExpired",
    "Result",
    "SearchError",
    "SearchPage",
    "identify",
    "search",
    "warm_up_in_background",
]

_HOMES = {
    "search.engine": ("search",),
    "search.exceptions": ("IndexUnavailable", "QueryError", "QueryPhotoExpired", "SearchError"),
    "search.query": ("MAX_PAGE", "MAX_WORDS", "Query"),
    "search.recognition": ("identify",),
    "search.results": ("Candidate", "Identification", "PhotoHit", "Result", "SearchPage"),
    "search.types": ("Hit",),
    "search.warmup": ("warm_up_in_background",),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOME_OF[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
