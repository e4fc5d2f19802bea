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
    try:
        things = _things(html, url)
    except Exception as error:  # rdflib raises its own for what it cannot make sense of
        logger.info("RDFa of %s not read: %s", url, error)
        return []
    return [_joined(node, things, 0) for node in things.values() if "@type" in node]


def _triples(html: str, url: str) -> list[tuple[Any, Any, Any]]:
    """What the page says, in its order: rdflib's own graphs are sets, and colours have an order."""
    # rdflib takes a second to load, and few pages need it.
    from extruct.rdfa import Graph, Options
    from extruct.utils import parse_xmldom_html
    from pyRdfa import ExecutionContext, builtInTransformers, handle_prototypes
    from pyRdfa.parse import parse_one_node

    class Told(Graph):  # type: ignore[misc]
        def add(self, triple: tuple[Any, Any, Any]) -> Any:
            triples.append(triple)
            return super().add(triple)

    triples: list[tuple[Any, Any, Any]] = []
    options, told = Options(embedded_rdf=False, space_preserve=True), Told()
    top = parse_xmldom_html(html, encoding="UTF-8").documentElement
    state = ExecutionContext(top, told, base=url, options=options, rdfa_version=None)
    for transform in builtInTransformers:
        transform(top, options, state)
    parse_one_node(top, told, None, state, [])
    handle_prototypes(told)
    return [one for one in dict.fromkeys(triples) if one in told]


def _things(html: str, url: str) -> dict[str, Node]:
    """Things by their names; properties without the vocabulary's address."""
    triples = _triples(html, url)
    from rdflib import RDF, Literal

    things: dict[str, Node] = {}
    for thing, name, value in triples:
        identity = thing if thing.startswith("http") else f"_:{thing}"
        node = things.setdefault(str(identity), {"@id": str(identity)})
        if name == RDF.type and (kind := _bare(value)):
            node.setdefault("@type", []).append(kind)
        elif bare := _bare(name):
            said = isinstance(value, Literal)
            meant = value if value.startswith("http") or said else f"_:{value}"
            node.setdefault(bare, []).append(str(value) if said else {"@id": str(meant)})
    return things


def _bare(name: str) -> str:
    """Without schema.org's address before it; "" for a name of another vocabulary."""
    return next((name[len(p) :] for p in _SCHEMA if name.startswith(p)), "")


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
