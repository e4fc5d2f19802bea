"""The JSON API: the same engine and the same catalog as the pages, for programs."""

from search.api.routes import api_urls, nothing_here

__all__ = ["api_urls", "nothing_here"]
