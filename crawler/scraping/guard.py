"""Which hosts may be asked: those of the source only, and private addresses only by their name."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Any, ClassVar
from urllib.parse import SplitResult, urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import CannotResolveHostError, IgnoreRequest
from scrapy.resolver import CachingThreadedResolver
from scrapy.utils.datatypes import LocalCache
from twisted.internet.defer import Deferred

IS_PHOTO = "is_photo"
"""In the meta of a request for a photo."""
_SCHEME_PORT = {"http": 80, "https": 443}


class HostRefused(IgnoreRequest):
    """The address leads to a host that this source may not ask."""


class AddressRefused(CannotResolveHostError):
    """The host's name leads to a private address."""


class HostRules:
    """What the entries of CrawlSource.allowed_hosts allow.

    ``shop.example`` allows that host and its subdomains on any port, ``shop.example:8443`` on that
    port only. A private address is reached only through an entry that names the host itself.

    Args:
        photos_anywhere: photos may come from any host of the public internet.
    """

    def __init__(self, entries: Sequence[str], *, photos_anywhere: bool = False) -> None:
        self._photos_anywhere = photos_anywhere
        self._exact: dict[str, set[int | None]] = {}
        self._answers: LocalCache[tuple[str, str], bool] = LocalCache(10_000)
        for entry in entries:
            parts = urlsplit(f"//{entry.lower()}")
            if parts.hostname:
                self._exact.setdefault(parts.hostname, set()).add(parts.port)

    def allows(self, url: str) -> bool:
        try:
            parts = urlsplit(url)
            answer = self._answers.get((parts.scheme, parts.netloc))
            if answer is None:
                answer = self._allows(parts)
                self._answers[parts.scheme, parts.netloc] = answer
        except ValueError:
            return False
        return answer

    def allows_photo(self, url: str) -> bool:
        """Whether a photo, or the robots.txt of the host that keeps it, may be asked for."""
        if self.allows(url):
            return True
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname or "", parts.port
        except ValueError:
            return False
        is_web = parts.scheme in _SCHEME_PORT and "." in host
        return self._photos_anywhere and is_web and not is_private(host)

    def _allows(self, parts: SplitResult) -> bool:
        port = parts.port or _SCHEME_PORT.get(parts.scheme)
        host = (parts.hostname or "").rstrip(".")
        if port is None or not host:
            return False
        if is_private(host):
            return self._open(host, port)
        labels = host.split(".")
        return any(self._open(".".join(labels[i:]), port) for i in range(len(labels)))

    def _open(self, host: str, port: int) -> bool:
        ports = self._exact.get(host, set())
        return None in ports or port in ports

    def refusal(self, url: str) -> HostRefused:
        """Why an address is refused, with the mend."""
        return HostRefused(
            f"{urlsplit(url).netloc} is not among the source's allowed hosts. If this shop keeps "
            "pages or photos there, add it to them."
        )

    def names(self, host: str) -> bool:
        """Whether an entry names this very host, so that it may be a private one."""
        return host.lower() in self._exact


def is_private(host: str) -> bool:
    """Whether a literal address is not one of the public internet; names are never."""
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    mapped = getattr(address, "ipv4_mapped", None)
    return not (mapped or address).is_global


class HostGuardMiddleware:
    """Refuses requests to other hosts before anything is sent: links, redirects, photos, robots."""

    def __init__(self, rules: HostRules) -> None:
        self._rules = rules

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> HostGuardMiddleware:
        settings = crawler.settings
        anywhere = settings.getbool("CRAWL_PHOTOS_ANYWHERE")
        return cls(HostRules(settings.getlist("CRAWL_HOSTS"), photos_anywhere=anywhere))

    def process_request(self, request: Request) -> None:
        is_photo = request.meta.get(IS_PHOTO) or urlsplit(request.url).path == "/robots.txt"
        may = self._rules.allows_photo if is_photo else self._rules.allows
        if not may(request.url):
            raise self._rules.refusal(request.url)


class GuardedResolver(CachingThreadedResolver):
    """DNS that refuses names which lead to private addresses, whenever they start to do so."""

    refused: ClassVar[set[str]] = set()
    """Names refused so far: Twisted reports a refusal like any name that cannot be resolved."""

    def __init__(self, *args: Any, rules: HostRules, **options: Any) -> None:
        super().__init__(*args, **options)
        self._rules = rules

    @classmethod
    def from_crawler(cls, crawler: Crawler, reactor: Any) -> GuardedResolver:
        settings = crawler.settings
        return cls(
            reactor,
            settings.getint("DNSCACHE_SIZE"),
            settings.getfloat("DNS_TIMEOUT"),
            rules=HostRules(settings.getlist("CRAWL_HOSTS")),
        )

    def getHostByName(self, name: str, timeout: Sequence[int] = ()) -> Deferred[str]:  # noqa: N802
        found: Deferred[str] = super().getHostByName(name, timeout)
        found.addCallback(self._check, name)
        return found

    def _check(self, address: str, name: str) -> str:
        if is_private(address) and not self._rules.names(name):
            self.refused.add(name)
            raise AddressRefused(f"{name} leads to the private address {address}.")
        return address
