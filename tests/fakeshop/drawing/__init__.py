"""Draws photos of shoes that do not exist: vector outlines, materials, light and a place to stand.

The one door is :func:`photo`; what to draw is a :class:`Look`, where and how a :class:`Scene`.
"""

from tests.fakeshop.drawing.look import MARKS, MATERIALS, PANELS, SILHOUETTES, VIEWS, Look, Scene
from tests.fakeshop.drawing.studio import photo, photo_bytes

__all__ = [
    "MARKS",
    "MATERIALS",
    "PANELS",
    "SILHOUETTES",
    "VIEWS",
    "Look",
    "Scene",
    "photo",
    "photo_bytes",
]
