"""Wiring: settings, addresses, workers, checks."""

from shoefinder.celery import app as celery_app

__all__ = ["celery_app"]
