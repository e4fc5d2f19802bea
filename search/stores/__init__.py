"""The door to the stores: ``get_store()``, chosen in settings in the manner of Django's CACHES.

``SHOEFINDER_STORE`` names an entry of ``SHOEFINDER_STORES``::

    SHOEFINDER_STORES = {
        "faiss": {"BACKEND": "search.stores.faiss.FaissStore", "OPTIONS": {"path": "var/index"}},
    }

The options go to the class as they are, with ``encoder_id`` and ``dim`` added.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from search.exceptions import StoreError
from search.stores.base import Payload, StoreInfo, VectorStore, Where

__all__ = ["Payload", "StoreInfo", "VectorStore", "Where", "get_store"]

_lock = threading.Lock()
_stores: dict[tuple[object, ...], VectorStore] = {}


def get_store(*, encoder_id: str, dim: int) -> VectorStore:
    """The store that ``SHOEFINDER_STORE`` chooses, for the vectors of one encoder; one per process.

    Cheap: nothing is opened, and no library loaded, until the first use. Raises ``StoreError`` when
    the settings do not describe a store; the message says what to change.
    """
    alias = settings.SHOEFINDER_STORE
    backend, options = _config(alias)
    # The pid, because what FAISS and its threads hold does not survive a fork; the options, so that
    # overridden settings give another store.
    key = os.getpid(), encoder_id, dim, backend, repr(sorted(options.items()))
    with _lock:
        if key not in _stores:
            _stores[key] = _build(alias, backend, options | {"encoder_id": encoder_id, "dim": dim})
        return _stores[key]


def _config(alias: str) -> tuple[str, dict[str, Any]]:
    known = settings.SHOEFINDER_STORES
    if not isinstance(known, Mapping):
        raise StoreError("SHOEFINDER_STORES must be a dict of name to {'BACKEND', 'OPTIONS'}.")
    entry = known.get(alias)
    if entry is None:
        raise StoreError(
            f"No store is called {alias!r}. Set SHOEFINDER_STORE to one of: "
            f"{', '.join(sorted(known)) or '(SHOEFINDER_STORES is empty)'}."
        )
    if not isinstance(entry, Mapping) or not isinstance(entry.get("BACKEND"), str):
        raise StoreError(
            f"SHOEFINDER_STORES[{alias!r}] needs a 'BACKEND', the dotted path of a store class, "
            "for example 'search.stores.faiss.FaissStore'."
        )
    if unknown := set(entry) - {"BACKEND", "OPTIONS"}:
        raise StoreError(
            f"SHOEFINDER_STORES[{alias!r}] has unknown keys {sorted(unknown)}; "
            "only 'BACKEND' and 'OPTIONS' are read."
        )
    return entry["BACKEND"], dict(entry.get("OPTIONS") or {})


def _build(alias: str, backend: str, options: dict[str, Any]) -> VectorStore:
    try:
        factory = import_string(backend)
    except ImportError as error:
        raise StoreError(
            f"The store {alias!r} cannot be built: {error}. "
            "Correct 'BACKEND' in SHOEFINDER_STORES, or install what it imports."
        ) from error
    try:
        store = factory(**options)
    except (TypeError, ValueError) as error:
        raise StoreError(
            f"The store {alias!r} refuses its options: {error}. "
            f"Correct 'OPTIONS' of {backend} in SHOEFINDER_STORES."
        ) from error
    if not isinstance(store, VectorStore):
        raise StoreError(f"{backend} is no store: it lacks methods of VectorStore.")
    return store
