"""What the browser tests' own server runs under: a real process, its own folder, a fake encoder."""

from shoefinder.settings.dev import *  # noqa: F403

SHOEFINDER_ENCODER = "fake"
SHOEFINDER_ENCODERS = {"fake": {"BACKEND": "tests.fakes.FakeEncoder", "OPTIONS": {}}}
SHOEFINDER_WARM_UP = False
SHOEFINDER_API_RATE = SHOEFINDER_UPLOAD_RATE = "100000/m"
CELERY_BROKER_URL = "memory://"
