"""The shop's lists for machines: what Shopify, WooCommerce and product feeds publish.

Every shop has them beside its pages, whatever kind those are.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING, Any

from tests.fakeshop.products import Product, slugify
from tests.fakeshop.structured import describe

if TYPE_CHECKING:
    from tests.fakeshop.server import FakeShop

SIZES = ("40", "41")
_STOCK = {"InStock": "in_stock", "OutOfStock": "out_of_stock", "PreOrder": "preorder"}
FIELDS = ("id", "item_group_id", "title", "link", "image_link", "additional_image_link", "price",
          "availability", "brand", "color", "mpn", "size", "description")  # fmt: skip


def answer(
    shop: FakeShop, path: str, query: dict[str, str]
) -> tuple[bytes, str, dict[str, str]] | None:
    """Body, type and headers of a list; None for any other path."""
    page, products = int(query.get("page", "1")), shop.products
    if path == "/meta.json":
        return json.dumps({"name": "Sole & Thread", "currency": "USD"}).encode(), JSON, {}
    if path == "/products.json":
        per = int(query.get("limit", "30"))
        found = [shopify(shop, list(group)) for group in by_model(products)]
        return json.dumps({"products": found[(page - 1) * per : page * per]}).encode(), JSON, {}
    if path == "/wp-json/wc/store/v1/products":
        if query.get("type") == "variation":
            own = [p for p in products if p.model.id == f"G{query['parent']}"]
            return json.dumps([woo_variation(shop, p) for p in own]).encode(), JSON, {}
        per = int(query.get("per_page", "10"))
        listed = [woo(shop, list(group)) for group in by_model(products)]
        total = {"X-WP-TotalPages": str(-(-len(listed) // per))}
        return json.dumps(listed[(page - 1) * per : page * per]).encode(), JSON, total
    if path == "/feed.xml":
        return feed_xml(shop), "application/xml", {}
    if path == "/feed.csv.gz":
        return gzip.compress(feed_csv(shop), mtime=0), "application/gzip", {}
    return None


JSON = "application/json"


def by_model(products: tuple[Product, ...]) -> list[list[Product]]:
    return [list(group) for _, group in groupby(products, key=lambda p: p.model.id)]


def shopify(shop: FakeShop, products: list[Product]) -> dict[str, Any]:
    m = products[0].model
    variants: list[dict[str, Any]] = []
    images: list[dict[str, Any]] = []
    for product in products:
        numbers = [int(product.sku[1:]) * 10 + n for n in range(len(SIZES))]
        photos = [{"id": len(images) + n + 1, "src": f"{url}?v=1", "variant_ids": []}
                  for n, url in enumerate(shop.photo_urls(product))]  # fmt: skip
        if photos:
            photos[0]["variant_ids"] = numbers
        images += photos
        variants += [
            {"id": number, "option1": product.color, "option2": size, "sku": product.sku,
             "price": str(product.price), "available": product.availability == "InStock",
             "featured_image": photos[0] if photos else None}
            for number, size in zip(numbers, SIZES, strict=True)
        ]  # fmt: skip
    return {
        "id": int(m.id[1:]), "title": m.name, "handle": m.slug, "vendor": m.brand.name,
        "product_type": m.category, "tags": [m.audience], "body_html": describe(products[0]),
        "options": [{"name": "Color", "position": 1}, {"name": "Size", "position": 2}],
        "variants": variants, "images": images,
    }  # fmt: skip


def woo(shop: FakeShop, products: list[Product]) -> dict[str, Any]:
    m = products[0].model
    terms = [{"name": p.color, "slug": slugify(p.color)} for p in products]
    return {
        "id": int(m.id[1:]), "name": m.name, "type": "variable", "sku": m.id, "has_options": True,
        "permalink": f"{shop.base_url}/product/{m.slug}/",
        "prices": woo_price(products[0]), "is_in_stock": True,
        "images": [{"src": url} for url in shop.photo_urls(products[0])],
        "categories": [{"name": m.category}], "brands": [{"name": m.brand.name}],
        "attributes": [{"name": "Color", "has_variations": True, "terms": terms}],
        "variations": [
            {"id": int(p.sku[1:]), "attributes": [{"name": "Color", "value": slugify(p.color)}]}
            for p in products
        ],
    }  # fmt: skip


def woo_price(product: Product) -> dict[str, Any]:
    return {"price": str(int(product.price * 100)), "currency_code": product.currency,
            "currency_minor_unit": 2}  # fmt: skip


def woo_variation(shop: FakeShop, product: Product) -> dict[str, Any]:
    return {
        "id": int(product.sku[1:]), "name": product.model.name, "type": "variation",
        "sku": product.sku, "prices": woo_price(product),
        "is_in_stock": product.availability == "InStock",
        "images": [{"src": url} for url in shop.photo_urls(product)],
    }  # fmt: skip


def rows(shop: FakeShop) -> list[dict[str, str]]:
    """A row for each size of each product, as feeds have them."""
    found = []
    for p in shop.products:
        photos = shop.photo_urls(p)
        row = {
            "id": p.sku, "item_group_id": p.model.id, "title": p.title,
            "link": shop.base_url + p.path, "image_link": photos[0] if photos else "",
            "additional_image_link": ",".join(photos[1:]), "price": f"{p.price} {p.currency}",
            "availability": _STOCK[p.availability], "brand": p.model.brand.name,
            "color": p.color.replace(" / ", "/"), "mpn": p.mpn, "description": describe(p),
        }  # fmt: skip
        found += [{**row, "size": size} for size in SIZES]
    return found


def feed_xml(shop: FakeShop) -> bytes:
    items = "".join(
        "<item>"
        + "".join(
            f"<g:{name}>{escape(value)}</g:{name}>"
            for name, told in row.items()
            for value in (told.split(",") if name == "additional_image_link" else [told])
            if value
        )
        + "</item>"
        for row in rows(shop)
    )
    head = '<?xml version="1.0"?><rss version="2.0" xmlns:g="http://base.google.com/ns/1.0">'
    return f"{head}<channel><title>Shop</title>{items}</channel></rss>".encode()


def feed_csv(shop: FakeShop) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, FIELDS, delimiter="\t")
    writer.writeheader()
    writer.writerows(rows(shop))
    return out.getvalue().encode()
