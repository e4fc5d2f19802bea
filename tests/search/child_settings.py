"""Settings of child processes that share one folder: SHOEFINDER_VAR, with database and index."""

import os
from pathlib import Path

from shoefinder.settings.test import *  # noqa: F403

VAR_DIR = Path(os.environ["SHOEFINDER_VAR"])
MEDIA_ROOT = VAR_DIR / "media"
SHOEFINDER_ENCODERS = {
    "fake": {"BACKEND": "tests.search.slow_encoder.SlowEncoder", "OPTIONS": {}},
    "turned": {"BACKEND": "tests.search.slow_encoder.TurnedEncoder", "OPTIONS": {}},
}
SHOEFINDER_QUERIES = VAR_DIR / "queries.csv"
SHOEFINDER_STORE = "faiss"
SHOEFINDER_STORES = {
    "faiss": {
        "BACKEND": "search.stores.faiss.FaissStore",
        "OPTIONS": {"path": VAR_DIR / "index"},
    },
}
SHOEFINDER_EMBED_BATCH = 8
