"""Scrapy's settings for a plan."""

from __future__ import annotations

from typing import Any
from urllib.request import getproxies

from django.conf import settings as django_settings

from crawler.meeting import meeting_url
from crawler.scraping.browser import browser_settings
from crawler.scraping.guard import is_private
from crawler.types import RunPlan

PUBLIC_DELAY_SECONDS = 0.5
RETRY_CODES = [429, 500, 502, 503, 504, 522, 524, 408]
SITEMAP_MAX_BYTES = 60 * 1024 * 1024
"""sitemaps.org allows 50 MB; no web page needs as much."""

PIPELINES = {
    "crawler.scraping.pipelines.ListingPipeline": 100,
    "crawler.scraping.pipelines.PhotoPipeline": 200,
}
DRY_PIPELINES = {"crawler.scraping.preview.PreviewPipeline": 100}


def scrapy_settings(plan: RunPlan) -> dict[str, Any]:
    """What Scrapy is told for this run; nothing is read from scrapy.cfg or the environment."""
    private = all(is_private(_host(entry)) for entry in plan.hosts)
    delay = plan.delay
    if delay is None:
        delay = 0.0 if private else PUBLIC_DELAY_SECONDS
    settings = {
        "BOT_NAME": "shoefinder",
        "USER_AGENT": user_agent(),
        "ROBOTSTXT_OBEY": True,
        "ROBOTSTXT_USER_AGENT": "shoefinder",
        # --- how fast
        "AUTOTHROTTLE_ENABLED": True,
        "AUTOTHROTTLE_START_DELAY": delay,
        "AUTOTHROTTLE_MAX_DELAY": 60.0,
        # One request at a time on average at a stranger's shop; at one's own, all that is allowed.
        "AUTOTHROTTLE_TARGET_CONCURRENCY": float(plan.concurrency) if private else 1.0,
        "DOWNLOAD_DELAY": delay,
        "CONCURRENT_REQUESTS": max(16, 2 * plan.concurrency),
        "CONCURRENT_REQUESTS_PER_DOMAIN": plan.concurrency,
        # Items of one page under way; Scrapy begins with as many idle tasks for each page.
        "CONCURRENT_ITEMS": 8,
        "CRAWL_PLACES_URL": meeting_url(),
        "DOWNLOAD_HANDLERS": {
            "http": "crawler.scraping.download.PoliteHandler",
            "https": "crawler.scraping.download.PoliteHandler",
            "file": None,
            "ftp": None,
            "s3": None,
        },
        # --- how much
        "DOWNLOAD_TIMEOUT": django_settings.SHOEFINDER_CRAWL_TIMEOUT,
        "DOWNLOAD_MAXSIZE": SITEMAP_MAX_BYTES,
        "DOWNLOAD_WARNSIZE": 0,
        "CRAWL_PHOTO_MAX_BYTES": django_settings.SHOEFINDER_PHOTO_MAX_BYTES,
        "REDIRECT_MAX_TIMES": 6,
        "RETRY_TIMES": 2,
        "RETRY_HTTP_CODES": RETRY_CODES,
        "RETRY_GIVE_UP_LOG_LEVEL": "DEBUG",
        "METAREFRESH_MAXDELAY": 5,
        "DOWNLOAD_VERIFY_CERTIFICATES": True,
        # --- where
        "CRAWL_HOSTS": list(plan.hosts),
        "CRAWL_PHOTOS_ANYWHERE": photos_anywhere(plan),
        "TWISTED_DNS_RESOLVER": "crawler.scraping.guard.GuardedResolver",
        "COOKIES_ENABLED": False,
        "HTTPPROXY_ENABLED": bool(getproxies()),
        # A request that waits on disk keeps no headers.
        "REFERER_ENABLED": False,
        # --- our parts
        "SCHEDULER": "crawler.scraping.scheduler.FrontierScheduler",
        "ITEM_PIPELINES": DRY_PIPELINES if plan.is_dry_run else PIPELINES,
        "SPIDER_MIDDLEWARES": {
            "crawler.scraping.middlewares.TrackingMiddleware": 20,
            "crawler.scraping.middlewares.LetterMiddleware": 22,
            "crawler.scraping.samples.SampleMiddleware": 25,
            "crawler.scraping.delta.DeltaMiddleware": 30,
            "scrapy.spidermiddlewares.depth.DepthMiddleware": None,
        },
        "DOWNLOADER_MIDDLEWARES": {
            "crawler.scraping.guard.HostGuardMiddleware": 40,
            "crawler.scraping.middlewares.ClosingMiddleware": 45,
            "crawler.scraping.spiders.imagesearch.ProviderMiddleware": 60,
            "crawler.scraping.middlewares.RobotsMiddleware": 100,
            "crawler.scraping.middlewares.PatientRetryMiddleware": 550,
            "crawler.scraping.delta.DeltaMiddleware": 560,
            "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
            "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
            "scrapy.downloadermiddlewares.retry.RetryMiddleware": None,
            "scrapy.downloadermiddlewares.httpauth.HttpAuthMiddleware": None,
            # PoliteHandler has the limits, and counts bytes.
            "scrapy.downloadermiddlewares.downloadtimeout.DownloadTimeoutMiddleware": None,
            "scrapy.downloadermiddlewares.stats.DownloaderStats": None,
        },
        "EXTENSIONS": {
            "crawler.scraping.extensions.Pulse": 0,
            "crawler.scraping.extensions.PoliteThrottle": 10,
            "scrapy.extensions.throttle.AutoThrottle": None,
            "scrapy.extensions.telnet.TelnetConsole": None,
            "scrapy.extensions.feedexport.FeedExporter": None,
            "scrapy.extensions.remote_control.RemoteControl": None,
        },
        "TELNETCONSOLE_ENABLED": False,
        "DEPTH_STATS_VERBOSE": False,
        "LOG_INSTALL_ROOT_HANDLER": False,
        "LOG_LEVEL": "INFO",
        "STATS_DUMP": False,
        "WARN_ON_GENERATOR_RETURN_VALUE": False,
    }
    if getattr(plan.params, "render", "") == "always":
        settings |= browser_settings(
            list(plan.hosts), user_agent=user_agent(), pages=plan.concurrency
        )
    return settings


def photos_anywhere(plan: RunPlan) -> bool:
    """Whether photos may come from any public host; a kind without that parameter says no."""
    return bool(getattr(plan.params, "photos_anywhere", False))


def user_agent() -> str:
    """Names the program and whom to write to about it."""
    contact = django_settings.SHOEFINDER_CRAWL_CONTACT
    return f"shoefinder/0.1 (+{contact})" if contact else "shoefinder/0.1"


def _host(entry: str) -> str:
    return entry.rsplit(":", 1)[0] if entry.count(":") == 1 else entry
