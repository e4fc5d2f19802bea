"""A small shoe shop with drawn shoes of invented brands, to crawl for real.

    python -m tests.fakeshop --port 8910 --limit 300 --cache DIR      # serve it
    python -m tests.fakeshop.export DIR --limit 100                   # its photos in a folder

In tests::

    with FakeShop(limit=12, photo_size=160, cache_dir=tmp_path) as shop:
        crawl(shop.base_url)
        shop.set_price(shop.products[0].sku, "49.95")
        assert shop.stats()["forbidden"] == []

Needs Pillow and numpy, nothing else.
"""

from tests.fakeshop.faults import Fault
from tests.fakeshop.products import Brand, Photo, Product, ShoeModel, catalog
from tests.fakeshop.server import FakeShop

__all__ = ["Brand", "FakeShop", "Fault", "Photo", "Product", "ShoeModel", "catalog"]
