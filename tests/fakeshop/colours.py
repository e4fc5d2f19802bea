"""The named colours in which the demo shop's shoes are made."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

RGB = tuple[int, int, int]  # each 0-255

PALETTE: Mapping[str, RGB] = MappingProxyType(
    {
        "black": (36, 36, 40),
        "white": (244, 244, 242),
        "grey": (142, 145, 150),
        "red": (200, 32, 40),
        "navy": (30, 42, 88),
        "blue": (30, 92, 200),
        "light blue": (140, 190, 230),
        "green": (34, 130, 66),
        "olive": (104, 106, 56),
        "yellow": (246, 206, 40),
        "orange": (240, 116, 28),
        "pink": (242, 148, 178),
        "purple": (112, 60, 156),
        "brown": (102, 64, 40),
        "tan": (190, 138, 84),
        "beige": (222, 204, 172),
        "maroon": (108, 24, 44),
        "teal": (14, 128, 132),
        "gold": (204, 164, 60),
        "silver": (192, 196, 204),
    }
)
