"""All kinds there are: those that come with shoefinder, and those that settings add."""

from __future__ import annotations

from functools import lru_cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from crawler.exceptions import SourceInvalid
from crawler.kinds.base import Kind
from crawler.kinds.builtin import KINDS


def kinds_all() -> tuple[Kind, ...]:
    """In the order in which they are offered.

    Raises:
        ImproperlyConfigured: `SHOEFINDER_SOURCE_KINDS` names something that is not there.
    """
    return (*KINDS, *_added(tuple(settings.SHOEFINDER_SOURCE_KINDS)))


@lru_cache(maxsize=8)
def _added(paths: tuple[str, ...]) -> tuple[Kind, ...]:
    found = []
    for path in paths:
        try:
            found.append(import_string(path))
        except ImportError as error:
            raise ImproperlyConfigured(
                f"SHOEFINDER_SOURCE_KINDS names {path!r}, which cannot be loaded: {error}"
            ) from error
    return tuple(found)


def kind_get(key: str) -> Kind:
    """The kind of a source.

    Raises:
        SourceInvalid: there is none of this name.
    """
    found = next((kind for kind in kinds_all() if kind.key == key), None)
    if found is None:
        known = ", ".join(kind.key for kind in kinds_all())
        raise SourceInvalid(
            f"There is no kind of source “{key}”. Known: {known}. One of your own is named in "
            "SHOEFINDER_SOURCE_KINDS."
        )
    return found


def kind_choices() -> list[tuple[str, str]]:
    """For forms; a callable in the model, so that a new kind needs no migration."""
    return [(kind.key, kind.label) for kind in kinds_all()]
