"""Two queues: ``crawl`` fetches, ``embed`` computes. One worker process serves one queue."""

import os

from celery import Celery
from django_structlog.celery.steps import DjangoStructLogInitStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shoefinder.settings.dev")

app = Celery("shoefinder")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.steps["worker"].add(DjangoStructLogInitStep)
app.autodiscover_tasks()
