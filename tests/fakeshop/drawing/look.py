"""Value objects: what a shoe looks like, and how its photo is taken."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

Silhouette = Literal[
    "runner", "sneaker", "mid", "high-top", "slip-on",
    "boot", "chelsea", "sandal", "heel", "loafer",
]  # fmt: skip
View = Literal["lateral", "medial", "top", "three-quarter", "pair", "sole"]
Backdrop = Literal["white", "studio", "wood", "grass", "street", "fabric"]
Material = Literal["leather", "suede", "canvas", "knit", "mesh", "patent"]
Mark = Literal[
    "peaks", "feathers", "ring", "waves", "diamonds", "leaf", "sunrise", "cross", "bars", "bolt"
]
Panel = Literal["toe", "heel", "eyestay", "guard", "saddle", "stripe"]

SILHOUETTES: tuple[Silhouette, ...] = get_args(Silhouette)
VIEWS: tuple[View, ...] = get_args(View)
BACKDROPS: tuple[Backdrop, ...] = get_args(Backdrop)
MATERIALS: tuple[Material, ...] = get_args(Material)
MARKS: tuple[Mark, ...] = get_args(Mark)
PANELS: tuple[Panel, ...] = get_args(Panel)


@dataclass(frozen=True, kw_only=True)
class Look:
    """Everything that is the same on each photo of one colorway.

    ``colours`` are three names of ``colours.PALETTE``: upper, accent, sole. ``panels`` are the
    overlays that carry the accent colour; ``cut`` (any integer) varies the proportions within a
    silhouette, so two models of one silhouette differ and all colorways of a model agree.
    """

    silhouette: Silhouette
    colours: tuple[str, str, str]
    mark: Mark = "peaks"
    material: Material = "leather"
    panels: frozenset[Panel] = field(default_factory=frozenset)
    cut: int = 0


@dataclass(frozen=True, kw_only=True)
class Scene:
    """How one photo is taken. ``angle`` in degrees, ``zoom`` relative to a tight frame."""

    view: View = "lateral"
    backdrop: Backdrop = "white"
    angle: float = 0.0
    zoom: float = 1.0
    seed: int = 0
