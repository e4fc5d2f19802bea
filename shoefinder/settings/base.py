"""Settings that every environment shares. Each is read from the environment or ``.env``.

docs/configuration.md lists them all; tests/test_docs.py holds it to this file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import environ
from csp.constants import NONE, SELF

from shoefinder.logs import logging_config
from shoefinder.sockets import valkey_socket

BASE_DIR = Path(__file__).resolve().parent.parent.parent

env = environ.Env()
env.read_env(env.path("SHOEFINDER_ENV_FILE", default=str(BASE_DIR / ".env"))())

# --- Where things are kept -----------------------------------------------------------------------
VAR_DIR = Path(env.str("SHOEFINDER_VAR", default=str(BASE_DIR / "var"))).resolve()
MEDIA_ROOT = Path(env.str("SHOEFINDER_MEDIA_ROOT", default=str(VAR_DIR / "media")))
MEDIA_URL = "media/"
STATIC_ROOT = VAR_DIR / "static"
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "shoefinder" / "static"]
SHOEFINDER_DATA = Path(env.str("SHOEFINDER_DATA", default=str(BASE_DIR.parent / "shared" / "data")))

# --- Django --------------------------------------------------------------------------------------
SECRET_KEY = env.str("SECRET_KEY", default="")
DEBUG = False
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "catalog",
    "search",
    "crawler",
    "shoefinder",
    "shoefinder.apps.AdminWhenServed",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "csp",
    "django_celery_beat",
    "django_htmx",
    "django_structlog",
    "import_export",
    "ninja",
]

MIDDLEWARE = [
    "shoefinder.metrics.MetricsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "shoefinder.urls"
WSGI_APPLICATION = "shoefinder.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en-gb"
TIME_ZONE = env.str("TIME_ZONE", default="UTC")
USE_TZ = True

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("MinimumLengthValidator", "CommonPasswordValidator", "NumericPasswordValidator")
]

# --- Database ------------------------------------------------------------------------------------
DATABASES = {
    "default": env.db("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'shoefinder.sqlite3'}")
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # Celery workers and the web write side by side. DEFERRED transactions (Django's default) fail
    # at once with "database is locked" when two read before they write; IMMEDIATE ones wait.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA mmap_size=268435456;"
            "PRAGMA temp_store=MEMORY;"
        ),
    }
else:
    DATABASES["default"].setdefault("CONN_MAX_AGE", 60)
    DATABASES["default"].setdefault("CONN_HEALTH_CHECKS", True)

# --- Jobs ----------------------------------------------------------------------------------------
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default=f"redis+socket://{valkey_socket(VAR_DIR)}")
CELERY_TASK_ROUTES = {"crawler.*": {"queue": "crawl"}, "search.*": {"queue": "embed"}}
CELERY_TASK_DEFAULT_QUEUE = "embed"
# A task is an id in and one idempotent service call: harmless to run twice, but not to lose.
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Must exceed the longest task, or a crawl that still runs is delivered a second time. What a killed
# worker leaves is found sooner by the sweeps below, which read the database.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 12 * 3600,
    # A click in the admin must not wait while the broker is away: the sweep sends it again.
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.1,
    "interval_max": 0.1,
}
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
# How often the database is asked for work that no message announced.
SHOEFINDER_SWEEP_SECONDS = env.float("SHOEFINDER_SWEEP_SECONDS", default=30.0)
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    name: {"task": task, "schedule": seconds, "options": {"expires": seconds}}
    for name, task, seconds in (
        ("Crawls: find what stopped", "crawler.tasks.sweep_crawls", SHOEFINDER_SWEEP_SECONDS),
        ("Crawls: delete what is over for long", "crawler.tasks.tidy_crawls", 86400.0),
        ("Photos: embed what waits", "search.tasks.embed_pending", SHOEFINDER_SWEEP_SECONDS),
        ("Titles: ask the photos", "search.tasks.titles_weigh", 300.0),
        ("Index: compare with the database", "search.tasks.index_ensure", 86400.0),
        ("Photos: delete what was rejected long ago", "search.tasks.rejected_sweep", 86400.0),
        ("Evaluations: take up what stopped", "search.tasks.evaluations_sweep", 300.0),
        ("Photos judged anew: take up what stopped", "search.tasks.rules_replays_sweep", 300.0),
        ("Visitors' photos: delete the expired", "search.tasks.uploads_sweep", 600.0),
    )
}

DJANGO_STRUCTLOG_CELERY_ENABLED = True

CACHE_URL = env.str("CACHE_URL", default="")
CACHES: dict[str, dict[str, Any]] = {
    "default": (
        env.cache_url_config(CACHE_URL)
        if CACHE_URL
        else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    )
}

# --- Names and photos that arrive -----------------------------------------------------------------
# From which confidence (0 to 1) a title is taken for a model without a person's word.
SHOEFINDER_TITLE_CONFIDENCE = env.float("SHOEFINDER_TITLE_CONFIDENCE", default=0.9)
# From which confidence (0 to 1) a predicted attribute stands where nothing is stated.
SHOEFINDER_PREDICTION_CONFIDENCE = env.float("SHOEFINDER_PREDICTION_CONFIDENCE", default=0.8)

# Rule (catalog.photo_rules) → threshold, ``auto`` (what the encoder's head chose) or ``off``.
SHOEFINDER_PHOTO_RULES: dict[str, str] = {
    "broken": "1",
    "too-small": "64",
    "extreme-shape": "4",
    "blurred": "0.12",
    "overlay-text": "auto",
    "near-duplicate": "0.98",
    "not-a-shoe": "auto",
    "partly-visible": "auto",
    "heel-or-sole": "auto",
    "unclear": "auto",
    "box": "auto",
    "collage": "auto",
    **env.dict("SHOEFINDER_PHOTO_RULES", default={}),
}
SHOEFINDER_REJECTED_DAYS = env.float("SHOEFINDER_REJECTED_DAYS", default=90.0)
# From which confidence (0 to 1) a predicted view is written where none is told.
SHOEFINDER_VIEW_SURE = env.float("SHOEFINDER_VIEW_SURE", default=0.8)

# --- Crawling ------------------------------------------------------------------------------------
# Where a shop can reach whoever runs this: an address or a page, put into the user agent.
SHOEFINDER_CRAWL_CONTACT = env.str("SHOEFINDER_CRAWL_CONTACT", default="")
# Dotted paths of further kinds of sources (docs/crawling.md, "A spider of your own").
SHOEFINDER_SOURCE_KINDS = env.list("SHOEFINDER_SOURCE_KINDS", default=[])
# The Valkey or Redis in which all workers count what a host is asked; by default the broker.
SHOEFINDER_POLITENESS_URL = env.str("SHOEFINDER_POLITENESS_URL", default="")
SHOEFINDER_CRAWL_TIMEOUT = env.float("SHOEFINDER_CRAWL_TIMEOUT", default=20.0)
# Crawls pause when less is free on the disk, and when the photos take more (0: no such limit).
SHOEFINDER_DISK_RESERVE_MB = env.float("SHOEFINDER_DISK_RESERVE_MB", default=1000.0)
SHOEFINDER_PHOTO_BUDGET_MB = env.float("SHOEFINDER_PHOTO_BUDGET_MB", default=0.0)
# Runs in which a page or photo may fail for a reason that may pass before it is given up.
SHOEFINDER_CRAWL_ATTEMPTS = env.int("SHOEFINDER_CRAWL_ATTEMPTS", default=5)
# How long a page or photo that was given up stays in the list of dead letters.
SHOEFINDER_LETTER_DAYS = env.float("SHOEFINDER_LETTER_DAYS", default=180.0)
# How long the log of an ended run is kept.
SHOEFINDER_RUN_LOG_DAYS = env.float("SHOEFINDER_RUN_LOG_DAYS", default=90.0)
# How long the address of a run's report can be read.
SHOEFINDER_REPORT_DAYS = env.float("SHOEFINDER_REPORT_DAYS", default=30.0)
# A page that says that it has not changed is read all the same after so many days.
SHOEFINDER_CRAWL_FULL_DAYS = env.float("SHOEFINDER_CRAWL_FULL_DAYS", default=30.0)

# --- Search --------------------------------------------------------------------------------------
SHOEFINDER_ENCODER = env.str("SHOEFINDER_ENCODER", default="lite")
SHOEFINDER_ENCODER_THREADS = env.int("SHOEFINDER_ENCODER_THREADS", default=2)
SHOEFINDER_ENCODER_LOCAL_ONLY = env.bool("SHOEFINDER_ENCODER_LOCAL_ONLY", default=False)
SHOEFINDER_ENCODERS: dict[str, dict[str, Any]] = {
    "lite": {
        "BACKEND": "search.encoders.lite.LiteEncoder",
        "OPTIONS": {"threads": SHOEFINDER_ENCODER_THREADS, "cache_dir": VAR_DIR / "encoders"},
    },
    # Any other name: a CLIP or SigLIP, by its id or as a folder (docs/encoders.md).
    "default": {
        "BACKEND": "search.encoders.clip.ClipEncoder",
        "OPTIONS": {
            "threads": SHOEFINDER_ENCODER_THREADS,
            "cache_dir": VAR_DIR / "encoders",
            "local_files_only": SHOEFINDER_ENCODER_LOCAL_ONLY,
        },
    },
}
# The owner's labelled queries: both encoders are asked before a switch.
SHOEFINDER_QUERIES = Path(env.str("SHOEFINDER_QUERIES", default=str(VAR_DIR / "queries.csv")))
SHOEFINDER_EMBED_BATCH = env.int("SHOEFINDER_EMBED_BATCH", default=64)
SHOEFINDER_DECODE_THREADS = env.int("SHOEFINDER_DECODE_THREADS", default=2)
SHOEFINDER_STORE = env.str("SHOEFINDER_STORE", default="faiss")
SHOEFINDER_STORES: dict[str, dict[str, Any]] = {
    "faiss": {
        "BACKEND": "search.stores.faiss.FaissStore",
        "OPTIONS": {"path": VAR_DIR / "index"},
    },
}
SHOEFINDER_WARM_UP = env.bool("SHOEFINDER_WARM_UP", default=True)
SHOEFINDER_FUSION = env.str("SHOEFINDER_FUSION", default="mixture")
# How shoes are named: the method, and others that a visitor may choose.
SHOEFINDER_RECOGNISER = env.str("SHOEFINDER_RECOGNISER", default="blend")
SHOEFINDER_RECOGNISERS_OFFERED = env.list("SHOEFINDER_RECOGNISERS_OFFERED", default=["knn"])
# Whether the page proposes where in a photo the shoe is.
SHOEFINDER_CROP = env.bool("SHOEFINDER_CROP", default=True)
SHOEFINDER_PROMPTS = env.str("SHOEFINDER_PROMPTS", default="")
SHOEFINDER_CURRENCY = env.str("SHOEFINDER_CURRENCY", default="USD")
SHOEFINDER_UPLOAD_HOURS = env.float("SHOEFINDER_UPLOAD_HOURS", default=24.0)
SHOEFINDER_UPLOAD_MAX_BYTES = env.int("SHOEFINDER_UPLOAD_MAX_BYTES", default=15 * 1024 * 1024)
SHOEFINDER_API_RATE = env.str("SHOEFINDER_API_RATE", default="60/m")
SHOEFINDER_UPLOAD_RATE = env.str("SHOEFINDER_UPLOAD_RATE", default="20/m")
# Whose address is counted: without proxies X-Forwarded-For is the client's own invention.
NINJA_NUM_PROXIES = env.int("SHOEFINDER_PROXIES", default=0)
SHOEFINDER_PHOTO_MAX_BYTES = env.int("SHOEFINDER_PHOTO_MAX_BYTES", default=20 * 1024 * 1024)
SHOEFINDER_PHOTO_MAX_PIXELS = env.int("SHOEFINDER_PHOTO_MAX_PIXELS", default=50_000_000)
# Below which folders of photos may be imported from the admin; empty: from nowhere.
SHOEFINDER_IMPORT_ROOT = env.str("SHOEFINDER_IMPORT_ROOT", default="")
# Of archives uploaded there: bytes, packed and unpacked, and files.
SHOEFINDER_IMPORT_ZIP_MAX_BYTES = env.int(
    "SHOEFINDER_IMPORT_ZIP_MAX_BYTES", default=500 * 1024 * 1024
)
SHOEFINDER_IMPORT_MAX_FILES = env.int("SHOEFINDER_IMPORT_MAX_FILES", default=20_000)
SHOEFINDER_PHOTO_MIN_SIDE = env.int("SHOEFINDER_PHOTO_MIN_SIDE", default=32)
DATA_UPLOAD_MAX_MEMORY_SIZE = SHOEFINDER_UPLOAD_MAX_BYTES
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

# --- Seeing what happens --------------------------------------------------------------------------
LOG_LEVEL = env.str("LOG_LEVEL", default="INFO")
LOG_FORMAT = env.str("LOG_FORMAT", default="console")
LOGGING = logging_config(level=LOG_LEVEL, output=LOG_FORMAT)
SHOEFINDER_METRICS_TOKEN = env.str("SHOEFINDER_METRICS_TOKEN", default="")
SHOEFINDER_SERVE_MEDIA = env.bool("SHOEFINDER_SERVE_MEDIA", default=True)

# --- Security ------------------------------------------------------------------------------------
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "connect-src": [SELF],
        "font-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
