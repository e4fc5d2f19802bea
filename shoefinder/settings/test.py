"""What the tests run under: nothing of the developer's own state is read or written."""

import os
import tempfile
from pathlib import Path

from shoefinder.settings.base import *  # noqa: F403
from shoefinder.settings.base import DATABASES

SECRET_KEY = "test"  # noqa: S105
ALLOWED_HOSTS = ["testserver", "127.0.0.1", "localhost"]
# A process that a test starts shares the test's folder (tests/crawler/conftest.py).
VAR_DIR = Path(os.environ.get("SHOEFINDER_TEST_VAR") or tempfile.mkdtemp(prefix="shoefinder-test-"))
MEDIA_ROOT = VAR_DIR / "media"
STATIC_ROOT = VAR_DIR / "static"
CELERY_BROKER_URL = "memory://"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["TEST"] = {"NAME": str(VAR_DIR / "test.sqlite3")}
SHOEFINDER_ENCODER = "fake"
SHOEFINDER_ENCODERS = {
    "fake": {"BACKEND": "tests.fakes.FakeEncoder", "OPTIONS": {}},
    "lite": {"BACKEND": "search.encoders.lite.LiteEncoder", "OPTIONS": {}},
}
# Photos of tests are drawn in a few strokes; those of the rules set their own.
SHOEFINDER_PHOTO_RULES = {}
SHOEFINDER_QUERIES = VAR_DIR / "queries.csv"
SHOEFINDER_STORE = "memory"
SHOEFINDER_STORES = {
    "memory": {"BACKEND": "search.stores.memory.MemoryStore", "OPTIONS": {}},
    "faiss": {"BACKEND": "search.stores.faiss.FaissStore", "OPTIONS": {"path": VAR_DIR / "index"}},
}
# Tests share one address; those of the throttle set their own rate.
SHOEFINDER_API_RATE = "100000/m"
SHOEFINDER_UPLOAD_RATE = "100000/m"
