"""The shop's pages as HTML."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from html import escape

from tests.fakeshop.faults import Fault
from tests.fakeshop.products import Product, slugify
from tests.fakeshop.structured import (
    SHOP,
    Kind,
    describe,
    jsonld,
    jsonld_script,
    microdata,
    opengraph,
)

STYLE = """
:root{color-scheme:light;--ink:#1c1c1e;--soft:#6b6b70;--line:#e6e6e8}
*{box-sizing:border-box}
body{margin:0;font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:#fff}
header,main,footer{max-width:1180px;margin:auto;padding:1rem 1.25rem}
header{display:flex;flex-wrap:wrap;gap:.4rem 1.4rem;align-items:baseline;
 border-bottom:1px solid var(--line)}
header strong{font-size:1.35rem;letter-spacing:-.02em;margin-right:auto}
a{color:inherit;text-decoration:none}a:hover,a:focus{text-decoration:underline}
nav{display:flex;flex-wrap:wrap;gap:.3rem 1rem;color:var(--soft)}
h1{font-size:1.6rem;letter-spacing:-.02em;line-height:1.2}
.grid{list-style:none;padding:0;margin:0;display:grid;gap:1.4rem 1rem;
 grid-template-columns:repeat(auto-fill,minmax(190px,1fr))}
.grid img,.shots img{width:100%;aspect-ratio:1;object-fit:cover;
 background:#f4f4f5;border-radius:10px;display:block}
.grid small,.soft{color:var(--soft);display:block}
.product{display:grid;gap:2rem;grid-template-columns:minmax(0,3fr) minmax(0,2fr)}
@media(max-width:720px){.product{grid-template-columns:1fr}}
.shots{display:grid;gap:.7rem;grid-template-columns:repeat(2,1fr)}
.price{font-size:1.35rem;font-weight:600}
.colours{list-style:none;padding:0;display:flex;flex-wrap:wrap;gap:.5rem}
.colours img{width:76px;height:76px;border-radius:8px;border:1px solid var(--line)}
.colours [aria-current] img{border:2px solid var(--ink)}
dl{display:grid;grid-template-columns:auto 1fr;gap:.2rem 1rem}dt{color:var(--soft)}dd{margin:0}
.pages{display:flex;justify-content:space-between;margin:2rem 0}
footer{color:var(--soft);border-top:1px solid var(--line);margin-top:3rem}
"""


def page(title: str, body: str, *, head: str = "", departments: Sequence[str] = (),
         traps: Sequence[str] = ()) -> bytes:  # fmt: skip
    """A whole document. ``traps`` are addresses of faults, linked in the footer."""
    links = "".join(f'<a href="/c/{slugify(name)}">{escape(name)}</a>' for name in departments)
    odd = " ".join(
        f'<a href="{escape(path)}">{escape(path.rsplit("/", 1)[1])}</a>' for path in traps
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(title)} · {escape(SHOP)}</title>"
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<link rel="stylesheet" href="/style.css"><link rel="icon" href="data:,">{head}'
        "</head><body>"
        f'<header><strong><a href="/">{escape(SHOP)}</a></strong><nav aria-label="Departments">'
        f'<a href="/c/all-shoes">All shoes</a>{links}</nav></header><main>{body}</main>'
        '<footer>A made-up shop with drawn shoes. <a href="/cart">Cart</a> '
        f'<a href="/private/staff">Staff</a> {odd}</footer></body></html>'
    ).encode()


def money(product: Product) -> str:
    return f"{product.price} {product.currency}"


def tiles(products: Sequence[Product]) -> str:
    return '<ul class="grid">' + "".join(
        f'<li><a href="{p.path}"><img src="{p.photo_path(0)}" alt="" loading="lazy">'
        f"{escape(p.model.brand.name)} {escape(p.model.name)}"
        f"<small>{escape(p.color)}</small>{money(p)}</a></li>"
        for p in products
    ) + "</ul>"  # fmt: skip


def home(products: Sequence[Product], departments: Sequence[str], traps: Sequence[str]) -> bytes:
    body = (
        "<h1>Shoes that nobody has worn</h1>"
        f"<p class=soft>{len(products)} colours to choose from.</p>"
        f"{tiles(products[:: max(1, len(products) // 12)][:12])}"
        '<p class="pages"><a href="/c/all-shoes">See all shoes →</a></p>'
    )
    return page("Home", body, departments=departments, traps=traps)


def category(name: str, products: Sequence[Product], *, number: int, per_page: int,
             departments: Sequence[str], traps: Sequence[str]) -> bytes:  # fmt: skip
    """Page ``number`` (from 1) of a department, with rel=prev and rel=next."""
    last = max(1, -(-len(products) // per_page))
    here = f"/c/{slugify(name)}"
    shown = products[(number - 1) * per_page : number * per_page]
    head = f'<link rel="canonical" href="{here}?page={number}">'
    before = after = "<span></span>"
    if number > 1:
        head += f'<link rel="prev" href="{here}?page={number - 1}">'
        before = f'<a rel="prev" href="{here}?page={number - 1}">← Previous</a>'
    if number < last:
        head += f'<link rel="next" href="{here}?page={number + 1}">'
        after = f'<a rel="next" href="{here}?page={number + 1}">Next →</a>'
    body = (
        f"<h1>{escape(name)}</h1>"
        f"<p class=soft>{len(products)} products, page {number} of {last}</p>"
        f'{tiles(shown)}<div class="pages">{before}{after}</div>'
    )
    return page(name, body, head=head, departments=departments, traps=traps)


def product_page(product: Product, siblings: Sequence[Product], *, kind: Kind, base_url: str,
                 photos: list[str], size: int, departments: Sequence[str],
                 faults: Collection[Fault] = ()) -> bytes:  # fmt: skip
    """``photos`` are the absolute addresses to publish, ``siblings`` the model's colorways."""
    m = product.model
    head, scope, inner = f'<link rel="canonical" href="{base_url}{product.path}">', "", ""
    if kind == "jsonld":
        data = jsonld(product, base_url=base_url, photos=photos, size=size, faults=faults)
        head += jsonld_script(data, graph=int(m.id[1:]) % 3 == 0, faults=faults)
    elif kind == "microdata":
        scope = ' itemscope itemtype="https://schema.org/Product"'
        inner = microdata(product, base_url=base_url, photos=photos, faults=faults)
    else:
        head += opengraph(product, base_url=base_url, photos=photos, faults=faults)
    shots = "" if Fault.NO_PHOTOS in faults else "".join(
        f'<img src="{escape(url)}" alt="{escape(product.title)}">' for url in photos
    )  # fmt: skip
    others = "".join(
        f'<li><a href="{o.path}"{" aria-current=page" if o.sku == product.sku else ""}'
        f' title="{escape(o.color)}">'
        f'<img src="{o.photo_path(0)}" alt="{escape(o.color)}" loading="lazy"></a></li>'
        for o in siblings
    )
    facts = "".join(
        f"<dt>{name}</dt><dd>{escape(value)}</dd>"
        for name, value in (
            ("Style code", product.mpn), ("For", m.audience.title()),
            ("Material", m.material.title()), ("Closure", m.closure), ("Category", m.category),
        )
    )  # fmt: skip
    stock = {"InStock": "In stock", "OutOfStock": "Sold out", "PreOrder": "Pre-order"}
    price = "Price on request" if Fault.NO_OFFERS in faults else money(product)
    body = (
        f'<article class="product"{scope}>{inner}<div class="shots">{shots}</div>'
        f"<div><p class=soft>{escape(m.brand.name)}</p><h1>{escape(m.name)}</h1>"
        f"<p>{escape(product.color)}</p>"
        f'<p class="price">{price}</p><p class=soft>{stock[product.availability]}</p>'
        f'<ul class="colours">{others}</ul><p>{escape(describe(product))}</p>'
        f"<dl>{facts}</dl></div></article>"
    )
    return page(product.title, body, head=head, departments=departments)
