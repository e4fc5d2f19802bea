"""One page, read whole: products by JSON-LD, else microdata, else OpenGraph; and its links."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain

from lxml.etree import LxmlError
from lxml.html import HtmlElement, HTMLParser, document_fromstring

from catalog.types import ListingDraft
from crawler.scraping.pages.colours import colour_links
from crawler.scraping.pages.injected import injected_read
from crawler.scraping.pages.opengraph import opengraph_read, tags_read
from crawler.scraping.pages.platforms import gallery_read
from crawler.scraping.pages.products import MAX_IMAGES, Found, Place, fill, is_same, products_read
from crawler.scraping.pages.rdfa import rdfa_read
from crawler.scraping.pages.schema import (
    json_ld_read,
    listed_urls,
    microdata_read,
    site_name,
)
from crawler.scraping.pages.scrolled import part_as_html
from crawler.scraping.pages.show_more import more_urls
from crawler.scraping.pages.specs import details_fill
from crawler.scraping.pages.state import state_read
from crawler.scraping.pages.urls import url_clean, url_is_page
from crawler.scraping.pages.values import Node, clean

MAX_LINKS = 5_000
_STATES = ("<script", '="{', "='{")
"""Where a page has one of them its scripts may be told something."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something on the page that could not be read; ``kind`` is an identifier."""

    kind: str
    message: str


@dataclass(frozen=True, slots=True)
class Prefer:
    """What to keep where a page offers several."""

    currency: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """What a page says."""

    drafts: tuple[ListingDraft, ...] = ()
    product_links: tuple[str, ...] = ()
    """Addresses that the structured data calls products: variants, related, listed."""
    next_links: tuple[str, ...] = ()
    """Further pages of the same list (rel=next)."""
    links: tuple[str, ...] = ()
    """Every other page it links to, in order, each once."""
    problems: tuple[Problem, ...] = ()
    language: str = ""
    """As the page declares it, lower case: "en-gb"; "" if it does not."""
    alternates: Mapping[str, str] = field(default_factory=dict)
    """Language in lower case → address of this page in it (hreflang)."""


def page_read(html: str, url: str, *, prefer: Prefer | None = None) -> Page:
    """Read a page.

    Args:
        html: the page as text, decoded; anything, however broken. JSON is read as a part of a list.
        url: where it was got, absolute.
        prefer: what to keep where it offers several.
    """
    if html[:200].lstrip("\ufeff \t\r\n").startswith(("{", "[")):
        html = part_as_html(html)
    tree = _parse(html)
    if tree is None:
        return Page(problems=(Problem("empty-page", "The page has no content."),))
    place = _place(tree, url)
    place = replace(place, currency=(prefer or Prefer()).currency)
    nodes, problems = json_ld_read(tree)
    if "createElement" in html and "ld+json" in html:
        nodes += injected_read(tree)
    drafts, product_links = _products(tree, place, html, nodes)
    nexts, links = _links(tree, place, listed=listed_urls(nodes))
    if drafts and links:
        known = {place.url, *(draft.url for draft in drafts), *product_links}
        product_links += tuple(url for url in colour_links(tree, place, links) if url not in known)
    return Page(
        drafts=drafts,
        product_links=product_links,
        next_links=nexts,
        links=links,
        problems=tuple(Problem("invalid-json-ld", message) for message in problems),
        language=(tree.get("lang") or "").strip().lower().replace("_", "-"),
        alternates=_alternates(tree, place),
    )


def _parse(html: str) -> HtmlElement | None:
    content = html.replace("\x00", "").encode("utf-8", "replace")
    # Comments and instructions are no elements: whoever walks the tree would stumble over them.
    parser = HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    try:
        return document_fromstring(content, parser=parser)
    except (LxmlError, ValueError, AssertionError):
        return None


def _place(tree: HtmlElement, url: str) -> Place:
    base = next((b.get("href") for b in tree.iter("base") if b.get("href")), None)
    base = (url_clean(base, base=url) if base else None) or url
    own = url_clean(url, base=url) or url
    named = next((link.get("href") for link in _rel(tree, "canonical")), None)
    canonical = url_clean(named, base=base) if named else None
    return Place(url=own, canonical=canonical or own, base=base)


def _alternates(tree: HtmlElement, place: Place) -> dict[str, str]:
    return {
        link.get("hreflang").strip().lower().replace("_", "-"): url
        for link in _rel(tree, "alternate")
        if link.get("hreflang") and (url := place.absolute(link.get("href")))
    }


def _rel(tree: HtmlElement, wanted: str) -> Iterator[HtmlElement]:
    for link in tree.iter("link"):
        if wanted in (link.get("rel") or "").lower().split() and link.get("href"):
            yield link


def _products(
    tree: HtmlElement, place: Place, html: str, nodes: list[Node]
) -> tuple[tuple[ListingDraft, ...], tuple[str, ...]]:
    found = products_read(nodes, place) if nodes else Found()
    tags = tags_read(tree)
    tagged = opengraph_read(tags, place)
    site = next(iter(tags.get("og:site_name", ())), "") or site_name(nodes)
    drafts, links = found.drafts, found.links
    if _incomplete(drafts) and "itemprop" in html:
        weaker = products_read(microdata_read(tree, place.base), place)
        links += weaker.links
        if not drafts:
            drafts = weaker.drafts
        elif len(drafts) == len(weaker.drafts) == 1:
            drafts = (fill(drafts[0], weaker.drafts[0]),)
    if not drafts and not links:
        drafts = products_read(rdfa_read(html, place.base), place).drafts
    if tagged is not None:
        if not drafts and not links:
            drafts = (tagged,)
        elif len(drafts) == 1 and _incomplete(drafts):
            drafts = (fill(drafts[0], tagged),)
    if len(drafts) <= 1 and not (links and not drafts) and any(one in html for one in _STATES):
        drafts = _with_state(drafts, tree, place)
    if len(drafts) == 1 and len(drafts[0].image_urls) <= 1 and "mage/gallery" in html:
        photos = [*drafts[0].image_urls, *filter(None, map(place.absolute, gallery_read(tree)))]
        drafts = (replace(drafts[0], image_urls=tuple(dict.fromkeys(photos))[:MAX_IMAGES]),)
    if len(drafts) == 1 and (_incomplete(drafts) or not (drafts[0].sku or drafts[0].mpn)):
        drafts = (details_fill(drafts[0], tree),)
    if site:
        drafts = tuple(_unsigned(draft, site) for draft in drafts)
    here = {place.url, *(draft.url for draft in drafts)}
    return drafts, tuple(url for url in dict.fromkeys(links) if url not in here)


def _with_state(
    drafts: tuple[ListingDraft, ...], tree: HtmlElement, place: Place
) -> tuple[ListingDraft, ...]:
    """What the page's scripts start from: further colours, missing fields, or all there is."""
    hidden = [products_read([node], place).drafts for node in state_read(tree)]
    hidden = [found for found in hidden if found]
    if not drafts:
        # One thing only: a state that holds several is of a list, or of recommendations too.
        named = [found for found in hidden if any(_is_named(draft, tree) for draft in found)]
        shown = [
            found
            for found in hidden
            if any(draft.image_urls and place.is_path(draft.url) for draft in found)
        ]
        return named[0] if named else shown[0] if len(hidden) == len(shown) == 1 else ()
    (told,) = drafts
    for found in hidden:
        if not any(is_same(told, other) for other in found):
            continue
        if len(found) > 1:
            # The page's codes are of all colours together, or of the one that it opens with.
            group = replace(told, group_id=told.group_id or told.sku, sku="", mpn="", gtin="")
            return tuple(fill(other, group) for other in found)
        if _incomplete(drafts):
            return (fill(told, found[0]),)
    return drafts


def _unsigned(draft: ListingDraft, site: str) -> ListingDraft:
    """A title without the shop's own name behind it: "Penny Loafer — Casa Abril"."""
    signature = re.compile(rf"(?<=\S)\s*[-–—|·•:]\s*{re.escape(site)}\s*$", re.IGNORECASE)
    return replace(draft, title=signature.sub("", draft.title))


def _is_named(draft: ListingDraft, tree: HtmlElement) -> bool:
    """Whether the page's own heading or title names a product."""
    name = (draft.model or draft.title).casefold()
    heads = [clean(h.text_content()).casefold() for h in tree.iter("h1", "title")]
    return bool(name) and any(name in head for head in heads)


def _incomplete(drafts: tuple[ListingDraft, ...]) -> bool:
    """Whether a weaker source of the page is worth reading too."""
    if len(drafts) != 1:
        return not drafts
    told = drafts[0]
    return not (
        told.price
        and told.currency
        and told.availability
        and told.brand
        and told.colour
        and told.image_urls
    )


def _links(
    tree: HtmlElement, place: Place, *, listed: Iterable[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    robots = {
        word.strip()
        for meta in tree.iter("meta")
        if (meta.get("name") or "").lower() == "robots"
        for word in (meta.get("content") or "").lower().split(",")
    }
    if robots & {"nofollow", "none"}:
        return (), ()
    nexts = dict.fromkeys(
        url for link in _rel(tree, "next") if (url := url_clean(link.get("href"), base=place.base))
    )
    nexts |= dict.fromkeys(more_urls(tree, place))
    links: dict[str, None] = {}
    anchors = (
        ((a.get("rel") or "").lower().split(), a.get("href")) for a in tree.iter("a", "area")
    )
    for rel, href in chain((([], url) for url in listed), anchors):
        if not href or len(links) >= MAX_LINKS:
            continue
        url = url_clean(href, base=place.base)
        if url is None or "nofollow" in rel or url == place.url or not url_is_page(url):
            continue
        (nexts if "next" in rel else links)[url] = None
    return tuple(nexts), tuple(url for url in links if url not in nexts)
