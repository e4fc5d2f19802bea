"""What a page says: pure functions from (html, address) to drafts of listings and links.

No network, no database, no Scrapy. Spiders navigate, and ask here what they have found.
"""

from crawler.scraping.pages.page import Page, Prefer, Problem, page_read
from crawler.scraping.pages.urls import url_clean, url_fragment, url_shape

__all__ = ["Page", "Prefer", "Problem", "page_read", "url_clean", "url_fragment", "url_shape"]
