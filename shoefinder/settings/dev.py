"""One machine, one person: what ``make demo`` and ``manage.py`` use."""

from shoefinder.settings.base import *  # noqa: F403
from shoefinder.settings.base import env

DEBUG = env.bool("DEBUG", default=False)
# Not a secret: this environment listens on the loopback address only.
SECRET_KEY = env.str("SECRET_KEY", default="development-only-not-a-secret")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
SHOEFINDER_METRICS_TOKEN = env.str("SHOEFINDER_METRICS_TOKEN", default="dev")
# Static files straight from the source tree: no collectstatic between a change and a look.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
