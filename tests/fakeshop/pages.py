"""The shop's pages, for people and for crawlers, in three dialects of structured data."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any, Literal

from tests.fakeshop.products import Item, Product

Dialect = Literal["jsonld", "microdata", "opengraph"]

STYLE = """
body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:70rem;padding:1rem;color:#222}
nav a{margin-right:1rem}ul.grid{list-style:none;padding:0;display:grid;gap:1.5rem;
grid-template-columns:repeat(auto-fill,minmax(11rem,1fr))}img{max-width:100%;border-radius:.5rem}
.price{font-weight:600}.photos{display:grid;gap:1rem;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr))}
"""


def path_of(product: Product, item: Item) -> str:
    return f"/p/{product.handle}/{item.sku}"


def photo_path(item: Item, number: int) -> str:
    return f"/img/{item.sku}-{number}.jpg"


def frame(title: str, *, head: str = "", body: str = "") -> bytes:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style>{head}</head>'
        '<body><nav><a href="/">Home</a><a href="/c/all">All shoes</a>'
        f'<a href="/private/staff">Staff</a><a href="/cart">Cart</a></nav>{body}</body></html>'
    ).encode()


def category_page(
    rows: Sequence[tuple[Product, Item]], *, page: int, more: bool, extra: str = ""
) -> bytes:
    cards = "".join(
        f'<li><a href="{path_of(p, i)}"><img src="{photo_path(i, 0)}" alt="" loading="lazy">'
        f'{escape(p.name)}</a><br>{escape(p.brand)}<br><span class="price">${i.price}</span></li>'
        for p, i in rows
    )
    onward = f'<a rel="next" href="/c/all?page={page + 1}">Next page</a>' if more else ""
    body = f'<h1>All shoes</h1><ul class="grid">{cards}</ul>{onward}{extra}'
    return frame("Shoes of brands that do not exist", body=body)


def product_page(
    product: Product,
    item: Item,
    *,
    base: str,
    dialect: Dialect,
    data: dict[str, Any],
    bad: str = "",
) -> bytes:
    """``data`` is the JSON-LD, perhaps spoiled; ``bad`` stands before it as it is."""
    title = product.title(item)
    head, main = "", f"<h1>{escape(title)}</h1>"
    if dialect == "jsonld":
        head = f'{bad}<script type="application/ld+json">{json.dumps(data)}</script>'
    elif dialect == "microdata":
        main = _microdata(product, item, data)
    else:
        head = _opengraph(product, item, base=base)
    photos = "".join(
        f'<img src="{photo_path(item, n)}" alt="{escape(scene.view)} view">'
        for n, scene in enumerate(item.scenes)
    )
    others = "".join(
        f'<li><a href="{path_of(product, other)}">{escape(other.colour)}</a></li>'
        for other in product.items
    )
    body = (
        f'{main}<p class="price">${item.price}</p><div class="photos">{photos}</div>'
        f"<h2>Colours</h2><ul>{others}</ul>"
    )
    return frame(title, head=head, body=body)


def jsonld(product: Product, item: Item, *, base: str) -> dict[str, Any]:
    return {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": product.title(item),
        "brand": {"@type": "Brand", "name": product.brand},
        "sku": item.sku,
        "mpn": item.style_code,
        "color": item.colour,
        "material": product.material,
        "category": product.category,
        "audience": {"@type": "PeopleAudience", "suggestedGender": product.gender},
        "image": [base + photo_path(item, number) for number in range(len(item.scenes))],
        "isVariantOf": {
            "@type": "ProductGroup",
            "productGroupID": product.group_id,
            "name": product.name,
            "variesBy": "https://schema.org/color",
        },
        "offers": {
            "@type": "Offer",
            "price": str(item.price),
            "priceCurrency": item.currency,
            "availability": f"https://schema.org/{item.availability}",
            "url": base + path_of(product, item),
        },
    }


def _microdata(product: Product, item: Item, data: dict[str, Any]) -> str:
    photos = "".join(f'<link itemprop="image" href="{url}">' for url in data.get("image", []))
    offer = data.get("offers") or {}
    offers = (
        '<div itemprop="offers" itemscope itemtype="https://schema.org/Offer">'
        f'<meta itemprop="price" content="{escape(str(offer.get("price", "")))}">'
        f'<meta itemprop="priceCurrency" content="{escape(offer.get("priceCurrency", ""))}">'
        f'<link itemprop="availability" href="{escape(offer.get("availability", ""))}"></div>'
        if offer
        else ""
    )
    return (
        '<div itemscope itemtype="https://schema.org/Product">'
        f'<h1 itemprop="name">{escape(product.title(item))}</h1>'
        '<span itemprop="brand" itemscope itemtype="https://schema.org/Brand">'
        f'<meta itemprop="name" content="{escape(product.brand)}"></span>'
        f'<meta itemprop="sku" content="{item.sku}">'
        f'<meta itemprop="mpn" content="{item.style_code}">'
        f'<meta itemprop="color" content="{escape(item.colour)}">{photos}{offers}</div>'
    )


def _opengraph(product: Product, item: Item, *, base: str) -> str:
    pairs = [
        ("og:type", "product"),
        ("og:title", product.title(item)),
        ("og:url", base + path_of(product, item)),
        *(("og:image", base + photo_path(item, n)) for n in range(len(item.scenes))),
        ("product:brand", product.brand),
        ("product:price:amount", str(item.price)),
        ("product:price:currency", item.currency),
        ("product:color", item.colour),
        ("product:retailer_item_id", item.sku),
    ]
    return "".join(f'<meta property="{key}" content="{escape(value)}">' for key, value in pairs)


SITEMAPS = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'


def sitemap_index(addresses: Iterable[str]) -> bytes:
    rows = "".join(f"<sitemap><loc>{address}</loc></sitemap>" for address in addresses)
    return f'<?xml version="1.0"?><sitemapindex {SITEMAPS}>{rows}</sitemapindex>'.encode()


def sitemap(rows: Iterable[tuple[str, str]]) -> bytes:
    """Gzipped; ``rows`` are addresses with their dates of change."""
    urls = "".join(f"<url><loc>{url}</loc><lastmod>{day}</lastmod></url>" for url, day in rows)
    text = f'<?xml version="1.0"?><urlset {SITEMAPS}>{urls}</urlset>'
    return gzip.compress(text.encode(), mtime=0)


def robots(base: str) -> bytes:
    return (
        "User-agent: *\nDisallow: /private/\nDisallow: /cart\n"
        f"Crawl-delay: 0\nSitemap: {base}/sitemap.xml\n"
    ).encode()
