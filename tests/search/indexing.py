"""Stored photos and an index of their own for tests of embedding and indexing."""

from __future__ import annotations

import hashlib
import io
import secrets
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from celery import Task
from django.core.files.base import ContentFile
from PIL import Image, ImageDraw

from catalog.models import Brand, Colorway, ShoeImage, ShoeModel
from search.encoders import Encoder, get_encoder
from search.stores import get_store
from search.stores.base import VectorStore


def photo_bytes(number: int, *, size: tuple[int, int] = (160, 120)) -> bytes:
    """A JPEG that no other number gives."""
    rng = np.random.default_rng(number)
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    for _ in range(6):
        x, y, w, h = (int(v) for v in rng.integers((0, 0, 10, 10), (120, 90, 70, 60)))
        draw.rectangle((x, y, x + w, y + h), fill=tuple(int(v) for v in rng.integers(0, 220, 3)))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85)
    return out.getvalue()


def store_photo(number: int, *, content: bytes | None = None, **fields: Any) -> ShoeImage:
    """An accepted photo whose file is in the storage."""
    content = photo_bytes(number) if content is None else content
    image = ShoeImage(
        sha256=hashlib.sha256(b"%d" % number + content).hexdigest(),
        format="JPEG",
        byte_size=len(content),
        width=160,
        height=120,
        **fields,
    )
    # Not through ImageField.save, which would read the size of bytes that are broken on purpose.
    name = ShoeImage._meta.get_field("file").generate_filename(image, "x")
    image.file.name = image.file.storage.save(name, ContentFile(content))
    ShoeImage.objects.bulk_create([image])
    return image


def store_photos(count: int, *, start: int = 1, **fields: Any) -> list[ShoeImage]:
    return [store_photo(number, **fields) for number in range(start, start + count)]


def make_colorway(name: str = "Red", **fields: Any) -> Colorway:
    brand, _ = Brand.objects.get_or_create(name="Alba", slug="alba")
    model, _ = ShoeModel.objects.get_or_create(brand=brand, name="Runner", slug="runner")
    return Colorway.objects.create(model=model, brand=brand, name=name, **fields)


def configure(settings: Any, folder: Path, *, store: str) -> None:
    """An empty index below ``folder`` of an encoder that no other test uses."""
    settings.VAR_DIR = folder
    settings.MEDIA_ROOT = folder / "media"
    settings.SHOEFINDER_ENCODER = "fake"
    settings.SHOEFINDER_ENCODERS = {
        "fake": {
            "BACKEND": "tests.fakes.FakeEncoder",
            "OPTIONS": {"revision": secrets.token_hex(4)},
        }
    }
    settings.SHOEFINDER_EMBED_BATCH = 32
    settings.SHOEFINDER_STORE = store
    settings.SHOEFINDER_STORES = {
        "memory": {"BACKEND": "search.stores.memory.MemoryStore"},
        "faiss": {
            "BACKEND": "search.stores.faiss.FaissStore",
            "OPTIONS": {"path": folder / "index"},
        },
    }


def current_store(encoder: Encoder | None = None) -> VectorStore:
    encoder = encoder or get_encoder()
    return get_store(encoder_id=str(encoder.id), dim=encoder.dim)


def indexed() -> list[int]:
    """Ids of the photos that a search can find."""
    return [int(number) for number in current_store().ids()]


def assert_index_is_the_database() -> None:
    from search.services import index_verify

    report = index_verify()
    assert report.ok, report


@pytest.fixture(params=["memory", "faiss"])
def empty_index(request: pytest.FixtureRequest, settings: Any, tmp_path: Path) -> None:
    """Every test twice: with the store for tests and with the default one."""
    configure(settings, tmp_path, store=request.param)


@pytest.fixture
def celery_calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the tasks that were enqueued; none is run."""
    calls: list[str] = []
    monkeypatch.setattr(Task, "apply_async", lambda task, *args, **options: calls.append(task.name))
    return calls


@pytest.fixture
def faiss_index(settings: Any, tmp_path: Path) -> Path:
    """The folder of the index's files."""
    configure(settings, tmp_path, store="faiss")
    return tmp_path / "index"
