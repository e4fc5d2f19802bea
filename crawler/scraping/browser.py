"""Pages that only exist when their scripts have run: Scrapy through the system's Chromium.

Only pages of kinds that ask for it go this way; robots.txt, sitemaps and photos do not. The browser
is held to the same hosts as the crawl: by Chromium's own resolver rules, which hold for redirects
too, and by a look at each request before it is sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import shutil
import socket
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from crawler.exceptions import BrowserMissing
from crawler.scraping.guard import HostRules, is_private

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
IDLE_MILLISECONDS = 3_000
"""How long a loaded page may go on asking for more before it is read."""
RENDER = "playwright"
"""In the meta of a request that a browser is to open."""
_NOT_NEEDED = {"image", "media", "font"}


def browser_settings(hosts: list[str], *, user_agent: str, pages: int) -> dict[str, Any]:
    """What Scrapy is told to open pages in a browser.

    Args:
        hosts: those that may be asked, as in CrawlSource.allowed_hosts.
        pages: open at one time.

    Raises:
        BrowserMissing: what to install.
    """
    if importlib.util.find_spec("scrapy_playwright") is None:
        raise BrowserMissing(
            "This source runs the shop's JavaScript, and scrapy-playwright is not installed on "
            "this worker: pip install -c constraints.txt -r requirements-browser.txt"
        )
    program = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if program is None:
        raise BrowserMissing(
            "This source runs the shop's JavaScript, and there is no Chromium on this worker: "
            "apt-get install chromium"
        )
    rules = HostRules(hosts)

    async def abort(request: Any) -> bool:
        return request.resource_type in _NOT_NEEDED or not await _may_ask(request.url, rules)

    handler = "crawler.scraping.browser_handler.BrowserHandler"
    others = dict.fromkeys(("file", "ftp", "s3"))
    return {
        "DOWNLOAD_HANDLERS": {"http": handler, "https": handler, **others},
        "PLAYWRIGHT_BROWSER_TYPE": "chromium",
        "PLAYWRIGHT_LAUNCH_OPTIONS": {
            "executable_path": program,
            "chromium_sandbox": os.geteuid() != 0,
            "args": [
                f"--host-resolver-rules={resolver_rules(hosts)}",
                "--disable-gpu",
                "--disable-dev-shm-usage",  # in a container it is often too small for a page
            ],
        },
        "PLAYWRIGHT_CONTEXTS": {
            "default": {
                "user_agent": user_agent,
                "service_workers": "block",
                "accept_downloads": False,
            }
        },
        "PLAYWRIGHT_DEFAULT_NAVIGATION_TIMEOUT": 1000 * settings.SHOEFINDER_CRAWL_TIMEOUT,
        "PLAYWRIGHT_MAX_PAGES_PER_CONTEXT": pages,
        "PLAYWRIGHT_ABORT_REQUEST": abort,
    }


def resolver_rules(hosts: list[str]) -> str:
    """For Chromium: the source's hosts and their subdomains can be found, nothing else.

    >>> resolver_rules(["shop.example:8443"])
    'MAP * ~NOTFOUND, EXCLUDE shop.example, EXCLUDE *.shop.example'
    """
    names = dict.fromkeys(urlsplit(f"//{entry}").hostname or "" for entry in hosts)
    told = [part for name in names if name for part in _excluded(name)]
    return ", ".join(["MAP * ~NOTFOUND", *told])


def _excluded(name: str) -> list[str]:
    own = f"EXCLUDE {name}"
    return [own] if is_private(name) else [own, f"EXCLUDE *.{name}"]


async def _may_ask(url: str, rules: HostRules) -> bool:
    """Whether the source allows the host, and its name leads to a public address."""
    if url.startswith(("data:", "blob:")):
        return True
    if not rules.allows(url):
        return False
    host = urlsplit(url).hostname or ""
    if rules.names(host):
        return True
    with contextlib.suppress(OSError):
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
        return not any(is_private(str(address[4][0])) for address in found)
    return False
