"""schema.org things in a page, from JSON-LD and from microdata, in one form."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from extruct.jsonld import JsonLdExtractor
from extruct.w3cmicrodata import MicrodataExtractor
from lxml.html import HtmlElement

from crawler.scraping.pages.images import image_shown
from crawler.scraping.pages.literals import literals_read
from crawler.scraping.pages.values import Node, each, text

MAX_DEPTH = 12
MAX_NODES = 5_000
MAX_REFERENCES = 100
PRODUCT_TYPES = {"Product", "IndividualProduct", "ProductModel", "SomeProducts"}
GROUP_TYPE = "ProductGroup"
_ELSEWHERE = {
    "isRelatedTo", "isSimilarTo", "isAccessoryOrSparePartFor", "isConsumableFor", "itemListElement",
    "hasOfferCatalog", "itemOffered", "itemReviewed", "mainEntityOfPage", "review", "subjectOf",
    "predecessorOf", "successorOf",
}  # fmt: skip
"""Properties that lead to other products than the page's own."""

_WRAPPED = re.compile(
    r"\s*(?:(?://|/\*)?\s*<!\[CDATA\[\s*(?:\*/)?(?P<data>.*?)(?://|/\*)?\s*\]\]>\s*(?:\*/)?"
    r"|<!--(?P<comment>.*)-->)\s*",
    re.DOTALL,
)
"""What pages that were XHTML once put around a script."""
_OURS = re.compile(r"^(?:schema:|https?://schema\.org/)")
_ODDLY_NAMED = re.compile(r'"(?:(?:schema:|https?://schema\.org/)\w+|[A-Z]\w*|type)"\s*:')
_ALIASES = {"type": "@type", "id": "@id"}
"""In schema.org's own context."""

_json_ld = JsonLdExtractor()
_microdata = MicrodataExtractor()


def types(node: Any) -> set[str]:
    """Type names of a node without schema.org's address in front."""
    written = node.get("@type") if isinstance(node, dict) else None
    names = written if isinstance(written, list) else [written]
    return {n.rpartition("/")[2].rpartition(":")[2] for n in names if isinstance(n, str)}


def is_product(node: Any) -> bool:
    return bool(types(node) & (PRODUCT_TYPES | {GROUP_TYPE}))


def is_group(node: Any) -> bool:
    return GROUP_TYPE in types(node)


def json_ld_read(tree: HtmlElement) -> tuple[list[Node], list[str]]:
    """Top-level nodes of all JSON-LD scripts, and what was wrong with those that are not JSON."""
    nodes: list[Node] = []
    problems: list[str] = []
    for script in tree.iter("script"):
        if "ld+json" not in (script.get("type") or "").lower():
            continue
        script.set("type", "application/ld+json")  # extruct compares the whole attribute
        if wrapped := _WRAPPED.fullmatch(script.text or ""):
            script.text = wrapped["data"] or wrapped["comment"]
        try:
            found = [one for one in _items(script) if isinstance(one, dict)]
            nodes += map(_renamed, found) if _ODDLY_NAMED.search(script.text or "") else found
        except (ValueError, RecursionError) as error:
            if (script.text or "").strip():
                problems.append(f"{type(error).__name__}: {error}"[:300])
    return nodes, problems


def _items(script: HtmlElement) -> list[Any]:
    """What a script holds; where it is no JSON, as near to it as a script of JavaScript may be."""
    try:
        return list(_json_ld.extract_items(script))
    except ValueError:
        written = script.text or ""
        # HTML knows no entities in scripts; templates that escape all alike write them there too.
        written = written if '"' in written else html.unescape(written)
        try:
            return list(each(literals_read(written)))
        except ValueError:
            pass
        raise


def _renamed(value: Any, depth: int = 0) -> Any:
    """Properties by schema.org's own names, for ``schema:name``, ``https://schema.org/name`` and
    the capitals of some shop systems (``Offers``, ``SKU``)."""
    if depth > MAX_DEPTH:
        return value
    if isinstance(value, list):
        return [_renamed(one, depth + 1) for one in value]
    if not isinstance(value, dict):
        return value
    # A name that is right as it stands wins over another that becomes it.
    named = sorted(value.items(), key=lambda one: _name(one[0]) == one[0])
    return {_name(name): _renamed(one, depth + 1) for name, one in named}


def _name(written: str) -> str:
    bare = _OURS.sub("", written)
    if bare in _ALIASES:
        return _ALIASES[bare]
    return bare.lower() if bare.isupper() else bare[:1].lower() + bare[1:]


def microdata_read(tree: HtmlElement, url: str) -> list[Node]:
    """Top-level microdata items in the form of JSON-LD nodes."""
    for image in tree.iter("img"):
        if image.get("itemprop") and (shown := image_shown(image)):
            image.set("src", shown)
    copies = _referred(tree)
    try:
        items = _microdata.extract_items(tree, url)
        return [node for node in map(_plain, items) if isinstance(node, dict)]
    except (ValueError, RecursionError):
        return []
    finally:
        for copy in copies:
            copy.getparent().remove(copy)


def _referred(tree: HtmlElement) -> list[HtmlElement]:
    """Copies of what ``itemref`` refers to, put into the items that do so.

    extruct gives an item to the first that it belongs to, so that a brand which stands before its
    product, or belongs to two, would be none's.
    """
    copies: list[tuple[HtmlElement, HtmlElement]] = []
    for item in tree.xpath("//*[@itemscope and @itemref]")[:MAX_REFERENCES]:
        above = {item, *item.iterancestors()}
        for name in (item.attrib.pop("itemref") or "").split()[:MAX_REFERENCES]:
            meant = tree.xpath("id($name)[1]", name=name)
            if meant and meant[0] not in above and len(copies) < MAX_REFERENCES:
                copies.append((item, deepcopy(meant[0])))
    for item, copy in copies:
        copy.tail = None
        item.append(copy)
    return [copy for _, copy in copies]


def _plain(item: Any, depth: int = 0) -> Any:
    if isinstance(item, list):
        return [_plain(one, depth + 1) for one in item]
    if not isinstance(item, dict) or depth > MAX_DEPTH:
        return item
    node = {name: _plain(value, depth + 1) for name, value in item.get("properties", {}).items()}
    if "type" in item:
        node["@type"] = item["type"]
    if "id" in item:
        node["@id"] = item["id"]
    if "value" in item and "properties" not in item:
        node["@value"] = item["value"]
    return node


def listed_urls(roots: Any, depth: int = 0) -> Iterator[str]:
    """The addresses in each ItemList, as written: all that some list pages tell of their items."""
    if isinstance(roots, list):
        for one in roots[:MAX_NODES]:
            yield from listed_urls(one, depth + 1)
    elif isinstance(roots, dict) and depth <= MAX_DEPTH:
        if types(roots) & {"ItemList", "OfferCatalog"}:
            for one in each(roots.get("itemListElement")):
                item = one.get("item") if isinstance(one, dict) else one
                told = item if isinstance(item, dict) else {"url": item}
                own = one.get("url") if isinstance(one, dict) else None
                yield from (url for url in (own or told.get("url"),) if isinstance(url, str))
        else:
            yield from listed_urls([v for v in roots.values() if isinstance(v, dict | list)], depth)


def site_name(nodes: list[Node]) -> str:
    """What the WebSite of a page is called; "" where it is not told."""
    graph = Graph(nodes)
    return next((text(n.get("name")) for n in graph.sites if text(n.get("name"))), "")


class Graph:
    """Nodes of a page, with ``@id`` references followed, and its own products told from others."""

    def __init__(self, roots: list[Node]) -> None:
        self.products: list[Node] = []
        """Products and groups that the page is about, outermost only, in order."""
        self.elsewhere: list[Node] = []
        """Products named in lists or as related."""
        self.sites: list[Node] = []
        self._by_id: dict[str, Node] = {}
        self._left = MAX_NODES
        walked = list(self._walk(roots, elsewhere=False, depth=0))
        for node, _ in walked:
            identity = node.get("@id")
            # A reference {"@id": …} must not hide the node that it refers to.
            if isinstance(identity, str) and len(node) > len(self._by_id.get(identity, {})):
                self._by_id[identity] = node
        for node, elsewhere in walked:
            if "WebSite" in types(node):
                self.sites.append(node)
            elif is_product(node):
                (self.elsewhere if elsewhere else self.products).append(node)

    def follow(self, value: Any) -> Any:
        """The node that ``{"@id": …}`` refers to; any other value as it is."""
        if isinstance(value, dict) and isinstance(identity := value.get("@id"), str):
            return {**self._by_id.get(identity, {}), **value}
        return value

    def whole(self, node: Node) -> Node:
        """The node, and in place of references in its properties what they refer to."""
        return {
            name: [self.follow(one) for one in each(value)]
            if isinstance(value, dict | list)
            else value
            for name, value in node.items()
        }

    def _walk(self, value: Any, *, elsewhere: bool, depth: int) -> Iterator[tuple[Node, bool]]:
        if depth > MAX_DEPTH or self._left <= 0:
            return
        if isinstance(value, list):
            for one in value:
                yield from self._walk(one, elsewhere=elsewhere, depth=depth + 1)
            return
        if not isinstance(value, dict):
            return
        self._left -= 1
        yield value, elsewhere
        # What is inside a product belongs to it (variants, its group) or is told as elsewhere.
        inside = is_product(value)
        for name, child in value.items():
            if isinstance(child, dict | list) and (not inside or name in _ELSEWHERE):
                other = elsewhere or name in _ELSEWHERE - {"mainEntityOfPage"}
                yield from self._walk(child, elsewhere=other, depth=depth + 1)
