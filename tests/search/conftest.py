"""Fixtures of the tests of search."""

from tests.search.indexing import celery_calls, empty_index, faiss_index

__all__ = ["celery_calls", "empty_index", "faiss_index"]
