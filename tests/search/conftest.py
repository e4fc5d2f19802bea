"""Fixtures of the tests of search."""

from tests.search.indexing import celery_calls, empty_index, faiss_index
from tests.search.processes import shared_site
from tests.search.shelf import ask
from tests.search.site import bare_site, site
from tests.search.switching import shop

__all__ = [
    "ask",
    "bare_site",
    "celery_calls",
    "empty_index",
    "faiss_index",
    "shared_site",
    "shop",
    "site",
]
