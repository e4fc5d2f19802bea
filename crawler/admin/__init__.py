"""Crawls in Django's admin: sources, runs, letters, imports of photos, and how all of them do."""

from crawler.admin.imports import PhotoImportAdmin
from crawler.admin.letters import DeadLetterAdmin
from crawler.admin.runs import CrawlRunAdmin
from crawler.admin.sources import CrawlSourceAdmin

__all__ = ["CrawlRunAdmin", "CrawlSourceAdmin", "DeadLetterAdmin", "PhotoImportAdmin"]
