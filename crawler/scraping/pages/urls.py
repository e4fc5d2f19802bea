"""Addresses: which are worth asking for, which are the same, and which are of one kind."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import parse_qsl, unquote, urljoin, urlsplit, urlunsplit

from w3lib.url import safe_url_string, url_query_cleaner

from catalog.types import MAX_URL

TRACKING = (
    "fbclid", "gclid", "dclid", "gbraid", "wbraid", "msclkid", "yclid", "ttclid", "igshid",
    "mc_cid", "mc_eid", "_ga", "_gl", "utm_source", "utm_medium", "utm_campaign", "utm_term",
    "utm_content", "utm_id", "sessionid", "phpsessid", "jsessionid", "sid",
)  # fmt: skip
"""Query parameters that tell where a visitor came from, never which page it is."""

_NOT_PAGES = re.compile(
    r"\.(?:jpe?g|png|gif|webp|avif|svg|ico|bmp|css|js|mjs|json|pdf|zip|rar|7z|mp[34]|webm|mov|avi"
    r"|woff2?|ttf|eot|docx?|xlsx?|pptx?|rss|atom)$",
    re.IGNORECASE,
)
_SAFE = re.compile(r"[A-Za-z0-9:/?#@!$&'()*+,;=._~\[\]-]*")
"""Needs no quoting; most addresses do not."""
_EDGES = "".join(c for c in map(chr, range(0x3001)) if c <= " " or c.isspace())
"""White space and control characters, which the URL standard strips from an address."""
_OF_ITSELF = ("/", "http://", "https://")
"""What begins so leads from every page of a site to the same address."""
_NOT_IN_FRAGMENT = re.compile(r"[^A-Za-z0-9._-]+")
_PLAIN_WORD = re.compile(r"[a-z]{1,20}(?:\.[a-z]{2,5})?")


def url_clean(href: str, *, base: str) -> str | None:
    """An absolute http(s) address without fragment and tracking, or None if there is none.

    Refuses other schemes, credentials in the address, and what is longer than the catalog stores.
    """
    if href.startswith(_OF_ITSELF):
        # The same menu stands on every page: cleaned once for all of them.
        base = _site(base)
    return _clean(href, base)


@lru_cache(maxsize=1024)
def _site(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    return f"{parts.scheme}://{parts.netloc}"


@lru_cache(maxsize=8192)
def _clean(href: str, base: str) -> str | None:
    href = href.strip(_EDGES).replace("\\", "/") if len(href) <= MAX_URL else ""
    if not href or href.startswith("#"):
        return None
    try:
        parts = urlsplit(urljoin(base, href))
        if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
            return None
        _ = parts.port  # raises for a port that is not a number
        url = urlunsplit((parts.scheme, parts.netloc.lower(), parts.path or "/", parts.query, ""))
        if parts.query:
            url = url_query_cleaner(url, TRACKING, remove=True)
        if _SAFE.fullmatch(url) is None:
            url = safe_url_string(url)
    except (ValueError, UnicodeError):
        return None
    return url if len(url) <= MAX_URL else None


@lru_cache(maxsize=8192)
def url_key(url: str) -> str:
    """What stays the same of an address with http or https, and with a slash behind it or not."""
    parts = urlsplit(url)
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.netloc.lower().removeprefix('www.')}{unquote(parts.path).rstrip('/')}{query}"


def url_is_page(url: str) -> bool:
    """Whether the path may be a web page, as far as its ending tells."""
    return _NOT_PAGES.search(urlsplit(url).path) is None


def url_fragment(label: str) -> str:
    """A code or colour as the part behind "#" that tells products of one page apart."""
    return _NOT_IN_FRAGMENT.sub("-", label).strip("-").lower()[:80]


@lru_cache(maxsize=8192)
def url_shape(url: str) -> str:
    """What addresses of one kind share: plain words of the path, and names of query parameters.

    >>> url_shape("https://shop.example/p/air-max-90/DX4233?colour=red&page=2")
    'shop.example/p/*/*?colour&page'
    """
    parts = urlsplit(url)
    words = (
        word if _PLAIN_WORD.fullmatch(word.lower()) else "*"
        for word in parts.path.split("/")
        if word
    )
    names = sorted({name for name, _ in parse_qsl(parts.query, keep_blank_values=True)})
    shape = "/".join([parts.netloc, *words])
    return f"{shape}?{'&'.join(names)}" if names else shape
