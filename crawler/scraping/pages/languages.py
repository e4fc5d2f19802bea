"""Languages of pages (hreflang, BCP 47)."""

from __future__ import annotations

from collections.abc import Mapping


def language_pick(alternates: Mapping[str, str], wanted: str) -> str | None:
    """The address in a language: exactly it, else the first one of the same language.

    >>> language_pick({"en-us": "/us", "en": "/en", "de": "/de"}, "en-GB")
    '/en'
    """
    exact = wanted.lower()
    primary = exact.partition("-")[0]
    for name in (exact, primary):
        if name in alternates:
            return alternates[name]
    return next((url for name, url in alternates.items() if language_fits(name, primary)), None)


def language_fits(language: str, wanted: str) -> bool:
    """Whether a language is the wanted one or a variety of it."""
    return language.lower().partition("-")[0] == wanted.lower().partition("-")[0]
