"""Two queues: ``crawl`` fetches, ``embed`` computes. One worker process serves one queue."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shoefinder.settings.dev")

app = Celery("shoefinder")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
