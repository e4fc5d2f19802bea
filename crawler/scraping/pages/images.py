"""Which address of an ``img`` is the photo: pages name several, and placeholders among them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lxml.html import HtmlElement

_ZOOMED = (
    "data-zoom-image", "data-large_image", "data-image-large-src", "data-full-image",
    "data-large-image", "data-zoom-src", "data-zoom",
)  # fmt: skip
"""Where galleries keep the version that a magnifying glass shows."""
_LAZY = ("data-src", "data-original", "data-lazy-src", "data-lazy", "data-image")
"""Where pages that load photos late keep the address; until then ``src`` is a placeholder."""
_SETS = ("data-srcset", "data-lazy-srcset", "srcset")
_CANDIDATE = re.compile(r"(\S*[^\s,])(?:\s+([\d.]{1,9})([wx]))?\s*(?:,|$)")
"""An address, its width or density; commas within an address are part of it (HTML, 4.8.4.2.1)."""


def image_shown(image: HtmlElement) -> str:
    """The address of the largest version; "" where there is none but a placeholder."""
    if zoomed := _first(image, _ZOOMED):
        return zoomed
    for name in _SETS:
        if found := _largest(image.get(name) or ""):
            return found
    return _first(image, (*_LAZY, "src"))


def _first(image: HtmlElement, names: Iterable[str]) -> str:
    written = (image.get(name) or "" for name in names)
    return next((one.strip() for one in written if _is_address(one)), "")


def _largest(srcset: str) -> str:
    found = [
        (float(size or 1), url) for url, size, _ in _CANDIDATE.findall(srcset) if _is_address(url)
    ]
    return max(found, key=lambda one: one[0])[1] if found else ""


def _is_address(written: str) -> bool:
    """Not a placeholder, nor the "true" or "2" of a switch."""
    plain = written.strip().lower()
    return any(c in plain for c in "/.") and not plain.startswith(("data:", "blob:"))
