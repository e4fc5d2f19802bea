"""A small catalog that search can stand on: drawn shoes, their vectors, an index in memory."""

from __future__ import annotations

import hashlib
import io
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from django.core.files.base import ContentFile
from django.utils.text import slugify
from PIL import Image

from catalog.models import Brand, Colorway, ColorwayColour, Listing, Retailer, ShoeImage, ShoeModel
from catalog.selectors import image_payloads
from search import Query, SearchPage, search
from search.models import ImageEmbedding
from search.queries import query_photo_create
from search.stores.memory import MemoryStore
from tests.fakes import FakeEncoder
from tests.search.encoders.contract import drawn_shoe


class Shelf:
    """Adds shoes, and publishes an index of what is there."""

    def __init__(self) -> None:
        self.encoder = FakeEncoder()
        self.store = MemoryStore(encoder_id=str(self.encoder.id), dim=self.encoder.dim)
        # Its own, not the process's: what a test draws depends on no test before it.
        self._numbers = itertools.count(1)
        self.shop = Retailer.objects.get_or_create(name="Shop", slug="shop")[0]

    def colorway(
        self,
        colour: str = "red",
        *,
        model: str = "Runner",
        brand: str = "Acme",
        photos: int = 1,
        price: float | None = None,
        height: str = "",
    ) -> Colorway:
        """A colorway with photos drawn in its colour, each of another size and so another one."""
        maker = Brand.objects.get_or_create(name=brand, slug=slugify(brand))[0]
        style = ShoeModel.objects.get_or_create(
            brand=maker, name=model, slug=slugify(model), defaults={"height": height}
        )[0]
        number = next(self._numbers)
        colorway = Colorway.objects.create(
            model=style, brand=maker, name=f"{colour} {number}", style_code=f"S{number}",
            colour_key=colour, price=price, height=height, is_available=price is not None,
        )  # fmt: skip
        ColorwayColour.objects.create(colorway=colorway, colour=colour, position=0)
        url = f"https://shop.test/{number}"
        Listing.objects.create(
            retailer=self.shop, colorway=colorway, url=url, title=str(colorway), price=price,
            url_sha256=hashlib.sha256(url.encode()).hexdigest(), currency="USD",
        )  # fmt: skip
        for _ in range(photos):
            rows, columns = divmod(next(self._numbers), 50)
            self.photo(colorway, drawn_shoe(colour, size=(160 + 3 * columns, 120 + 3 * rows)))
        return colorway

    def photo(self, colorway: Colorway | None, image: Image.Image) -> ShoeImage:
        content = png(image)
        photo = ShoeImage(
            sha256=hashlib.sha256(content).hexdigest(), format="PNG", byte_size=len(content),
            colorway=colorway, width=image.width, height=image.height,
        )  # fmt: skip
        photo.file.save("shoe.png", ContentFile(content), save=False)
        photo.save()
        vector = self.encoder.encode_images([image])[0]
        ImageEmbedding.objects.create(
            image=photo, encoder_id=str(self.encoder.id), vector=vector.tobytes()
        )
        return photo

    def publish(self) -> None:
        """Index every photo that has a vector, with what it can be filtered by."""
        rows = ImageEmbedding.objects.filter(encoder_id=str(self.encoder.id))
        pairs = list(rows.values_list("image_id", "vector"))
        ids: Sequence[int] = [image for image, _ in pairs]
        if ids:
            vectors = np.stack([np.frombuffer(raw, "<f4") for _, raw in pairs])
            payloads = image_payloads(ids)
            self.store.upsert(ids, vectors, [payloads[image] for image in ids])
        self.store.publish()


def png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def upload(colour: str) -> str:
    """The token of a visitor's photo of a shoe in that colour."""
    return query_photo_create(png(drawn_shoe(colour, size=(300, 210)))).token


Ask = Callable[..., SearchPage]


@pytest.fixture
def ask(shelf: Shelf) -> Ask:
    """Searches what the test's ``shelf`` holds."""

    def asked(query: Query, **options: Any) -> SearchPage:
        return search(query, encoder=shelf.encoder, store=shelf.store, **options)

    return asked
