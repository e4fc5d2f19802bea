"""A product as the structured data that shops publish: JSON-LD, microdata, OpenGraph."""

from __future__ import annotations

import json
from collections.abc import Collection
from html import escape
from typing import Any, Literal

from tests.fakeshop.faults import Fault
from tests.fakeshop.products import Product

Kind = Literal["jsonld", "microdata", "opengraph"]
SHOP = "Sole & Thread"
GENDER = {"men": "male", "women": "female", "unisex": "unisex", "kids": "unisex"}


def jsonld(product: Product, *, base_url: str, photos: list[str], size: int,
           faults: Collection[Fault] = ()) -> dict[str, Any]:  # fmt: skip
    """The schema.org Product. Half of the models give ImageObjects, half plain addresses."""
    m = product.model
    url = base_url + product.path
    described = int(m.id[1:]) % 2 == 0
    images: list[Any] = [
        {"@type": "ImageObject", "contentUrl": photo, "url": photo,
        "caption": product.photos[i].view,
         "width": size, "height": size} if described and i < len(product.photos) else photo
        for i, photo in enumerate(photos)
    ]  # fmt: skip
    audience: dict[str, Any] = {"@type": "PeopleAudience", "suggestedGender": GENDER[m.audience]}
    if m.audience == "kids":
        audience["suggestedMaxAge"] = 12
    data: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "Product",
        "@id": url,
        "url": url,
        "name": product.title,
        "description": describe(product),
        "brand": {"@type": "Brand", "name": m.brand.name},
        "color": product.color,
        "sku": product.sku,
        "mpn": product.mpn,
        "category": f"Shoes > {m.category}",
        "material": m.material.title(),
        "audience": audience,
        "additionalProperty": [
            {"@type": "PropertyValue", "name": "Closure", "value": m.closure},
            {"@type": "PropertyValue", "name": "Silhouette", "value": m.silhouette},
        ],
        "isVariantOf": {
            "@type": "ProductGroup",
            "productGroupID": m.id,
            "name": m.name,
            "brand": {"@type": "Brand", "name": m.brand.name},
            "variesBy": "https://schema.org/color",
        },
    }
    if Fault.NO_PHOTOS not in faults:
        data["image"] = images
    if Fault.ODD_PRICE in faults:
        data["offers"] = {"@type": "Offer", "price": odd_price(product)}
    elif Fault.NO_OFFERS not in faults:
        data["offers"] = {
            "@type": "Offer",
            "url": url,
            "price": str(product.price),
            "priceCurrency": product.currency,
            "availability": f"https://schema.org/{product.availability}",
            "seller": {"@type": "Organization", "name": SHOP},
            "itemCondition": "https://schema.org/NewCondition",
        }
    return data


def jsonld_script(data: dict[str, Any], *, graph: bool, faults: Collection[Fault] = ()) -> str:
    """``data`` as script elements; in a ``@graph`` beside its breadcrumb, or alone."""
    whole: dict[str, Any] = data
    if graph:
        inner = {k: v for k, v in data.items() if k != "@context"}
        crumbs = {"@type": "BreadcrumbList", "itemListElement": [
            {"@type": "ListItem", "position": 1, "name": "Shoes"},
            {"@type": "ListItem", "position": 2, "name": data["name"]},
        ]}  # fmt: skip
        whole = {"@context": "https://schema.org", "@graph": [crumbs, inner]}
    text = json.dumps(whole, ensure_ascii=False).replace("</", "<\\/")
    script = f'<script type="application/ld+json">{text}</script>'
    if Fault.BROKEN_JSONLD in faults:
        script = (
            '<script type="application/ld+json">{"@type": "Product", "name": </script>' + script
        )
    return script


def microdata(product: Product, *, base_url: str, photos: list[str],
              faults: Collection[Fault] = ()) -> str:  # fmt: skip
    """Meta elements to stand inside an itemscope of schema.org/Product."""
    m = product.model
    out = [
        f'<meta itemprop="name" content="{escape(product.title)}">',
        '<span itemprop="brand" itemscope itemtype="https://schema.org/Brand">'
        f'<meta itemprop="name" content="{escape(m.brand.name)}"></span>',
        f'<meta itemprop="sku" content="{product.sku}">'
        f'<meta itemprop="mpn" content="{product.mpn}">',
        f'<meta itemprop="color" content="{escape(product.color)}">',
        f'<meta itemprop="category" content="{escape(f"Shoes > {m.category}")}">',
        f'<meta itemprop="material" content="{m.material.title()}">',
        f'<link itemprop="url" href="{base_url}{product.path}">',
        '<span itemprop="audience" itemscope itemtype="https://schema.org/PeopleAudience">'
        f'<meta itemprop="suggestedGender" content="{GENDER[m.audience]}"></span>',
        '<span itemprop="isVariantOf" itemscope itemtype="https://schema.org/ProductGroup">'
        f'<meta itemprop="productGroupID" content="{m.id}">'
        f'<meta itemprop="name" content="{escape(m.name)}"></span>',
    ]
    if Fault.NO_PHOTOS not in faults:
        out += [f'<link itemprop="image" href="{escape(photo)}">' for photo in photos]
    if Fault.ODD_PRICE in faults:
        out.append('<span itemprop="offers" itemscope itemtype="https://schema.org/Offer">'
                   f'<span itemprop="price">{odd_price(product)}</span></span>')  # fmt: skip
    elif Fault.NO_OFFERS not in faults:
        out.append(
            '<span itemprop="offers" itemscope itemtype="https://schema.org/Offer">'
            f'<meta itemprop="price" content="{product.price}">'
            f'<meta itemprop="priceCurrency" content="{product.currency}">'
            f'<link itemprop="availability" href="https://schema.org/{product.availability}"></span>'
        )
    return "".join(out)


def opengraph(product: Product, *, base_url: str, photos: list[str],
              faults: Collection[Fault] = ()) -> str:  # fmt: skip
    m = product.model
    pairs = [
        ("og:type", "product"),
        ("og:site_name", SHOP),
        ("og:title", product.title),
        ("og:url", base_url + product.path),
        ("og:description", describe(product)),
        ("product:brand", m.brand.name),
        ("product:color", product.color),
        ("product:material", m.material.title()),
        ("product:category", m.category),
        ("product:target_gender", GENDER[m.audience]),
        ("product:item_group_id", m.id),
        ("product:mfr_part_no", product.mpn),
        ("product:retailer_item_id", product.sku),
    ]
    if Fault.NO_PHOTOS not in faults:
        pairs += [("og:image", photo) for photo in photos]
    if Fault.ODD_PRICE in faults:
        pairs.append(("product:price:amount", odd_price(product)))
    elif Fault.NO_OFFERS not in faults:
        pairs += [
            ("product:price:amount", str(product.price)),
            ("product:price:currency", product.currency),
            ("product:availability", {"InStock": "in stock", "OutOfStock": "oos",
                                      "PreOrder": "preorder"}[product.availability]),
        ]  # fmt: skip
    return "".join(f'<meta property="{name}" content="{escape(value)}">' for name, value in pairs)


def odd_price(product: Product) -> str:
    """The price as a German shop prints it, a thousand dearer so that it has both separators."""
    whole, cents = divmod(int(product.price * 100) + 100_000, 100)
    return f"{whole // 1000}.{whole % 1000:03d},{cents:02d} €"


def describe(product: Product) -> str:
    m = product.model
    who = {"men": "men", "women": "women", "unisex": "everyone", "kids": "children"}[m.audience]
    return (
        f"The {m.brand.name} {m.name} is a {m.silhouette} in {m.material} for {who}, "
        f"here in {', '.join(product.colour_names)}. {m.closure} closure."
    )
