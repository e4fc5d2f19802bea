"""Fail at the start, with the mend: what Django's own checks cannot know."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.utils.module_loading import import_string

from crawler.meeting import meeting_url

POSITIVE = (
    "SHOEFINDER_ENCODER_THREADS",
    "SHOEFINDER_EMBED_BATCH",
    "SHOEFINDER_DECODE_THREADS",
    "SHOEFINDER_UPLOAD_HOURS",
    "SHOEFINDER_UPLOAD_MAX_BYTES",
    "SHOEFINDER_PHOTO_MAX_BYTES",
    "SHOEFINDER_PHOTO_MAX_PIXELS",
    "SHOEFINDER_PHOTO_MIN_SIDE",
)


@register()
def numbers_are_positive(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    return [
        Error(f"{name} must be above zero, not {getattr(settings, name)}", id="shoefinder.E001")
        for name in POSITIVE
        if getattr(settings, name) <= 0
    ]


@register()
def backends_exist(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """The chosen encoder, store and fusion can be built, as far as that costs no loading."""
    problems: list[CheckMessage] = []
    encoders = settings.SHOEFINDER_ENCODERS
    chosen = encoders.get(settings.SHOEFINDER_ENCODER, encoders.get("default"))
    store = settings.SHOEFINDER_STORES.get(settings.SHOEFINDER_STORE)
    for name, entry, known in (
        ("SHOEFINDER_ENCODER", chosen, encoders),
        ("SHOEFINDER_STORE", store, settings.SHOEFINDER_STORES),
    ):
        value = getattr(settings, name)
        if entry is None:
            hint = f"Choose one of: {', '.join(sorted(known))}"
            problems.append(Error(f"{name} names {value!r}", hint=hint, id="shoefinder.E002"))
            continue
        try:
            import_string(entry["BACKEND"])
        except (ImportError, KeyError, TypeError) as error:
            problems.append(Error(f"{name}={value} cannot load: {error}", id="shoefinder.E003"))
    return problems


@register()
def currency_is_a_code(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    currency = settings.SHOEFINDER_CURRENCY
    if len(currency) == 3 and currency.isascii() and currency.isupper():
        return []
    hint = "Write an ISO 4217 code, such as EUR"
    return [Error(f"SHOEFINDER_CURRENCY={currency!r}", hint=hint, id="shoefinder.E004")]


@register()
def folders_can_be_written(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    problems: list[CheckMessage] = []
    for name, folder in (
        ("SHOEFINDER_VAR", Path(settings.VAR_DIR)),
        ("SHOEFINDER_MEDIA_ROOT", Path(settings.MEDIA_ROOT)),
    ):
        nearest = folder
        while not nearest.exists():
            nearest = nearest.parent
        if nearest == folder and not folder.is_dir():
            problems.append(Error(f"{name}={folder} is not a folder", id="shoefinder.E006"))
        elif not os.access(nearest, os.W_OK | os.X_OK):
            hint = f"Make {nearest} writable for this user, or set {name} to another folder"
            problems.append(Error(f"{folder} cannot be written", hint=hint, id="shoefinder.E005"))
    return problems


@register()
def politeness_is_shared(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    told = settings.SHOEFINDER_POLITENESS_URL
    if not told or meeting_url() is not None:
        return []
    hint = "Write the address of a Valkey or Redis, e.g. redis://host:6379/2"
    return [Error(f"SHOEFINDER_POLITENESS_URL={told!r}", hint=hint, id="shoefinder.E007")]


@register(deploy=True)
def politeness_has_a_place(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    if meeting_url() is not None:
        return []
    hint = "Set SHOEFINDER_POLITENESS_URL to a Valkey or Redis that all workers reach"
    text = "Several crawl workers may ask one host at the same time, each as often as is allowed"
    return [Warning(text, hint=hint, id="shoefinder.W002")]


@register(Tags.security, deploy=True)
def caches_are_shared(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    if settings.CACHE_URL or settings.CELERY_BROKER_URL.startswith("redis+socket:"):
        return []
    hint = "Set CACHE_URL to a shared cache, e.g. rediscache://host:6379/1"
    text = "With several web processes each counts its own API throttle"
    return [Warning(text, hint=hint, id="shoefinder.W001")]
