"""A transparent sheet on which parts of a shoe are painted in shoe units.

Masks are drawn at :data:`OVER` times the size and averaged down, which gives clean edges for a
fraction of the price of painting everything large.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from tests.fakeshop.drawing.curves import Points, dense

Plane = NDArray[np.float32]
Paint = tuple[float, float, float]  # 0-1
Projection = Callable[[Points], Points]  # shoe units -> pixels

OVER = 3


def paint(rgb: tuple[int, int, int]) -> Paint:
    return (rgb[0] / 255, rgb[1] / 255, rgb[2] / 255)


def mix(a: Paint, b: Paint, share: float) -> Paint:
    """``a`` with ``share`` of ``b``."""
    return tuple(x + (y - x) * share for x, y in zip(a, b, strict=True))  # type: ignore[return-value]


def luma(p: Paint) -> float:
    return 0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2]


def line_colour(p: Paint) -> Paint:
    """A seam on ``p``: darker on light paint, lighter on dark paint."""
    return mix(p, (1, 1, 1), 0.28) if luma(p) < 0.25 else mix(p, (0, 0, 0), 0.38)


@dataclass(frozen=True)
class Patch:
    """A mask ``cover`` (0-1) and the window of the layer it lies in."""

    rows: slice
    cols: slice
    cover: Plane


class Layer:
    """Premultiplied colour ``rgb`` (h, w, 3) and ``alpha`` (h, w), float32, 0-1."""

    def __init__(self, size: int, project: Projection, unit: float) -> None:
        self.size = size
        self.project = project
        self.unit = unit
        self.rgb = np.zeros((size, size, 3), np.float32)
        self.alpha = np.zeros((size, size), np.float32)

    def patch(
        self, points: Points, *, clip: Plane | None = None, pen: float | None = None
    ) -> Patch | None:
        """The mask of a polygon, or with ``pen`` (px) of a line; None outside the sheet."""
        bends = pen is None and getattr(self.project, "bends", False)
        px = self.project(dense(points) if bends else points)
        reach = 1 + (pen or 0)
        x0, y0 = np.maximum(np.floor(px.min(axis=0) - reach), 0).astype(int)
        x1, y1 = np.minimum(np.ceil(px.max(axis=0) + reach) + 1, self.size).astype(int)
        if x1 <= x0 or y1 <= y0:
            return None
        image = Image.new("L", ((x1 - x0) * OVER, (y1 - y0) * OVER))
        xy = ((px - (x0, y0)) * OVER).ravel().tolist()
        pencil = ImageDraw.Draw(image)
        if pen is None:
            pencil.polygon(xy, fill=255)
        else:
            pencil.line(xy, fill=255, width=max(1, round(pen * OVER)), joint="curve")
        cover = np.asarray(image.reduce(OVER), np.float32) / 255
        rows, cols = slice(y0, y1), slice(x0, x1)
        return Patch(rows, cols, cover if clip is None else cover * clip[rows, cols])

    def mask(self, points: Points) -> Plane:
        """The cover of a polygon over the whole sheet, to clip by."""
        whole = np.zeros((self.size, self.size), np.float32)
        if found := self.patch(points):
            whole[found.rows, found.cols] = found.cover
        return whole

    def lay(self, patch: Patch | None, colour: Paint, opacity: float = 1.0,
            texture: Plane | None = None) -> None:  # fmt: skip
        if patch is None:
            return
        a = patch.cover * np.float32(opacity)
        rgb, alpha = self.rgb[patch.rows, patch.cols], self.alpha[patch.rows, patch.cols]
        rgb *= (1 - a)[..., None]
        if texture is None:
            rgb += a[..., None] * np.asarray(colour, np.float32)
        else:
            a_tex = a * texture[patch.rows, patch.cols]
            rgb += a_tex[..., None] * np.asarray(colour, np.float32)
        alpha *= 1 - a
        alpha += a

    def fill(self, points: Points, colour: Paint, *, clip: Plane | None = None,
             texture: Plane | None = None, opacity: float = 1.0) -> None:  # fmt: skip
        self.lay(self.patch(points, clip=clip), colour, opacity, texture)

    def stroke(self, points: Points, colour: Paint, width: float, *, clip: Plane | None = None,
               opacity: float = 1.0) -> None:  # fmt: skip
        """A line ``width`` shoe units wide."""
        self.lay(self.patch(points, clip=clip, pen=width * self.unit), colour, opacity)

    def panel(self, points: Points, colour: Paint, *, clip: Plane, texture: Plane | None = None,
              seam: Points | None = None) -> None:  # fmt: skip
        """An overlay: a little shadow below it, the piece itself, a seam and stitches."""
        self.lay(self.patch(points + (0.2, -0.7), clip=clip), (0, 0, 0), 0.22)
        self.fill(points, colour, clip=clip, texture=texture)
        if seam is not None:
            self.stroke(seam, line_colour(colour), 0.35, clip=clip, opacity=0.7)

    def stitch(self, points: Points, colour: Paint, *, clip: Plane | None = None) -> None:
        """A dashed thread along ``points``."""
        length = float(np.hypot(*np.diff(points, axis=0).T).sum())
        count = max(2, int(length / 1.5))
        cuts = np.linspace(0, len(points) - 1, 2 * count)
        index = np.arange(len(points))
        x = np.interp(cuts, index, points[:, 0])
        y = np.interp(cuts, index, points[:, 1])
        px = self.project(np.column_stack([x, y]))
        x0, y0 = np.maximum(np.floor(px.min(axis=0) - 2), 0).astype(int)
        x1, y1 = np.minimum(np.ceil(px.max(axis=0) + 3), self.size).astype(int)
        if x1 <= x0 or y1 <= y0:
            return
        image = Image.new("L", ((x1 - x0) * OVER, (y1 - y0) * OVER))
        pencil = ImageDraw.Draw(image)
        px = (px - (x0, y0)) * OVER
        for a, b in zip(px[::2], px[1::2], strict=True):
            pencil.line([*a, *b], fill=255, width=max(2, round(0.32 * self.unit * OVER)))
        rows, cols = slice(y0, y1), slice(x0, x1)
        cover = np.asarray(image.reduce(OVER), np.float32) / 255
        if clip is not None:
            cover = cover * clip[rows, cols]
        self.lay(Patch(rows, cols, cover), colour, 0.85)

    def model(self, mask: Plane, *, depth: float = 5.0, light: float = 0.5,
              gloss: float = 0.1) -> None:  # fmt: skip
        """Light from above left on ``mask``, as if it were inflated ``depth`` units.

        The blurred mask serves as a height field; its slope gives shade, and where it faces the
        light, a highlight of strength ``gloss``.
        """
        small = Image.fromarray((mask * 255).astype(np.uint8)).reduce(2)
        blurred = small.filter(ImageFilter.GaussianBlur(depth * self.unit / 2))
        field = np.asarray(
            blurred.resize((self.size, self.size), Image.Resampling.BILINEAR), np.float32
        ) / np.float32(255)
        dy, dx = np.gradient(field)
        slope = (dy * 0.9 + dx * 0.35) * np.float32(depth * self.unit)  # > 0: faces the light
        shade = 1 + np.clip(slope, -0.6, 0.3) * light
        shine = np.clip(slope - 0.12, 0, 0.5) ** 2 * np.float32(gloss * 14)
        inside = mask[..., None]
        lit = self.rgb * shade[..., None] + (shine * self.alpha)[..., None]
        self.rgb += (np.clip(lit, 0, self.alpha[..., None]) - self.rgb) * inside
