"""What a page hands to its scripts in attributes: the properties of components, and of events.

``<div data-react-props='{"product": …}'>`` of React, ``<product-card :product='{…}'>`` of Vue,
``<astro-island props='{…}'>``, ``data-gtm='{"name": …}'``: the names are each shop's,
JSON is common.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from lxml.html import HtmlElement

MAX_ATTRIBUTES = 500
MAX_DEPTH = 40
_LEAST = 20
"""Characters; shorter ones are settings of a slider."""


def components_read(tree: HtmlElement) -> Iterator[Any]:
    """The JSON objects in attributes, in the order of the page."""
    written = tree.xpath(f"//@*[starts-with(., '{{') and string-length(.) >= {_LEAST}]")
    for one in written[:MAX_ATTRIBUTES]:
        try:
            told = json.loads(one)
        except (ValueError, RecursionError):
            continue
        yield _plain(told) if one.getparent().tag == "astro-island" else told


def _plain(value: Any, depth: int = 0) -> Any:
    """Astro's own writing, in which each value stands behind the number of its kind."""
    if depth > MAX_DEPTH:
        return None
    if isinstance(value, dict):
        return {name: _plain(_bare(inner), depth + 1) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(_bare(inner), depth + 1) for inner in value]
    return value


def _bare(value: Any) -> Any:
    is_told = isinstance(value, list) and len(value) == 2 and isinstance(value[0], int)
    return value[1] if is_told else value
