"""The JSON API: the same engine and the same catalog as the pages, for programs."""

from search.api.routes import api, nothing_here

__all__ = ["api", "nothing_here"]
