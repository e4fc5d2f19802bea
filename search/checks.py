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


@register()
def recognisers_exist(
    app_configs: Sequence[AppConfig] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    from search.exceptions import RecognitionError
    from search.query import methods_offered
    from search.recognition.prompts import prompts
    from search.recognition.registry import method_named

    found: list[CheckMessage] = []
    try:
        prompts()
        for method in map(method_named, methods_offered()):
            if not method.light:
                found.append(
                    Error(
                        f"The method of naming {method.name!r} is too slow for a web process.",
                        hint="Choose another as SHOEFINDER_RECOGNISER and "
                        "SHOEFINDER_RECOGNISERS_OFFERED; this one can be evaluated.",
                        id="search.E003",
                    )
                )
    except RecognitionError as error:
        found.append(
            Error(
                str(error),
                hint="Correct SHOEFINDER_RECOGNISER, SHOEFINDER_RECOGNISERS_OFFERED or "
                "SHOEFINDER_PROMPTS.",
                id="search.E002",
            )
        )
    return found
