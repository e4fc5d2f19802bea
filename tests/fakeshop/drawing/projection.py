"""From shoe units to pixels: straight from the side, from above, or turned in space."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.fakeshop.drawing.curves import Points
from tests.fakeshop.drawing.shapes import Shape

Array = NDArray[np.float64]


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
        self._xs = np.linspace(-3, 103, 213)
        self._clamp = self._screen_x_table()

    def half_width(self, x: Array, y: Array) -> Array:
        u = np.clip(x / 100, 0, 1)
        plan = np.interp(
            u * 100,
            [0, 2, 6, 12, 30, 50, 70, 82, 90, 95, 98, 100],
            [0, 6, 9.6, 11.8, 12, 13.4, 16.6, 16.2, 13.6, 10, 6, 0],
        )
        floor, roof = self.shape.floor(x), self.shape.roof(x)
        t = np.clip((y - floor) / np.maximum(roof - floor, 1), 0, 1)
        split = self.shape.collar[-1, 0]
        top = np.interp(x, [0, split - 6, split + 6, 100], [0.7, 0.62, 0.34, 0.25])
        taper = top + (1 - top) * np.sqrt(np.maximum(1 - t**2.4, 0))
        shaft = 1 - 0.22 * np.clip((y - 30) / 35, 0, 1)
        under = np.where(y < floor, 1.05, 1.0)
        return plan * taper * shaft * under

    def _screen_x_table(self) -> Array:
        w = self.half_width(self._xs, self.shape.floor(self._xs))
        s = self._xs * np.cos(self.yaw) - self.sign * w * np.sin(self.yaw)
        if self.sign > 0:  # hold the heel: nothing lies left of its turning point
            turn = int(np.argmin(s[:60]))
            s[:turn] = s[turn]
        else:  # hold the toe
            turn = int(np.argmax(s))
            s[:turn] = np.minimum(s[:turn], s[turn])
        return s

    def space(self, x: Array, y: Array, z: Array) -> Points:
        """Points in space (x to the toe, y up, z to the outside) -> pixels."""
        right = x * np.cos(self.yaw) - z * np.sin(self.yaw)
        toward = x * np.sin(self.yaw) + z * np.cos(self.yaw)
        up = y * np.cos(self.pitch) - toward * np.sin(self.pitch)
        return self.flat(np.column_stack([right, up]))

    def __call__(self, points: Points) -> Points:
        x, y = points[:, 0], points[:, 1]
        z = self.sign * self.half_width(x, y)
        if self.sign > 0:
            turn = self._xs[int(np.argmin(self._clamp[:60]))]
            held = np.maximum(x, np.minimum(turn, 6.0))
            z = self.sign * self.half_width(held, y)
            return self.space(held, y, z)
        return self.space(x, y, z)
