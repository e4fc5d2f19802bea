"""The site with a small catalog behind it, for tests of pages and API."""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from search.encoders import get_encoder
from search.stores import get_store
from tests.catalog.photos import bomb, encoded, picture
from tests.search.encoders.contract import drawn_shoe
from tests.search.indexing import configure
from tests.search.shelf import Shelf


def jpeg(colour: str = "red", **options: Any) -> bytes:
    return encoded(drawn_shoe(colour, size=(160, 120)), quality=90, **options)


def upload(content: bytes, name: str = "shoe.jpg", kind: str = "image/jpeg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type=kind)


@dataclass
class Site:
    """A client, and what stands on the shelf."""

    shelf: Shelf
    client: Client = field(default_factory=Client)
    htmx: dict[str, str] = field(default_factory=lambda: {"HX-Request": "true"})

    def photo_sent(self, content: bytes | None = None, **fields: str) -> str:
        """Send a photo by the form; returns the address of its query."""
        answer = self.client.post("/", {"file": upload(content or jpeg()), **fields})
        assert answer.status_code == 303, answer.content
        address: str = answer["Location"]
        return address


@pytest.fixture
def bare_site(db: None, settings: Any, tmp_path: Path) -> Site:
    """Nothing in the catalog, and no index."""
    configure(settings, tmp_path, store="memory")
    shelf = Shelf()
    shelf.encoder = get_encoder()  # type: ignore[assignment]
    shelf.store = get_store(  # type: ignore[assignment]
        encoder_id=str(shelf.encoder.id), dim=shelf.encoder.dim
    )
    return Site(shelf)


@pytest.fixture
def site(bare_site: Site) -> Site:
    """Five colorways of two brands; the red runner has three photos."""
    shelf = bare_site.shelf
    shelf.colorway("red", photos=3, price=89.5)
    shelf.colorway("blue", price=120)
    shelf.colorway("black", model="Court", price=60, height="high")
    shelf.colorway("white", model="Court")
    shelf.colorway("green", brand="Borea", model="Trail", price=99)
    shelf.publish()
    return bare_site


def _gif() -> bytes:
    frames = [drawn_shoe("red", size=(160, 120)), drawn_shoe("blue", size=(160, 120))]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    return out.getvalue()


def _turned(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(picture(), exif=exif)


GOOD: dict[str, bytes] = {
    "jpeg": jpeg(),
    "png named jpg": encoded(picture(), "PNG"),
    "webp": encoded(picture(), "WEBP"),
    "avif": encoded(picture(), "AVIF"),
    "heic": encoded(picture(), "HEIF"),
    "animated gif": _gif(),
    "cmyk": encoded(picture().convert("CMYK")),
    "16 bit": encoded(picture().convert("L").convert("I;16"), "PNG"),
    "palette with transparency": encoded(picture().convert("P"), "PNG", transparency=0),
} | {f"orientation {number}": _turned(number) for number in range(1, 9)}
"""Odd, but photos: each must be taken in."""

BAD: dict[str, tuple[bytes, int, str]] = {
    "text": (b"hello, I am a shoe", 415, "not a photo"),
    "pdf named jpg": (b"%PDF-1.7 shoe", 415, "PDF"),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', 415, "SVG"),
    "truncated": (jpeg()[:-600], 422, "damaged"),
    "header only": (jpeg()[:20], 422, "damaged"),
    "empty": (b"", 400, "empty"),
    "bomb": (bomb(), 413, "pixels"),
    "one pixel": (encoded(Image.new("RGB", (1, 1)), "PNG"), 422, "at least 32"),
}
"""No photos, or none of ours: status and a word of the message."""


def problem(answer: Any) -> dict[str, Any]:
    assert answer["Content-Type"] == "application/problem+json"
    found: dict[str, Any] = json.loads(answer.content)
    assert found["status"] == answer.status_code
    assert found["detail"]
    assert "Traceback" not in answer.content.decode()
    return found


def text(answer: Any) -> str:
    """What a reader sees, roughly: no tags, single spaces."""
    body = re.sub(r"<(script|style).*?</\1>", " ", answer.content.decode(), flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())
