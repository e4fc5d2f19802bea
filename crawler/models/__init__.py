"""Where photos come from: sources, their runs, and what went wrong in each."""

from crawler.models.imports import PhotoImport
from crawler.models.letters import DeadLetter
from crawler.models.runs import CrawlError, CrawlRun, PreviewItem, SourceAlarm
from crawler.models.sources import CrawlSource, RunLimits

__all__ = [
    "CrawlError",
    "CrawlRun",
    "CrawlSource",
    "DeadLetter",
    "PhotoImport",
    "PreviewItem",
    "RunLimits",
    "SourceAlarm",
]
