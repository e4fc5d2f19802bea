"""Rows for tests. What the services derive (slugs, repeated columns) is derived here as well."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import Any

import factory

from catalog import models
from catalog.images import perceptual_hash
from catalog.services.colorways import colour_key_of, sort_name_of
from catalog.services.photos import file_write
from catalog.text import slug_for
from catalog.types import ListingDraft
from tests.catalog.photos import picture


class BrandFactory(factory.django.DjangoModelFactory[models.Brand]):
    class Meta:
        model = models.Brand

    name = factory.Sequence(lambda n: f"Brand {n}")
    slug = factory.LazyAttribute(
        lambda o: slug_for(o.name, fallback=hashlib.md5(o.name.encode()).hexdigest())
    )


class BrandAliasFactory(factory.django.DjangoModelFactory[models.BrandAlias]):
    class Meta:
        model = models.BrandAlias

    brand = factory.SubFactory(BrandFactory)
    name = factory.Sequence(lambda n: f"Brand alias {n}")


class ShoeModelFactory(factory.django.DjangoModelFactory[models.ShoeModel]):
    class Meta:
        model = models.ShoeModel

    brand = factory.SubFactory(BrandFactory)
    name = factory.Sequence(lambda n: f"Model {n}")
    slug = factory.LazyAttribute(
        lambda o: slug_for(o.name, fallback=hashlib.md5(o.name.encode()).hexdigest())
    )


class ShoeModelAliasFactory(factory.django.DjangoModelFactory[models.ShoeModelAlias]):
    class Meta:
        model = models.ShoeModelAlias

    model = factory.SubFactory(ShoeModelFactory)
    brand = factory.SelfAttribute("model.brand")
    name = factory.Sequence(lambda n: f"Alias {n}")


class ColorwayFactory(factory.django.DjangoModelFactory[models.Colorway]):
    """``colours`` as published; the rows of colours are written too."""

    class Meta:
        model = models.Colorway
        skip_postgeneration_save = True

    model = factory.SubFactory(ShoeModelFactory)
    brand = factory.SelfAttribute("model.brand")
    name = "Black / White"
    style_code = factory.Sequence(lambda n: f"SC{n:05}")
    colour_key = factory.LazyAttribute(lambda o: colour_key_of(o.name))
    category = factory.SelfAttribute("model.category")
    height = factory.SelfAttribute("model.height")
    gender = factory.SelfAttribute("model.gender")
    sort_name = factory.LazyAttribute(lambda o: sort_name_of(o.model, o.name))

    @factory.post_generation
    def colour_rows(obj: Any, create: bool, extracted: Any, **kwargs: Any) -> None:  # noqa: N805
        if create:
            models.ColorwayColour.objects.bulk_create(
                models.ColorwayColour(colorway=obj, colour=slug, position=position)
                for position, slug in enumerate(obj.colours)
            )


class RetailerFactory(factory.django.DjangoModelFactory[models.Retailer]):
    class Meta:
        model = models.Retailer

    name = factory.Sequence(lambda n: f"Shop {n}")
    slug = factory.LazyAttribute(
        lambda o: slug_for(o.name, fallback=hashlib.md5(o.name.encode()).hexdigest())
    )
    website = "https://shop.example/"


class ListingFactory(factory.django.DjangoModelFactory[models.Listing]):
    """A live offer; its colorway repeats price and availability."""

    class Meta:
        model = models.Listing
        skip_postgeneration_save = True

    retailer = factory.SubFactory(RetailerFactory)
    colorway = factory.SubFactory(ColorwayFactory)
    url = factory.Sequence(lambda n: f"https://shop.example/p/{n}")
    url_sha256 = factory.LazyAttribute(lambda o: hashlib.sha256(o.url.encode()).hexdigest())
    title = factory.Sequence(lambda n: f"Listing {n}")
    sku = factory.Sequence(lambda n: f"SKU{n}")
    price = Decimal("79.90")
    currency = "USD"
    availability = models.Availability.IN_STOCK

    @factory.post_generation
    def refreshed(obj: Any, create: bool, extracted: Any, **kwargs: Any) -> None:  # noqa: N805
        from catalog.services import colorways_refresh

        if create and obj.colorway_id:
            colorways_refresh([obj.colorway_id])
            obj.colorway.refresh_from_db()


class ShoeImageFactory(factory.django.DjangoModelFactory[models.ShoeImage]):
    """A row with its file. ``seed`` draws another photo; ``with_file=False`` writes none."""

    class Meta:
        model = models.ShoeImage
        skip_postgeneration_save = True

    class Params:
        seed = factory.Sequence(lambda n: n + 1)
        content = factory.LazyAttribute(lambda o: _content(o.seed))

    sha256 = factory.LazyAttribute(lambda o: hashlib.sha256(o.content).hexdigest())
    perceptual_hash = factory.LazyAttribute(lambda o: perceptual_hash(picture(seed=o.seed)))
    file = factory.LazyAttribute(lambda o: f"photos/{o.sha256[:2]}/{o.sha256[2:4]}/{o.sha256}.jpeg")
    format = "JPEG"
    byte_size = factory.LazyAttribute(lambda o: len(o.content))
    width = 120
    height = 80
    colorway = factory.SubFactory(ColorwayFactory)

    @factory.post_generation
    def with_file(obj: Any, create: bool, extracted: Any, **kwargs: Any) -> None:  # noqa: N805
        if create and extracted is not False:
            content = _CONTENTS[obj.sha256]
            file_write(obj.file.storage, obj.file.name, content)


_CONTENTS: dict[str, bytes] = {}


def _content(seed: int) -> bytes:
    from tests.catalog.photos import encoded

    content = encoded(picture(seed=seed), comment=str(seed).encode())
    _CONTENTS[hashlib.sha256(content).hexdigest()] = content
    return content


class ImageSourceFactory(factory.django.DjangoModelFactory[models.ImageSource]):
    class Meta:
        model = models.ImageSource

    image = factory.SubFactory(ShoeImageFactory)
    url = factory.Sequence(lambda n: f"https://shop.example/img/{n}.jpg")
    url_sha256 = factory.LazyAttribute(lambda o: hashlib.sha256(o.url.encode()).hexdigest())
    listing = factory.SubFactory(ListingFactory, colorway=factory.SelfAttribute("..image.colorway"))


def draft(**changes: Any) -> ListingDraft:
    """A page as a good shop publishes it."""
    fields: dict[str, Any] = {
        "url": "https://shop.example/p/runner-black",
        "title": "Acme Runner Low Black / White",
        "brand": "Acme",
        "model": "Runner Low",
        "group_id": "g1",
        "colour": "Black / White",
        "sku": "A-1",
        "mpn": "AC1001",
        "category": "Running",
        "gender": "Men's",
        "price": Decimal("99.90"),
        "currency": "USD",
        "availability": "in-stock",
    }
    return ListingDraft(**(fields | changes))
