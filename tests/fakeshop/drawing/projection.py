"""From shoe units to pixels: straight from the side, from above, or turned in space."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.fakeshop.drawing.curves import Points
from tests.fakeshop.drawing.shapes import Shape

Array = NDArray[np.float64]

# half the width of a foot's outline, by share of its length
PLAN_AT = (0.0, 0.02, 0.06, 0.12, 0.30, 0.50, 0.70, 0.82, 0.90, 0.95, 0.98, 1.0)
PLAN = (0.0, 6.0, 9.6, 11.8, 12.0, 13.4, 16.6, 16.2, 13.6, 10.0, 6.0, 0.0)


@dataclass(frozen=True)
class Flat:
    """A similarity: ``unit`` pixels a shoe unit, turned ``angle`` degrees, perhaps mirrored."""

    unit: float
    origin: tuple[float, float]  # the pixel of ``centre``
    centre: tuple[float, float]  # in shoe units
    angle: float = 0.0
    mirror: bool = False

    def __call__(self, points: Points) -> Points:
        p = points - self.centre
        if self.mirror:
            p = p * (-1, 1)
        a = np.radians(self.angle)
        c, s = np.cos(a), np.sin(a)
        x, y = p[:, 0], p[:, 1]
        turned = np.column_stack([x * c - y * s, -(x * s + y * c)])
        return turned * self.unit + self.origin


class Turned:
    """One side of the shoe given depth and seen from the front, outside and a little above.

    The side view is inflated: at (x, y) the surface lies ``half_width`` away from the middle
    plane. Where the surface turns away from the camera the projection is held at its extreme, so
    that a polygon's edge is the visible edge (it would fold over itself otherwise).
    """

    bends = True
    """A straight edge in shoe units is not one in pixels."""

    def __init__(self, shape: Shape, flat: Flat, *, near: bool,
                 yaw: float = 38.0, pitch: float = 20.0) -> None:  # fmt: skip
        self.shape, self.flat, self.sign = shape, flat, (1.0 if near else -1.0)
        self.yaw, self.pitch = np.radians(yaw), np.radians(pitch)
        self._start = float(shape.sole[:, 0].min())
        self._end = float(shape.sole[:, 0].max())
        self._arched = float(shape.sole_bottom[0, 1]) > 12
        self._turn = self._turning_point()

    def half_width(self, x: Array, y: Array) -> Array:
        """How far the surface lies from the middle plane at a point of the side view."""
        u = np.clip((x - self._start) / (self._end - self._start), 0, 1)
        plan = np.interp(u, PLAN_AT, PLAN)
        floor, roof = self.shape.floor(x), self.shape.roof(x)
        t = np.clip((y - floor) / np.maximum(roof - floor, 1), 0, 1)
        split = self.shape.collar[-1, 0]
        top = np.interp(x, [0, split - 6, split + 6, 100], [0.7, 0.62, 0.34, 0.25])
        taper = top + (1 - top) * np.sqrt(np.maximum(1 - t**2.4, 0))
        shaft = 1 - 0.22 * np.clip((y - 30) / 35, 0, 1) if roof.max() > 40 else 1.0
        under = np.where(y < floor, 1.05, 1.0)
        if self._arched:  # the column of a high heel is thin
            under = np.where((y < floor - 4) & (x < 24), 0.22, under)
            shaft = 1.0
        return plan * taper * shaft * under

    def _turning_point(self) -> float:
        """The x at which the outline seen from above turns away from the camera."""
        x = np.linspace(self._start, self._end, 213)
        w = self.half_width(x, self.shape.floor(x))
        right = x * np.cos(self.yaw) - self.sign * w * np.sin(self.yaw)
        return float(x[np.argmin(right) if self.sign > 0 else np.argmax(right)])

    def space(self, x: Array, y: Array, z: Array) -> Points:
        """Points in space (x to the toe, y up, z to the outside) -> pixels."""
        right = x * np.cos(self.yaw) - z * np.sin(self.yaw)
        toward = x * np.sin(self.yaw) + z * np.cos(self.yaw)
        up = y * np.cos(self.pitch) - toward * np.sin(self.pitch)
        return self.flat(np.column_stack([right, up]))

    def point(self, points: Points) -> Points:
        """Where points of the surface truly are, seen or not."""
        x, y = points[:, 0], points[:, 1]
        return self.space(x, y, self.sign * self.half_width(x, y))

    def __call__(self, points: Points) -> Points:
        x, y = points[:, 0], points[:, 1]
        held = np.maximum(x, self._turn)
        # beyond the turning point the outline only keeps a hint of its own shape
        seen = held + (x - held) * (0.3 if self.sign > 0 else 0.0)
        return self.space(seen, y, self.sign * self.half_width(held, y))
