"""Which kinds of pages are worth asking for: learnt from the shop while it is crawled."""

from __future__ import annotations

from dataclasses import dataclass

from crawler.scraping.pages import url_shape

MAX_BARREN_STEPS = 8
"""Pages in a row, one leading to the next, that led to no new product."""
MAX_BARREN_PAGES = 40
"""Pages of one shape, none of which led to a product."""
MAX_SHAPES = 5_000


@dataclass(slots=True)
class Shape:
    pages: int = 0
    fruitful: int = 0
    products: int = 0


class Yields:
    """What pages of each shape (see `url_shape`) have led to.

    An endless calendar or the permutations of a filter look new for ever, but lead to nothing new:
    their shape is given up after `MAX_BARREN_PAGES`.
    """

    def __init__(self, kept: dict[str, list[int]] | None = None) -> None:
        self._shapes = {name: Shape(*values) for name, values in (kept or {}).items()}

    def saw(self, url: str, *, products: int, fruitful: bool) -> None:
        """A page was read: how many products it is about, and whether it led to any new one."""
        name = url_shape(url)
        shape = self._shapes.get(name)
        if shape is None:
            if len(self._shapes) >= MAX_SHAPES:
                return
            shape = self._shapes[name] = Shape()
        shape.pages += 1
        shape.products += products
        shape.fruitful += fruitful or products > 0

    def is_product(self, url: str) -> bool:
        """Whether pages of this shape have been about products."""
        shape = self._shapes.get(url_shape(url))
        return shape is not None and shape.products > 0

    def is_barren(self, url: str) -> bool:
        """Whether enough pages of this shape have led to nothing."""
        shape = self._shapes.get(url_shape(url))
        return shape is not None and shape.pages >= MAX_BARREN_PAGES and shape.fruitful == 0

    def to_json(self) -> dict[str, list[int]]:
        return {
            name: [shape.pages, shape.fruitful, shape.products]
            for name, shape in self._shapes.items()
        }
