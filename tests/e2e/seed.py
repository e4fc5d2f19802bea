"""Makes the browser tests' catalog: drawn shoes, through the services, embedded and indexed.

python -m tests.e2e.seed 32
"""

from __future__ import annotations

import sys
from decimal import Decimal

import django

PHOTO_SIZE = 160


def seed(count: int) -> None:
    from django.core.management import call_command

    from catalog.services import listing_upsert, photo_store, retailer_get_or_create
    from catalog.types import ListingDraft
    from search.services import embed_pending
    from tests.fakeshop import catalog
    from tests.fakeshop.drawing import photo_bytes

    call_command("migrate", verbosity=0)
    shops = [
        retailer_get_or_create(name=name, website=f"https://{name.lower()}.example/")
        for name in ("Solemates", "Laceworks")
    ]
    for number, product in enumerate(catalog(limit=count)):
        model = product.model
        written = listing_upsert(
            retailer=shops[number % 2],
            draft=ListingDraft(
                url=f"https://shop.example/p/{product.sku}",
                title=f"{model.brand.name} {model.name}",
                sku=product.sku,
                mpn=product.mpn,
                brand=model.brand.name,
                model=model.name,
                group_id=model.id,
                colour=" / ".join(product.colours),
                category=model.category,
                gender=model.audience,
                price=Decimal(product.price),
                currency="USD",
                availability="in-stock",
            ),
        )
        # A second photo of every third shoe is enough to show "more photos".
        for position, photo in enumerate(product.photos[: 2 if number % 3 == 0 else 1]):
            photo_store(
                content=photo_bytes(product.look, photo.scene, size=PHOTO_SIZE),
                url=f"https://shop.example/img/{product.sku}-{position}.jpg",
                listing=written.listing,
                position=position,
            )
    embed_pending()


if __name__ == "__main__":
    django.setup()
    seed(int(sys.argv[1]))
