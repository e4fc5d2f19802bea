"""Photo and words as one question: how the two similarities become one ranking.

Notation: v the photo, t the words' target, x a catalog photo, all of unit length; sv = v·x,
st = t·x; w the visitor's slider. For every method w = 0 ranks by the photo alone, w = 1 by the
words alone, and w = 0.5 is the setting that measured best (docs/evaluation.md).

Three families. A *linear* method is one query vector, which the store ranks exactly: re-scoring its
hits by the same inner products would change nothing. A *blend* joins the two similarities in a way
that no single vector can, so it asks the store for several lists and scores their union. The
*mixture* adds evidence that vectors do not hold.
"""

from __future__ import annotations

from search.fusion.base import (
    SAMPLE_SIZE,
    Candidates,
    EncodedQuery,
    Evidence,
    Fusion,
    IdArray,
    Language,
    Scores,
    Statistics,
    tilt,
)
from search.fusion.blends import Basic, Negatives, Product, WeiCom
from search.fusion.linear import Direction, Freedom, Slerp, Sum
from search.fusion.mixture import Mixture
from search.fusion.named import FUSIONS, IMAGE, TEXT, fusion_for, fusion_named

__all__ = [
    "FUSIONS",
    "IMAGE",
    "SAMPLE_SIZE",
    "TEXT",
    "Basic",
    "Candidates",
    "Direction",
    "EncodedQuery",
    "Evidence",
    "Freedom",
    "Fusion",
    "IdArray",
    "Language",
    "Mixture",
    "Negatives",
    "Product",
    "Scores",
    "Slerp",
    "Statistics",
    "Sum",
    "WeiCom",
    "fusion_for",
    "fusion_named",
    "tilt",
]
