"""What pixels say that vectors lose: the colours of the shoe, without its ground, and its outlines.

``describe`` turns a photo into 632 bytes, once; ``colour_log`` and ``outlines`` read them. No
models, no encoder, no network.
"""

from __future__ import annotations

from search.evidence.colours import colour_log
from search.evidence.listings import agreement, heard
from search.evidence.pixels import BYTES, VERSION, describe, describe_edges, tally, unpack
from search.evidence.shapes import outlines
from search.evidence.weights import Weights, weights

__all__ = [
    "BYTES",
    "VERSION",
    "Weights",
    "agreement",
    "colour_log",
    "describe",
    "describe_edges",
    "heard",
    "outlines",
    "tally",
    "unpack",
    "weights",
]
