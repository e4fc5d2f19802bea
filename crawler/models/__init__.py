"""Where photos come from: sources, their runs, and what went wrong in each."""

from crawler.models.alarms import SourceAlarm
from crawler.models.imports import PhotoImport
from crawler.models.letters import DeadLetter
from crawler.models.previews import PreviewItem
from crawler.models.runs import CrawlError, CrawlRun
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
