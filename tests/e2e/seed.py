"""Makes the browser tests' catalog: drawn shoes, through the services, embedded and indexed.

python -m tests.e2e.seed 32
"""

from __future__ import annotations

import sys
from decimal import Decimal

import django

PHOTO_SIZE = 160
ADMIN = "admin"
"""Name and password."""


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
    seed_admin()


def seed_admin() -> None:
    """Somebody who may do everything, and a row of each kind that the admin shows."""
    from django.contrib.auth.models import User
    from django.utils import timezone

    from catalog.models import Colorway, Retailer
    from catalog.services import Prediction, listing_upsert, predictions_write
    from catalog.types import ListingDraft
    from crawler.models import CrawlRun, PhotoImport
    from crawler.services import crawl_source_ensure, letters_write
    from crawler.types import Letter
    from search.models import NameReport, RecogniserFit, RulesReplay

    User.objects.create_superuser(ADMIN, password=ADMIN)
    shop = crawl_source_ensure(name="Outlet", seeds=["https://outlet.example/"])
    run = CrawlRun.objects.create(
        source=shop, trigger="admin", status="done", complete=True, pages=40, products=30, errors=1,
        started_at=timezone.now(), finished_at=timezone.now(), seconds=9.0,
    )  # fmt: skip
    url = "https://outlet.example/p/1"
    request = {"url": url, "callback": "parse", "meta": {}}
    failed = Letter(url=url, kind="page", reason="http-503", message="Away.", request=request)
    letters_write(run.pk, [failed], [])
    run.error_kinds.create(kind="http-503", count=1, examples=[{"url": url, "message": "Away."}])
    params = {"models": ["brand,model", "Norrvik,Cove"], "suffixes": ["none"]}
    crawl_source_ensure(
        name="Photos", seeds=["https://images.example/"], spider="imagesearch", params=params
    )
    PhotoImport.objects.create(
        folder="own", status="done", done=2, total=2, created=1, rejected=1,
        rejections=[{"line": 0, "what": "karo/bad.jpg", "reason": "No photo."}],
    )  # fmt: skip
    listing_upsert(
        retailer=Retailer.objects.earliest("pk"),
        draft=ListingDraft(url="https://shop.example/used", title="Mystery sneaker 44"),
    )
    # Too unsure to change what visitors see.
    unsure = Prediction(
        colorway_id=Colorway.objects.earliest("pk").pk, attribute="height", value="high",
        confidence=0.3,
    )  # fmt: skip
    predictions_write(predictions=[unsure], encoder_id="fake")
    RulesReplay.objects.create(
        status="done", done=9, total=9, rejected={"blurred": 2}, finished_at=timezone.now()
    )
    RecogniserFit.objects.create(
        encoder_id="fake", method="tip-adapter-f", status="running", doing="Holding out photos",
        count=3, total=10, heartbeat_at=timezone.now(),
    )  # fmt: skip
    RecogniserFit.objects.create(
        encoder_id="fake", method="blend", status="done", photos=40, shoe_models=20,
        figures={"top1": 0.9, "known": 60.0, "false_names": 0.1, "unknown": 40.0},
    )  # fmt: skip
    shoe = Colorway.objects.earliest("pk").model
    NameReport.objects.create(
        kind="mine", encoder_id="fake", vector=b"", method="tip-adapter-f", named=shoe, model=shoe,
        said="The left one of two that stand on a shelf", photo="photos/none.jpg",
    )  # fmt: skip


if __name__ == "__main__":
    django.setup()
    seed(int(sys.argv[1]))
