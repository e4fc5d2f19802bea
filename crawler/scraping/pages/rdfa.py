"""schema.org things in RDFa, as nodes; its library is slow, so only where nothing else is told."""

from __future__ import annotations

import logging
from typing import Any

from crawler.scraping.pages.values import Node

MAX_HTML = 2_000_000
_SCHEMA = ("http://schema.org/", "https://schema.org/")

logger = logging.getLogger(__name__)


def rdfa_read(html: str, url: str) -> list[Node]:
    """Products in RDFa (``vocab="https://schema.org/" typeof="Product"``)."""
    if "typeof=" not in html or "schema.org" not in html or len(html) > MAX_HTML:
        return []
    # rdflib takes a second to load, and few pages need it.
    from extruct.rdfa import RDFaExtractor

    try:
        found = RDFaExtractor().extract(html, base_url=url)
    except Exception as error:  # rdflib raises its own for what it cannot make sense of
        logger.info("RDFa of %s not read: %s", url, error)
        return []
    things = {one["@id"]: _plain(one) for one in found if isinstance(one, dict) and "@id" in one}
    return [_joined(node, things, 0) for node in things.values() if "@type" in node]


def _plain(thing: Node) -> Node:
    """Names without the vocabulary's address; values without their wrapping."""
    node: Node = {"@id": thing["@id"]}
    for name, value in thing.items():
        prefix = next((p for p in _SCHEMA if name.startswith(p)), None)
        if name == "@type":
            kinds = [v[len(p) :] for v in value for p in _SCHEMA if v.startswith(p)]
            if kinds:
                node["@type"] = kinds
        elif prefix is not None:
            node[name[len(prefix) :]] = [
                one.get("@value", one) if isinstance(one, dict) else one for one in value
            ]
    return node


def _joined(node: Node, things: dict[str, Node], depth: int) -> Node:
    """References replaced by the things that they mean, or by their addresses."""

    def one(value: Any) -> Any:
        if not (isinstance(value, dict) and set(value) == {"@id"}):
            return value
        meant = things.get(value["@id"])
        if meant is None or depth >= 4:
            return value["@id"]
        return _joined(meant, things, depth + 1) if "@type" in meant else value["@id"]

    return {
        name: [one(v) for v in values] if isinstance(values, list) and name != "@type" else values
        for name, values in node.items()
        if not (name == "@id" and str(values).startswith("_:"))
    }
