"""The next part of a list, where a button fetches it instead of a link: "Show more"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml.html import HtmlElement

from crawler.scraping.pages.products import Place
from crawler.scraping.pages.urls import url_is_page

_ADDRESS = ("data-url", "data-href", "data-next", "data-next-url", "data-next-page-url")
_MORE = re.compile(r"(?:^|[-_\s])(?:more|next|loadmore|showmore)(?:$|[-_\s])", re.IGNORECASE)


def more_urls(tree: HtmlElement, place: Place) -> Iterator[str]:
    """What the buttons of a page whose class, id or name says "more" or "next" would fetch."""
    for button in tree.iter("button", "a", "div"):
        names = " ".join(button.get(name) or "" for name in ("class", "id", "aria-label", "rel"))
        if not names.strip() or _MORE.search(names) is None:
            continue
        for name in _ADDRESS:
            url = place.absolute(button.get(name) or "")
            if url is not None and url != place.url and url_is_page(url):
                yield url
