"""Where in a photo the shoe is: surroundings ruin a match."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from search.exceptions import QueryError

BAD_CROP: Final = "The frame around the shoe does not lie in the photo. Please draw it anew."
SMALLEST: Final = 0.03
"""Of a side: less would be a few pixels."""
DECIMALS: Final = 3
"""A thousandth is a pixel of a large screen; finer would give one frame many addresses."""


@dataclass(frozen=True, slots=True)
class Crop:
    """A rectangle in fractions of the upright photo, from its upper left corner.

    Raises ``QueryError``, in words for the person who drew it, when it does not lie in the photo or
    is too small to show a shoe.
    """

    x: float
    y: float
    width: float
    height: float

    def __post_init__(self) -> None:
        for name in ("x", "y", "width", "height"):
            value = getattr(self, name)
            if not math.isfinite(value):
                raise QueryError(BAD_CROP)
            object.__setattr__(self, name, round(value, DECIMALS) + 0.0)
        rounding = 10**-DECIMALS
        inside = min(self.x, self.y) >= 0 and (
            max(self.x + self.width, self.y + self.height) <= 1 + 1.5 * rounding
        )
        if not inside:
            raise QueryError(BAD_CROP)
        if min(self.width, self.height) < SMALLEST:
            raise QueryError("The frame around the shoe is too small. Please draw it larger.")

    @classmethod
    def parse(cls, text: str) -> Crop:
        """ "x,y,width,height". Raises ``QueryError``."""
        try:
            x, y, width, height = (float(part) for part in text[:80].split(","))
        except ValueError:
            raise QueryError(BAD_CROP) from None
        return cls(x, y, width, height)

    def __str__(self) -> str:
        return f"{self.x:g},{self.y:g},{self.width:g},{self.height:g}"

    @property
    def is_whole(self) -> bool:
        """All of the photo: as good as no frame."""
        return (self.x, self.y) == (0, 0) and min(self.width, self.height) >= 1

    def box(self, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """Left, upper, right, lower in pixels of a photo of ``size``; at least one pixel each."""
        across, down = size
        left, upper = min(int(self.x * across), across - 1), min(int(self.y * down), down - 1)
        right = min(across, max(left + 1, round((self.x + self.width) * across)))
        lower = min(down, max(upper + 1, round((self.y + self.height) * down)))
        return left, upper, right, lower
