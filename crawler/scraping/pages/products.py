"""From schema.org nodes to drafts of listings: which products a page is about, and what it says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from catalog.colours import colour_parse
from catalog.models import Availability
from catalog.types import MAX_TITLE, ListingDraft
from crawler.scraping.pages.codes import codes_read
from crawler.scraping.pages.offers import offers_read
from crawler.scraping.pages.options import (
    colour_index,
    option_is_colour,
    option_is_size,
    without_size,
)
from crawler.scraping.pages.schema import Graph, is_group, is_product
from crawler.scraping.pages.tellings import distinct, is_told, offered_product, varied_by_offers
from crawler.scraping.pages.urls import url_clean, url_fragment, url_key
from crawler.scraping.pages.values import (
    Node,
    each,
    image_urls,
    joined,
    text,
    texts,
)

MAX_IMAGES = 50


@dataclass(frozen=True, slots=True)
class Found:
    """What the structured data of a page gave."""

    drafts: tuple[ListingDraft, ...] = ()
    links: tuple[str, ...] = ()
    """Addresses of products that other pages are about: variants, related, listed."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page stands: its address, the one that it claims, and the base of its links."""

    url: str
    canonical: str
    base: str
    currency: str = ""
    """To choose where a product is offered in several."""

    def absolute(self, href: str) -> str | None:
        return url_clean(href, base=self.base)

    def is_here(self, href: str) -> bool:
        return self.settled(href) in {self.url, self.canonical}

    def is_path(self, url: str) -> bool:
        """Whether an address is the page's own, its query apart: that may choose a variant."""
        path = url_key(url.partition("?")[0].partition("#")[0])
        return path in {url_key(own.partition("?")[0]) for own in (self.url, self.canonical)}

    def settled(self, href: str) -> str | None:
        """As ``absolute``; the page's own address as the page has it, where a shop writes it
        with another scheme, or with a slash behind it."""
        url = self.absolute(href)
        own = (one for one in (self.url, self.canonical) if url and url_key(one) == url_key(url))
        return url if url in {self.url, self.canonical} else next(own, url)


def products_read(roots: list[Node], place: Place) -> Found:
    """Drafts of the products that the page is about; its other products as links.

    A page that lists several products with addresses of their own is about none of them.
    """
    graph = Graph([offered_product(root) for root in roots])
    own = [varied_by_offers(node, graph) for node in distinct(graph.products)]
    mains = [node for node in own if any(place.is_here(u) for u in texts(node.get("url")))] or own
    links = _own_urls([*graph.elsewhere, *(n for n in own if n not in mains)], place)
    if len(mains) > 1 and not any(is_group(node) for node in mains):
        addresses = _own_urls(mains, place)
        if len(set(addresses)) == len(mains):
            return Found(links=tuple(dict.fromkeys(links + addresses)))
    drafts: list[ListingDraft] = []
    groups = [node for node in mains if is_group(node)]
    for group in groups:
        made, more = _group_drafts(group, mains, graph, place)
        drafts += made
        links += more
    if not groups or not drafts:
        for node in mains:
            if not is_group(node):
                parent = _parent(node, graph)
                drafts.append(_draft(node, parent, graph, place))
                links += _own_urls(_variants(parent, graph), place)
    drafts = [draft for draft in drafts if draft.title]
    return Found(tuple(_told_apart(drafts)), tuple(dict.fromkeys(links)))


def _parent(node: Node, graph: Graph) -> Node:
    """The group that a product belongs to: told in it, else the one of the page with its number."""
    parent = graph.follow(next(each(node.get("isVariantOf")), None))
    if isinstance(parent, dict):
        return parent
    number = text(node.get("inProductGroupWithID"))
    named = (n for n in [*graph.products, *graph.elsewhere] if is_group(n))
    found = next((n for n in named if number and text(n.get("productGroupID")) == number), None)
    return found or {"name": text(parent)}


def is_same(one: ListingDraft, other: ListingDraft) -> bool:
    """Whether two sources of a page tell of one product: by code, else by name."""
    codes = {one.sku, one.mpn} & {other.sku, other.mpn} - {""}
    mine, others = one.title.casefold(), (other.model or other.title).casefold()
    return bool(codes) or (bool(others) and (others in mine or mine in others))


def fill(draft: ListingDraft, other: ListingDraft) -> ListingDraft:
    """``draft`` with what it does not say taken from ``other``, a weaker source about the same."""
    missing: dict[str, Any] = {
        f.name: getattr(other, f.name)
        for f in fields(ListingDraft)
        if f.name not in {"url", "title", "description"} and not getattr(draft, f.name)
    }
    if draft.price is not None:
        # Another source's currency or stock is welcome; a price belongs with its own currency.
        missing.pop("price", None)
    return replace(draft, **missing)


def _variants(group: Node, graph: Graph) -> list[Node]:
    followed = (graph.follow(one) for one in each(group.get("hasVariant")))
    return [one for one in followed if isinstance(one, dict)]


def _group_drafts(
    group: Node, others: list[Node], graph: Graph, place: Place
) -> tuple[list[ListingDraft], list[str]]:
    """One draft for each version of the group: sizes of one colour are one listing."""
    variants = _variants(group, graph)
    known = {id(variant) for variant in variants}
    variants += (n for n in others if not is_group(n) and id(n) not in known and is_told(n))
    told = [node for node in variants if is_told(node)]
    links = _own_urls([node for node in variants if not is_told(node)], place)
    if not told:
        # Nothing but the group itself, which may carry the offers.
        return ([_draft(group, group, graph, place)], links)
    told = _named_apart(told, text(group.get("name")))
    has_sizes = any(node.get("size") or _property(node, option_is_size) for node in told) or any(
        "size" in one.lower() for one in texts(group.get("variesBy"))
    )
    versions: dict[tuple[str, ...], list[Node]] = {}
    for node in told:
        colour = _colour(node).casefold()
        # Where no sizes are told, another photo means another version.
        photos = () if has_sizes else tuple(image_urls(node.get("image")))
        versions.setdefault((colour, *photos), []).append(node)
    drafts = [
        merged([_draft(node, group, graph, place) for node in nodes]) for nodes in versions.values()
    ]
    if len(drafts) == 1:
        drafts = [replace(drafts[0], url=drafts[0].url.partition("#")[0])]
    return drafts, links


def _named_apart(variants: list[Node], name: str) -> list[Node]:
    """Variants that tell neither colour nor size but in their names: "Glide - Red / 42"."""
    if any(_colour(node) or node.get("size") for node in variants):
        return variants
    rests = [text(node.get("name")).removeprefix(name).strip(" -–—|:()") for node in variants]
    parts = [rest.split(" / ") for rest in rests]
    if not name or not all(rests) or len({len(one) for one in parts}) != 1:
        return variants
    columns = list(zip(*parts, strict=True))
    sizes = [n for n, told in enumerate(columns) if option_is_size("", told)]
    others = [n for n in range(len(columns)) if n not in sizes]
    colour = colour_index([""] * len(columns), columns)
    if colour is None and len(others) == 1 and any(map(colour_parse, columns[others[0]])):
        # Beside sizes, one choice: where some of it are colours, all of it is.
        colour = others[0]
    return [
        node
        | ({"color": one[colour]} if colour is not None else {})
        | ({"size": one[sizes[0]]} if sizes else {})
        for node, one in zip(variants, parts, strict=True)
    ]


def merged(sizes: Sequence[ListingDraft]) -> ListingDraft:
    """Sizes of one colorway as one draft: the price of the cheapest that can be bought."""
    priced = sorted(
        (s for s in sizes if s.price is not None),
        key=lambda s: (s.availability != Availability.IN_STOCK, s.price),
    )
    best = priced[0] if priced else sizes[0]
    stock = {s.availability for s in sizes}
    order = (Availability.IN_STOCK, Availability.PREORDER, Availability.OUT_OF_STOCK)
    images = dict.fromkeys(url for s in sizes for url in s.image_urls)
    return replace(
        sizes[0],
        price=best.price,
        currency=best.currency,
        availability=str(next((value for value in order if value in stock), "")),
        # A code that differs between sizes names a size, not the colorway.
        sku=_same(s.sku for s in sizes),
        mpn=_same(s.mpn for s in sizes),
        gtin=_same(s.gtin for s in sizes),
        image_urls=tuple(images)[:MAX_IMAGES],
    )


def _same(values: Iterable[str]) -> str:
    distinct = set(values)
    return distinct.pop() if len(distinct) == 1 else ""


def _draft(node: Node, group: Node, graph: Graph, place: Place) -> ListingDraft:
    """A draft from a product and the group that it belongs to (``{}`` for none)."""
    is_alone = node is group
    node, group = graph.whole(node), graph.whole(group)
    offered = offers_read(node, graph, place.currency)
    if offered.price is None and not is_alone and not node.get("offers"):
        offered = offers_read(group, graph, place.currency)
    codes = codes_read(node)
    colour = _colour(node) or _colour(group)
    model = text(node.get("model")) or ("" if is_alone else text(group.get("name")))
    if is_group(node):
        model = text(node.get("name"))
    title = text(node.get("name")) or " ".join(part for part in (model, colour) if part)
    images = image_urls(node.get("image")) or image_urls(group.get("image"))
    # A page's own address is no photo: it stands where an image names none.
    here = {place.url, place.canonical, place.base}
    absolute = (url for url in map(place.absolute, images) if url not in here)
    own = [place.settled(url) for url in [*texts(node.get("url")), *offered.urls]]
    return ListingDraft(
        url=next((url for url in own if url), place.canonical),
        title=without_size(title[:MAX_TITLE], text(node.get("size")), colour),
        sku=codes["sku"],
        mpn=codes["mpn"],
        gtin=codes["gtin"],
        brand=_first(node, group, "brand") or _first(node, group, "manufacturer"),
        model=model,
        group_id=(text(group.get("productGroupID")) or text(node.get("inProductGroupWithID")))[
            :100
        ],
        colour=colour,
        category=_category(node) or _category(group),
        gender=_gender(node) or _gender(group),
        material=joined(texts(node.get("material") or group.get("material")), ", "),
        price=offered.price,
        currency=offered.currency,
        availability=offered.availability,
        description=_first(node, group, "description"),
        image_urls=tuple(dict.fromkeys(url for url in absolute if url))[:MAX_IMAGES],
    )


def _first(node: Node, group: Node, name: str) -> str:
    return text(node.get(name)) or text(group.get(name))


def _colour(node: Node) -> str:
    return joined(texts(node.get("color"))) or _property(node, option_is_colour)


def _property(node: Node, is_it: Callable[[str], bool]) -> str:
    """What ``additionalProperty`` says under a name of that kind."""
    told = [one for one in each(node.get("additionalProperty")) if isinstance(one, dict)]
    names = (texts([one.get("name"), one.get("propertyID")]) for one in told)
    found = (one for one, own in zip(told, names, strict=True) if any(map(is_it, own)))
    return joined(texts([one.get("value") for one in found]))


def _category(node: Node) -> str:
    return joined(texts(node.get("category")), " > ")


def _gender(node: Node) -> str:
    for audience in each(node.get("audience")):
        if isinstance(audience, dict):
            gender = text(audience.get("suggestedGender")) or text(audience.get("audienceType"))
            if gender:
                return gender.rpartition("/")[2]
    return text(node.get("gender"))


def _own_urls(nodes: Iterable[Node], place: Place) -> list[str]:
    """An address for each of the products that has one."""
    found: list[str] = []
    for node in nodes:
        offers = [one for one in each(node.get("offers")) if isinstance(one, dict)]
        written = [*texts(node.get("url")), *(u for o in offers for u in texts(o.get("url")))]
        if not written and (is_product(node) or node.keys() == {"@id"}):
            written = [u for u in texts(node.get("@id")) if u.startswith(("http://", "https://"))]
        found += [url for url in map(place.settled, written[:1]) if url]
    return found


def _told_apart(drafts: list[ListingDraft]) -> list[ListingDraft]:
    """Drafts of one page that would share an address get a fragment: its code, or its colour."""
    if len({draft.url for draft in drafts}) == len(drafts):
        return drafts
    seen: dict[str, ListingDraft] = {}
    codes = Counter(draft.mpn or draft.sku for draft in drafts)
    for draft in drafts:
        code = draft.mpn or draft.sku
        # A code that other colours have too tells none of them.
        label = (code if code and codes[code] == 1 else draft.colour or code) or draft.title
        url = draft.url if len(drafts) == 1 else f"{draft.url}#{url_fragment(label)}"
        seen.setdefault(url, replace(draft, url=url))
    return list(seen.values())
