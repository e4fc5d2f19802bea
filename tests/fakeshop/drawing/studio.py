"""Puts a drawn shoe before a backdrop and takes its photo."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageFilter

from tests.fakeshop.drawing.backdrops import backdrop
from tests.fakeshop.drawing.kit import Bench
from tests.fakeshop.drawing.layer import Layer, Plane
from tests.fakeshop.drawing.look import Look, Scene
from tests.fakeshop.drawing.plan import draw_sole_plan, draw_top
from tests.fakeshop.drawing.projection import Flat
from tests.fakeshop.drawing.shapes import Shape, shape
from tests.fakeshop.drawing.side import draw_side
from tests.fakeshop.drawing.turned import draw_turned

PHOTO_SIZE = 512


def photo(look: Look, scene: Scene = Scene(), *, size: int = PHOTO_SIZE) -> Image.Image:  # noqa: B008
    """The RGB photo of ``look``, ``size`` pixels square. The same arguments, the same pixels."""
    layer = shoe_layer(look, scene, size=size)
    through = (1 - shadow(layer, flat=scene.view in ("top", "sole"))) * (1 - layer.alpha)
    picture = layer.rgb + backdrop(scene.backdrop, size, scene.seed) * through
    np.clip(picture * 255 + 0.5, 0, 255, out=picture)
    return Image.fromarray(np.ascontiguousarray(picture.astype(np.uint8).transpose(1, 2, 0)))


def photo_bytes(look: Look, scene: Scene = Scene(), *, size: int = PHOTO_SIZE) -> bytes:  # noqa: B008
    """:func:`photo` as a JPEG."""
    out = io.BytesIO()
    photo(look, scene, size=size).save(out, "JPEG", quality=88)
    return out.getvalue()


def shoe_layer(look: Look, scene: Scene, *, size: int) -> Layer:
    """The shoe alone, as the camera of ``scene`` sees it, on a transparent sheet."""
    s = shape(look.silhouette, look.cut)
    if scene.view in ("three-quarter", "pair"):
        return draw_turned(look, s, size=size, angle=scene.angle, zoom=scene.zoom,
                           pair=scene.view == "pair")  # fmt: skip
    unit = size * 0.86 / 100 * scene.zoom
    tall = _height(s) if scene.view in ("lateral", "medial") else 0.0
    flat = Flat(unit, (size / 2, size * 0.53), (50, tall / 2), scene.angle, scene.view == "medial")
    layer = Layer(size, flat, unit)
    bench = Bench.of(layer, s, look)
    if scene.view == "top":
        draw_top(bench)
    elif scene.view == "sole":
        draw_sole_plan(bench)
    else:
        draw_side(bench, medial=scene.view == "medial")
    return layer


def _height(s: Shape) -> float:
    return float(max(s.collar[:, 1].max(), s.ridge[:, 1].max()))


def shadow(layer: Layer, *, flat: bool) -> Plane:
    """How much light the shoe takes from the ground, 0-1.

    From the side the lowest painted pixel of each column casts a soft pool; from above the whole
    outline does, moved down and to the right.
    """
    size = layer.size
    px = size / 512
    if flat:
        image = Image.fromarray((layer.alpha * 255).astype(np.uint8)).reduce(4)
        soft = image.filter(ImageFilter.GaussianBlur(3 * px)).resize(
            (size, size), Image.Resampling.BILINEAR
        )
        cast: Plane = np.roll(
            np.asarray(soft, np.float32) / 255, (int(9 * px), int(5 * px)), (0, 1)
        )
        return cast * np.float32(0.42)
    half = layer.alpha[::2, ::2] > 0.5  # a shadow is soft: half the size will do
    px, size = px / 2, len(half)
    columns = half.any(axis=0)
    lowest = size - 1 - np.argmax(half[::-1], axis=0)
    ground = float(np.percentile(lowest[columns], 97)) if columns.any() else size * 0.8
    gap = np.clip((ground - lowest) / (26 * px), 0, 1)
    weight = np.where(columns, 1 - 0.75 * gap, 0).astype(np.float32)
    y = np.arange(size, dtype=np.float32)[:, None]
    mid = np.where(columns, np.minimum(lowest + 1, ground), ground)[None, :].astype(np.float32)
    out = np.zeros((size, size), np.float32)
    for spread, depth, blur in ((3.5, 0.5, 4), (13, 0.3, 14)):
        pool = np.exp(-(((y - mid - 1.5 * px) / (spread * px)) ** 2)) * weight[None, :]
        image = Image.fromarray((pool * 255).astype(np.uint8))
        soft = image.filter(ImageFilter.GaussianBlur(blur * px))
        out += np.asarray(soft, np.float32) * np.float32(depth / 255)
    whole = Image.fromarray(np.clip(out, 0, 0.75)).resize(
        layer.alpha.shape, Image.Resampling.BILINEAR
    )
    return np.asarray(whole, np.float32)
