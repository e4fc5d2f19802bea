"""Where vectors are kept and searched. ``get_store`` is the door."""

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
    """The store of the settings for the vectors of one encoder; the same object in every call.

    ``SHOEFINDER_STORE`` names an entry of ``SHOEFINDER_STORES``, which is written like CACHES: a
    dotted ``BACKEND`` and its ``OPTIONS``. Nothing is opened or loaded until the first use.

    Raises:
        StoreError: the settings name no such store, or it does not take its options.
    """
    alias, stores = settings.SHOEFINDER_STORE, settings.SHOEFINDER_STORES
    if alias not in stores:
        raise StoreError(
            f"SHOEFINDER_STORE is {alias!r}, which SHOEFINDER_STORES does not know; "
            f"it has {', '.join(sorted(stores)) or 'no entry'}."
        )
    config = stores[alias]
    # The process is part of the key: what FAISS and its threads hold does not survive a fork.
    key = os.getpid(), encoder_id, dim, alias, repr(config)
    with _lock:
        if key not in _stores:
            _stores[key] = _build(alias, config, encoder_id=encoder_id, dim=dim)
        return _stores[key]


def _build(alias: str, config: Mapping[str, Any], *, encoder_id: str, dim: int) -> VectorStore:
    try:
        backend = import_string(config["BACKEND"])
        store: VectorStore = backend(encoder_id=encoder_id, dim=dim, **config.get("OPTIONS", {}))
    except KeyError as error:
        raise StoreError(
            f"SHOEFINDER_STORES[{alias!r}] has no BACKEND; give the dotted path of a store class, "
            "such as search.stores.faiss.FaissStore."
        ) from error
    except ImportError as error:
        raise StoreError(
            f"The BACKEND of SHOEFINDER_STORES[{alias!r}] cannot be imported: {error}."
        ) from error
    except (TypeError, ValueError) as error:
        raise StoreError(
            f"The OPTIONS of SHOEFINDER_STORES[{alias!r}] do not fit {config['BACKEND']}: {error}."
        ) from error
    return store
