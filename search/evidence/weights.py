"""What was learned once from labelled photos: ``weights.npz``, made by ``manage.py tune_edit``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

FILE: Final = Path(__file__).with_name("weights.npz")

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Weights:
    """Numbers, no photos: learned from the training share alone (docs/evaluation.md)."""

    palette: Floats
    """(40, 3) CIELAB colours that photos of shoes are made of."""
    colours: Floats
    """(121, c): from a photo's tally and 1 to the logit of each main colour."""
    names: tuple[str, ...]
    """Slugs of the c colours."""
    edges_mean: Floats
    """(512,)"""
    edges: Floats
    """(512, d): principal directions of edges, whitened by the root of their deviation."""

    def save(self, file: Path = FILE) -> None:
        np.savez_compressed(
            file, palette=self.palette, colours=self.colours, names=np.array(self.names),
            edges_mean=self.edges_mean, edges=self.edges,
        )  # fmt: skip


@cache
def weights() -> Weights:
    """Those that are shipped."""
    with np.load(FILE, allow_pickle=False) as kept:
        return Weights(
            palette=kept["palette"],
            colours=kept["colours"],
            names=tuple(kept["names"].tolist()),
            edges_mean=kept["edges_mean"],
            edges=kept["edges"],
        )
