"""Structured data that a page's own script would put into the page when it runs.

``s.type = "application/ld+json"; s.text = JSON.stringify({…})``, as tag managers do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from lxml.html import HtmlElement

from crawler.scraping.pages.literals import literal_read
from crawler.scraping.pages.values import Node, each

MAX_SCRIPT = 500_000
MAX_VALUES = 50
_VALUE = re.compile(
    r"JSON\.stringify\(\s*(?=[{\[])|\.(?:text|innerHTML|textContent)\s*=\s*(?=[\"'`])"
    r"|\b(?:var|let|const)\s+[\w$]+\s*=\s*(?=[{\[])"
)


def injected_read(tree: HtmlElement) -> Iterator[Node]:
    """Things with a type in scripts that speak of JSON-LD and hold none."""
    for script in tree.iter("script"):
        written, kind = script.text or "", (script.get("type") or "").lower()
        is_run = not kind or "javascript" in kind or kind == "module"
        if not is_run or "ld+json" not in written or len(written) > MAX_SCRIPT:
            continue
        for match in list(_VALUE.finditer(written))[:MAX_VALUES]:
            for one in each(_value(written, match.end())):
                if isinstance(one, dict) and ("@type" in one or "@graph" in one):
                    yield one


def _value(written: str, start: int) -> Any:
    try:
        value, _ = literal_read(written, start)
        return json.loads(value, strict=False) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        return None
