"""A CLIP folder small enough for a test: random weights, a byte-level vocabulary, real files."""

from __future__ import annotations

from pathlib import Path

from search.encoders.shapes import Shape, build_random_clip


def build_clip_folder(folder: Path, *, seed: int = 0, dim: int = 24) -> Path:
    """Save a 2-layer CLIP with its processor under ``folder`` as transformers would."""
    tiny = Shape(vision=(32, 2, 2), text=(32, 2, 2), patch=8, dim=dim, side=32)
    return build_random_clip(folder, tiny, seed=seed)
