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

from tests.fakeshop.drawing.curves import Points, dense, normals

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
    """Premultiplied colour ``rgb`` (3, h, w) and ``alpha`` (h, w), float32, 0-1.

    Planes and not pixels: numpy is several times faster on long rows than on triples.
    """

    def __init__(self, size: int, project: Projection, unit: float) -> None:
        self.size = size
        self.project = project
        self.unit = unit
        self.rgb = np.zeros((3, size, size), np.float32)
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
            pencil.line(xy, fill=255, width=max(1, round(pen * OVER)))
        cover = _cover(image)
        rows, cols = slice(y0, y1), slice(x0, x1)
        return Patch(rows, cols, cover if clip is None else cover * clip[rows, cols])

    def quads(self, one: Points, two: Points, *, clip: Plane | None = None) -> Patch | None:
        """The mask of the strip between two lines of pixels that run side by side.

        Drawn quad by quad, so that a strip may fold over itself and stay whole.
        """
        px = np.stack([one[:-1], one[1:], two[1:], two[:-1]], axis=1)
        flat = px.reshape(-1, 2)
        x0, y0 = np.maximum(np.floor(flat.min(axis=0) - 1), 0).astype(int)
        x1, y1 = np.minimum(np.ceil(flat.max(axis=0)) + 2, self.size).astype(int)
        if x1 <= x0 or y1 <= y0:
            return None
        image = Image.new("L", ((x1 - x0) * OVER, (y1 - y0) * OVER))
        pencil = ImageDraw.Draw(image)
        for quad in ((px - (x0, y0)) * OVER).reshape(-1, 8).tolist():
            pencil.polygon(quad, fill=255)
        cover = _cover(image)
        rows, cols = slice(y0, y1), slice(x0, x1)
        return Patch(rows, cols, cover if clip is None else cover * clip[rows, cols])

    def mask(self, points: Points) -> Plane:
        """The cover of a polygon over the whole sheet, to clip by."""
        return self.whole(self.patch(points))

    def whole(self, found: Patch | None) -> Plane:
        """A patch over the whole sheet."""
        whole = np.zeros((self.size, self.size), np.float32)
        if found is not None:
            whole[found.rows, found.cols] = found.cover
        return whole

    def lay(self, patch: Patch | None, colour: Paint, opacity: float = 1.0,
            texture: Plane | None = None) -> None:  # fmt: skip
        if patch is None:
            return
        a = patch.cover if opacity == 1 else patch.cover * np.float32(opacity)
        grain = None if texture is None else texture[patch.rows, patch.cols]
        for plane, level in zip(self.rgb, colour, strict=True):
            under = plane[patch.rows, patch.cols]
            tone = np.float32(level) if grain is None else grain * np.float32(level)
            under += a * (tone - under)
        alpha = self.alpha[patch.rows, patch.cols]
        alpha += a * (1 - alpha)

    def fill(self, points: Points, colour: Paint, *, clip: Plane | None = None,
             texture: Plane | None = None, opacity: float = 1.0) -> None:  # fmt: skip
        self.lay(self.patch(points, clip=clip), colour, opacity, texture)

    def stroke(self, points: Points, colour: Paint, width: float, *, clip: Plane | None = None,
               opacity: float = 1.0) -> None:  # fmt: skip
        """A line ``width`` shoe units wide."""
        pen = width * self.unit
        if pen < 2.5:  # the gaps of a plain line at its bends do not show
            self.lay(self.patch(points, clip=clip, pen=pen), colour, opacity)
            return
        px = self.project(points)
        reach = normals(px) * (pen / 2)
        self.lay(self.quads(px + reach, px - reach, clip=clip), colour, opacity)

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
        cover = _cover(image)
        if clip is not None:
            cover = cover * clip[rows, cols]
        self.lay(Patch(rows, cols, cover), colour, 0.85)

    def model(self, mask: Plane, *, depth: float = 5.0, light: float = 0.5,
              gloss: float = 0.1) -> None:  # fmt: skip
        """Light from above left on ``mask``, as if it were inflated ``depth`` units.

        The blurred mask serves as a height field; its slope gives shade, and where it faces the
        light, a highlight of strength ``gloss``.
        """
        window = self._around(mask, depth * 2)
        if window is None:
            return
        rows, cols = window
        cover = mask[rows, cols]
        size = cover.shape[1], cover.shape[0]
        small = Image.fromarray((cover * 255).astype(np.uint8)).reduce(2)
        blurred = small.filter(ImageFilter.GaussianBlur(depth * self.unit / 2))
        dy, dx = np.gradient(np.asarray(blurred, np.float32) / np.float32(510))
        slope = (dy * 0.9 + dx * 0.35) * np.float32(depth * self.unit)  # > 0: faces the light
        shade = _enlarged(1 + np.clip(slope, -0.6, 0.3) * light, size)
        shine = _enlarged(np.clip(slope - 0.12, 0, 0.5) ** 2 * (gloss * 14), size)
        alpha = self.alpha[rows, cols]
        shine *= alpha
        for plane in self.rgb:
            tone = plane[rows, cols]
            lit = np.clip(tone * shade + shine, 0, alpha)
            tone += (lit - tone) * cover

    def _around(self, mask: Plane, margin: float) -> tuple[slice, slice] | None:
        """The window that holds ``mask`` and ``margin`` units about it; None if it is empty."""
        across, down = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
        if not len(across):
            return None
        more = int(margin * self.unit) + 1
        top, left = max(0, int(down[0]) - more), max(0, int(across[0]) - more)
        return slice(top, int(down[-1]) + more), slice(left, int(across[-1]) + more)


def _cover(image: Image.Image) -> Plane:
    """A mask drawn :data:`OVER` times too large, as shares of each pixel."""
    return np.asarray(image.reduce(OVER), np.float32) / np.float32(255)


def _enlarged(plane: Plane, size: tuple[int, int]) -> Plane:
    image = Image.fromarray(plane.astype(np.float32))
    return np.array(image.resize(size, Image.Resampling.BILINEAR))
