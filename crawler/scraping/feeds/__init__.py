"""Product feeds on disk, read in a stream: bytes → text → items, with what went wrong between."""

from crawler.scraping.feeds.reading import feed_read
from crawler.scraping.feeds.types import FeedItem, Trouble

__all__ = ["FeedItem", "Trouble", "feed_read"]
