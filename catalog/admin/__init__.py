"""The catalog in Django's admin. Saving goes through the same services as crawls and imports."""

from catalog.admin import (
    colorways,
    listings,
    merges,
    names,
    photos,
    predictions,
    suggestions,
    titles,
)

__all__ = [
    "colorways",
    "listings",
    "merges",
    "names",
    "photos",
    "predictions",
    "suggestions",
    "titles",
]
