"""The outlines of the silhouettes, in shoe units: heel at x = 0, toe at 100, ground at y = 0."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Literal

import numpy as np

from tests.fakeshop.drawing.curves import Points, along, left_to_right, rounded, smooth
from tests.fakeshop.drawing.look import Silhouette

Knot = tuple[float, float]
Closure = Literal["laces", "elastic", "gore", "straps", "none"]


@dataclass(frozen=True, kw_only=True)
class Outline:
    """Knots of one silhouette; each run goes from heel to toe, ``back`` from the ground up."""

    back: tuple[Knot, ...]
    collar: tuple[Knot, ...]
    ridge: tuple[Knot, ...]
    sole_top: tuple[Knot, ...]
    sole_bottom: tuple[Knot, ...]
    closure: Closure
    laces: tuple[float, float] = (0.05, 0.5)  # fractions of the ridge
    eyelets: int = 6
    mark_at: Knot = (50, 19)
    mark_size: float = 9.0
    toe_cap: float = 80.0
    counter: float = 15.0
    heel_block: float = 0.0  # x where a separate heel ends; 0: a flat sole
    tread: Literal["flat", "lug", "runner", "leather"] = "flat"


SNEAKER_TOP: tuple[Knot, ...] = ((2, 9.5), (15, 9), (40, 8.5), (65, 8.5), (85, 9), (98.5, 11))
SNEAKER_BOTTOM: tuple[Knot, ...] = ((2.5, 0.6), (8, 0), (40, 0), (75, 0), (90, 0.6), (98, 3.6))
SNEAKER_TOE: tuple[Knot, ...] = ((75, 22), (86, 20), (94, 16), (97.5, 9))

OUTLINES: dict[Silhouette, Outline] = {
    "runner": Outline(
        back=((4.5, 10), (2.6, 20), (4.6, 29), (3.6, 37), (1.4, 42.5)),
        collar=((1.4, 42.5), (6, 42.5), (13, 37), (22, 33.5), (31, 35.5), (38, 42)),
        ridge=((38, 42), (47, 37), (57, 30.5), (67, 25), (77, 21.5), (88, 19.5), (96, 16),
                 (99, 10)),
        sole_top=((0, 14), (10, 11.5), (28, 10.5), (52, 8.5), (78, 7.8), (92, 9.5), (100, 13)),
        sole_bottom=((-1, 5), (5, 0.8), (18, 0), (45, 0.4), (70, 0), (84, 1.2), (94, 5), (100, 10)),
        closure="laces", eyelets=6, laces=(0.04, 0.46), mark_at=(49, 19.5), mark_size=9.5,
        toe_cap=82, counter=18, tread="runner",
    ),
    "sneaker": Outline(
        back=((4, 8), (3, 19), (4.6, 29), (4, 36)),
        collar=((4, 36), (11, 34), (20, 31), (28, 32.5), (34, 38.5)),
        ridge=((34, 38.5), (44, 34.5), (55, 29), (65, 24.5), *SNEAKER_TOE),
        sole_top=SNEAKER_TOP, sole_bottom=SNEAKER_BOTTOM, closure="laces", mark_at=(44, 20),
        laces=(0.05, 0.47), mark_size=9, toe_cap=76,
    ),
    "mid": Outline(
        back=((4, 8), (3, 20), (5, 32), (4.6, 42), (3.4, 49)),
        collar=((3.4, 49), (9, 49.5), (17, 44.5), (26, 44), (33, 50)),
        ridge=((33, 50), (40, 43), (49, 35), (58, 28.5), (66, 24.5), *SNEAKER_TOE),
        sole_top=SNEAKER_TOP, sole_bottom=SNEAKER_BOTTOM, closure="laces", mark_at=(42, 22),
        laces=(0.06, 0.54), mark_size=10, toe_cap=77, eyelets=7,
    ),
    "high-top": Outline(
        back=((4, 8), (3.4, 22), (6.2, 36), (5.4, 52), (4, 64)),
        collar=((4, 64), (10, 65.5), (18, 63.5), (26, 63.5), (33, 67.5)),
        ridge=((33, 67.5), (37, 57), (42, 47), (49, 37.5), (58, 29.5), (66, 25), *SNEAKER_TOE),
        sole_top=SNEAKER_TOP, sole_bottom=SNEAKER_BOTTOM, closure="laces", mark_at=(19.5, 47),
        laces=(0.05, 0.63), mark_size=8.5, toe_cap=75, eyelets=9,
    ),
    "slip-on": Outline(
        back=((4, 8), (3.2, 18), (4.6, 27), (4, 33)),
        collar=((4, 33), (13, 30), (26, 28), (38, 29), (47, 32.5)),
        ridge=((47, 32.5), (57, 29.5), (67, 25.5), *SNEAKER_TOE),
        sole_top=SNEAKER_TOP, sole_bottom=SNEAKER_BOTTOM, closure="elastic", mark_at=(26, 18),
        mark_size=7.5, toe_cap=78,
    ),
    "boot": Outline(
        back=((4.5, 9), (3.4, 23), (6.6, 39), (5.6, 56), (3.6, 71)),
        collar=((3.6, 71), (9, 73), (18, 71), (27, 71), (34, 75)),
        ridge=((34, 75), (38, 62), (42, 50), (49, 40), (57, 33.5), (66, 29.5), (76, 28), (87, 26),
               (95, 20), (98, 10)),
        sole_top=((1.5, 11), (15, 10.5), (35, 10), (65, 9), (85, 9.5), (99.5, 11.5)),
        sole_bottom=((2.5, 0.4), (8, 0), (40, 0), (72, 0), (88, 0.8), (98.5, 4.5)),
        closure="laces", laces=(0.04, 0.62), eyelets=9, mark_at=(19.5, 52), mark_size=7.5,
        toe_cap=74, counter=20, heel_block=27, tread="lug",
    ),
    "chelsea": Outline(
        back=((4, 9), (3.2, 22), (7, 38), (7, 52), (5, 63)),
        collar=((5, 63), (11, 64), (18, 62), (26, 62.5), (32, 64.5)),
        ridge=((32, 64.5), (35, 53), (40, 43), (48, 34.5), (58, 29), (70, 25.5), (82, 22.5),
               (93, 17.5), (99.5, 8.5)),
        sole_top=((2, 9.5), (15, 9), (35, 8), (60, 5.8), (82, 5.8), (100.5, 8)),
        sole_bottom=((2.5, 0), (8, 0), (40, 0), (72, 0), (88, 0.7), (100, 4)),
        closure="gore", mark_at=(49, 18), mark_size=6.5, toe_cap=82, counter=19, heel_block=26,
        tread="leather",
    ),
    "sandal": Outline(
        back=((3, 10), (2.4, 18), (2.6, 25), (3, 30)),
        collar=((3, 30), (12, 30), (22, 32), (30, 34), (34, 36)),
        ridge=((34, 36), (46, 32), (58, 27), (70, 21.5), (84, 17), (95, 13.5), (99, 9)),
        sole_top=((0.5, 13), (10, 11), (26, 10.5), (45, 10.5), (68, 8.5), (86, 8.5), (99, 11)),
        sole_bottom=((1, 2), (6, 0), (40, 0), (74, 0), (88, 1), (98, 5)),
        closure="straps", mark_at=(52, 22), mark_size=5.5, tread="runner",
    ),
    "heel": Outline(
        back=((4, 39), (2.6, 47), (3.6, 55), (5, 60)),
        collar=((5, 60), (13, 51), (26, 40), (42, 28), (58, 18.5), (70, 15)),
        ridge=((70, 15), (79, 13.6), (88, 11), (95, 7.2), (100, 2.6)),
        sole_top=((3, 41), (12, 37), (24, 30.5), (38, 20), (52, 9), (64, 3.6), (80, 2.2),
                 (100, 2.8)),
        sole_bottom=((3.5, 38.5), (12, 35), (24, 28.5), (38, 18), (52, 7), (64, 1.2), (80, 0),
                 (99, 1)),
        closure="none", mark_at=(21, 42), mark_size=4.2, toe_cap=86, counter=16, tread="leather",
    ),
    "loafer": Outline(
        back=((4, 8), (3, 17), (4.4, 26), (4.4, 31)),
        collar=((4.4, 31), (13, 27.5), (26, 25.5), (38, 26.5), (45, 32.5)),
        ridge=((45, 32.5), (54, 31.5), (64, 27.5), (75, 24.5), (86, 21.5), (95, 16), (99, 8)),
        sole_top=((2, 8.5), (15, 8), (35, 7), (60, 5), (82, 5), (100, 7.2)),
        sole_bottom=((2.5, 0), (8, 0), (40, 0), (72, 0), (88, 0.5), (99.5, 3)),
        closure="none", mark_at=(25, 17), mark_size=5.5, toe_cap=80, counter=15, heel_block=24,
        tread="leather",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Shape:
    """An outline as curves, in the proportions of one model."""

    outline: Outline
    back: Points
    collar: Points
    ridge: Points
    sole_top: Points
    sole_bottom: Points
    sole_style: int  # 0-2: which decoration the midsole has

    @cached_property
    def upper(self) -> Points:
        low = self.sole_top[::-1] - (0, 1.5)
        inner = low[(low[:, 0] < 97) & (low[:, 0] > 5)]
        return rounded(np.vstack([self.back, self.collar[1:], self.ridge[1:], inner]), 1.9)

    @cached_property
    def sole(self) -> Points:
        return rounded(np.vstack([self.sole_bottom, self.sole_top[::-1]]), 1.6)

    def roof(self, x: Points) -> Points:
        """The greatest height of the upper at each x."""
        return np.interp(x, *self._roof)

    def floor(self, x: Points) -> Points:
        """Where upper and sole meet at each x."""
        return np.interp(x, *self._floor)

    @cached_property
    def _roof(self) -> tuple[Points, Points]:
        return left_to_right(np.vstack([self.collar, self.ridge[1:]]))

    @cached_property
    def _floor(self) -> tuple[Points, Points]:
        return left_to_right(self.sole_top)

    def lace_ends(self) -> Points:
        """Points on the ridge where laces cross, top first."""
        start, end = self.outline.laces
        return along(self.ridge, np.linspace(start, end, self.outline.eyelets))


@lru_cache(maxsize=512)
def shape(silhouette: Silhouette, cut: int) -> Shape:
    """The curves of ``silhouette`` in the proportions that ``cut`` draws by lot."""
    base = OUTLINES[silhouette]
    lot = np.random.default_rng([cut, 77])
    tall, toe = lot.uniform(0.92, 1.1), lot.uniform(0.85, 1.12)
    thick = lot.uniform(0.85, 1.3) if base.tread in ("flat", "runner") else lot.uniform(0.9, 1.1)
    style = int(lot.integers(3))
    if silhouette == "heel":
        tall, thick, toe = lot.uniform(0.72, 1.1), 1.0, 1.0

    def warp(knots: tuple[Knot, ...], *, lift: bool) -> Points:
        p = smooth(knots)
        if silhouette == "heel":
            return p * (1, tall)
        ground = 9.0
        y = p[:, 1]
        if lift:
            over = np.maximum(y - ground, 0)
            near_toe = np.clip((p[:, 0] - 60) / 30, 0, 1)
            y = np.minimum(y, ground) + over * (tall + (toe - tall) * near_toe)
            y = y + ground * (thick - 1)
        return np.column_stack([p[:, 0], y])

    top = smooth(base.sole_top)
    if silhouette == "heel":
        top = top * (1, tall)
    else:
        top = np.column_stack([top[:, 0], top[:, 1] + 9.0 * (thick - 1)])
    mx, my = base.mark_at
    my = my * tall if silhouette == "heel" else my + 9.0 * (thick - 1) + (my - 9) * (tall - 1)
    return Shape(
        outline=replace(base, mark_at=(mx, my)),
        back=warp(base.back, lift=True),
        collar=warp(base.collar, lift=True),
        ridge=warp(base.ridge, lift=True),
        sole_top=top,
        sole_bottom=smooth(base.sole_bottom) * ((1, tall) if silhouette == "heel" else (1, 1)),
        sole_style=style,
    )
