"""The names of figures; imports nothing, so that any page may show them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

METRICS: Final[Mapping[str, str]] = {
    "top1": "top-1",
    "top5": "top-5",
    "macro_precision": "macro prec.",
    "macro_recall": "macro recall",
    "r1": "R@1",
    "r10": "R@10",
    "map": "mAP",
    "edit10": "edit@10",
    "identity10": "identity@10",
    "both10": "both@10",
    "mrr": "MRR",
    "auroc": "AUROC",
    "false_names": "false names",
    "ece": "ECE",
    "precision": "precision",
    "recall": "recall",
    "told": "told",
    "right": "right of those",
    "brand": "brand",
    "colour": "colours",
    "gender": "gender",
}
"""Every metric that a task may report, by its name in JSON, with its heading."""
