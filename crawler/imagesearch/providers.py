"""Who can be asked for photos by words; one protocol, one class each."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol
from urllib.parse import quote, urlencode, urljoin

from catalog.text import text_clean
from catalog.types import MAX_TITLE, MAX_URL
from crawler.exceptions import CrawlerError

PER_PAGE = 100
PAUSE_SECONDS = 3.0
"""Between two questions to one search engine."""
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".avif", ".heic"}


class ProviderFailed(CrawlerError):
    """A search engine did not answer, or not in its form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageHit:
    """A photo that a search engine knows."""

    image_url: str
    """Of the photo at full size, not of a thumbnail."""
    page_url: str
    """Where it is shown."""
    title: str = ""
    width: int = 0
    """In pixels; 0 when untold."""
    height: int = 0
    licence: str = ""
    """What the engine says of it, if anything."""


class ImageProvider(Protocol):
    """Answers in pages from 1 on; an empty page is the end."""

    host: str
    """Whom it asks; "" where that is nobody's server."""

    def search(self, words: str, *, page: int, language: str) -> list[ImageHit]:
        """Raises ProviderFailed."""


class DdgsProvider:
    """DuckDuckGo or Bing through the library ddgs, which asks as a browser would; at most one
    question each `PAUSE_SECONDS`."""

    HOSTS: ClassVar[dict[str, str]] = {"duckduckgo": "duckduckgo.com", "bing": "www.bing.com"}
    _lock = threading.Lock()
    _asked_at = 0.0

    def __init__(self, backend: str) -> None:
        self._backend = backend
        self.host = self.HOSTS[backend]

    def search(self, words: str, *, page: int, language: str) -> list[ImageHit]:
        # Here, not above: only a crawl that searches needs it.
        from ddgs import DDGS
        from ddgs.exceptions import DDGSException

        with DdgsProvider._lock:
            wait = DdgsProvider._asked_at + PAUSE_SECONDS - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            try:
                found = DDGS(timeout=20).images(
                    words, region=_region(language), safesearch="on", page=page,
                    max_results=PER_PAGE, backend=self._backend,
                )  # fmt: skip
            except DDGSException as error:
                if "No results" in str(error):
                    return []
                raise ProviderFailed(
                    f"{self._backend} did not answer: {error}. Wait an hour, or ask another one."
                ) from error
            finally:
                DdgsProvider._asked_at = time.monotonic()
        return hits_of(found)


class FolderProvider:
    """A folder of photos that a web server serves: for tests, and for a collection of one's own.

    A photo answers a question if its path has all words of it, but for the last ones, which may
    be a suffix like "on feet".
    """

    host = ""

    def __init__(self, folder: Path, base_url: str) -> None:
        self._folder, self._base = folder, base_url

    def search(self, words: str, *, page: int, language: str) -> list[ImageHit]:
        if not self._folder.is_dir():
            raise ProviderFailed(f"{self._folder} is not a folder.")
        wanted = _words(words)
        named = []
        for path in sorted(self._folder.rglob("*")):
            if path.suffix.lower() in SUFFIXES and path.is_file():
                name = path.relative_to(self._folder).as_posix()
                if set(wanted) <= set(_words(name)):
                    named.append(name)
        start = (page - 1) * PER_PAGE
        return [
            ImageHit(
                image_url=urljoin(self._base, quote(name)),
                page_url=urljoin(self._base, quote(name.rpartition("/")[0] + "/")),
                title=name,
            )
            for name in named[start : start + PER_PAGE]
        ]


def searxng_url(base: str, words: str, *, page: int, language: str) -> str:
    """The address that asks a SearXNG instance; its settings must allow ``format: json``."""
    told = {"q": words, "categories": "images", "format": "json", "pageno": page, "safesearch": 1}
    if language:
        told["language"] = language
    return f"{urljoin(base if base.endswith('/') else base + '/', 'search')}?{urlencode(told)}"


def searxng_hits(text: str) -> list[ImageHit]:
    """What a SearXNG instance answered.

    Raises:
        ProviderFailed: it is not the JSON of a search.
    """
    try:
        rows = json.loads(text)["results"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ProviderFailed(
            "The answer is not JSON. Allow “json” among search.formats of the instance's settings."
        ) from error
    renamed = [
        {"image": row.get("img_src"), "url": row.get("url"), "title": row.get("title"),
         "license": row.get("license"), **_resolution(row.get("resolution"))}
        for row in rows if isinstance(row, dict)
    ]  # fmt: skip
    return hits_of(renamed)


def hits_of(rows: Sequence[Mapping[str, Any]]) -> list[ImageHit]:
    """Answers in the words of ddgs (image, url, title, width, height, license), those that name a
    photo on the web; thumbnails are never taken."""
    hits = []
    for row in rows:
        image, page = _web(row.get("image")), _web(row.get("url"))
        if not image:
            continue
        hits.append(
            ImageHit(
                image_url=image,
                page_url=page or image,
                title=text_clean(row.get("title"), MAX_TITLE),
                width=_whole(row.get("width")),
                height=_whole(row.get("height")),
                licence=text_clean(row.get("license"), 200),
            )
        )
    return hits


def hits_dump(hits: Sequence[ImageHit]) -> str:
    return json.dumps([asdict(hit) for hit in hits])


def hits_load(text: str) -> list[ImageHit]:
    return [ImageHit(**row) for row in json.loads(text)]


def _web(url: object) -> str:
    text = url.strip() if isinstance(url, str) else ""
    if text.startswith("//"):
        text = f"https:{text}"
    return text if text.startswith(("http://", "https://")) and len(text) <= MAX_URL else ""


def _whole(value: object) -> int:
    text = str(value or "")
    return int(text) if text.isdecimal() and len(text) < 7 else 0


def _resolution(text: object) -> dict[str, int]:
    found = re.match(r"\s*(\d{1,6})\s*[x×]\s*(\d{1,6})", text if isinstance(text, str) else "")
    return {"width": int(found[1]), "height": int(found[2])} if found else {}


def _region(language: str) -> str:
    """ "de" or "de-AT" as ddgs wants it: country, then language."""
    language, _, country = language.lower().partition("-")
    if not language:
        return "wt-wt"
    home = {"en": "us", "da": "dk", "sv": "se", "ja": "jp", "ko": "kr", "zh": "cn", "cs": "cz"}
    return f"{country or home.get(language, language)}-{language}"


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())
