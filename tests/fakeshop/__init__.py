"""The demo shop: invented brands, drawn photos, a small web server. For ``make demo`` and tests."""

from tests.fakeshop.faults import ALL_FAULTS, Fault
from tests.fakeshop.products import Item, Product, catalogue
from tests.fakeshop.server import FakeShop

__all__ = ["ALL_FAULTS", "FakeShop", "Fault", "Item", "Product", "catalogue"]
