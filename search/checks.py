"""Settings of search that are wrong are told at the start, with the mend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register


@register()
def fusion_exists(
    app_configs: Sequence[AppConfig] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    from search.fusion import fusion_named

    try:
        fusion_named(settings.SHOEFINDER_FUSION)
    except ValueError as error:
        return [
            Error(
                f"SHOEFINDER_FUSION cannot be used: {error}",
                hint="Name one of them, or leave the setting out for the one that measured best.",
                id="search.E001",
            )
        ]
    return []
