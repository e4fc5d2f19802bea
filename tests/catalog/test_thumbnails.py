"""Small versions of photos."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from django.template import Context, Template
from django.test import Client
from PIL import Image

from catalog.models import ImageStatus, ShoeImage
from catalog.selectors import Cover
from catalog.thumbnails import thumbnail_url, thumbnail_widths
from tests.factories import ShoeImageFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def photo(settings: Any, tmp_path: Path) -> ShoeImage:
    settings.MEDIA_ROOT = tmp_path
    made: ShoeImage = ShoeImageFactory()
    return made


def test_a_small_version_is_made_once_and_cached_for_good(
    client: Client, photo: ShoeImage, tmp_path: Path
) -> None:
    answer = client.get(thumbnail_url(photo, 160))
    assert answer.status_code == 200
    assert answer["Content-Type"] == "image/webp"
    assert "immutable" in answer["Cache-Control"]
    content = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    with Image.open(io.BytesIO(content)) as image:
        assert image.format == "WEBP"
        assert max(image.size) == 120  # never enlarged
    (made,) = (tmp_path / "thumbs").rglob("*.webp")
    made.write_bytes(b"kept")
    again = client.get(thumbnail_url(photo, 160))
    assert b"".join(again.streaming_content) == b"kept"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "change",
    ["size", "digest", "id", "zero"],
)
def test_only_addresses_that_we_wrote(client: Client, photo: ShoeImage, change: str) -> None:
    digest = photo.sha256[:8]
    address = {
        "size": f"/thumb/{photo.pk}-{digest}/4000.webp",
        "digest": f"/thumb/{photo.pk}-{'0' * 8}/160.webp",
        "id": f"/thumb/{10**30}-{digest}/160.webp",
        "zero": f"/thumb/{photo.pk}-{'%00' * 8}/160.webp",
    }[change]
    assert client.get(address).status_code == 404


def test_rejected_and_lost_photos_have_none(client: Client, photo: ShoeImage) -> None:
    address = thumbnail_url(photo, 320)
    ShoeImage.objects.update(status=ImageStatus.REJECTED)
    assert client.get(address).status_code == 404
    ShoeImage.objects.update(status=ImageStatus.ACCEPTED)
    photo.file.storage.delete(photo.file.name)
    assert client.get(address).status_code == 404


def test_a_broken_photo_leaves_no_half_file(
    client: Client, photo: ShoeImage, tmp_path: Path
) -> None:
    Path(photo.file.path).write_bytes(b"\xff\xd8\xff broken")
    assert client.get(thumbnail_url(photo, 320)).status_code == 404
    assert not list((tmp_path / "thumbs").rglob("*")) or not list(tmp_path.rglob("*.webp*"))


def test_widths_follow_the_photo() -> None:
    assert thumbnail_widths(Cover(1, "a" * 64, 1000, 500)) == {
        160: 160, 320: 320, 640: 640, 1280: 1000,
    }  # fmt: skip
    assert thumbnail_widths(Cover(1, "a" * 64, 500, 1000))[320] == 160
    assert thumbnail_widths(Cover(1, "a" * 64, 100, 80)) == {160: 100}


def test_the_tag_keeps_the_photos_space_and_loads_it_late() -> None:
    context = Context({"cover": Cover(7, "ab" * 32, 800, 600), "name": 'A "shoe"'})
    html = Template("{% load photos %}{% photo cover alt=name sizes='10rem' %}").render(context)
    assert 'width="800" height="600"' in html
    assert 'loading="lazy"' in html
    assert 'sizes="auto, 10rem"' in html
    assert "A &quot;shoe&quot;" in html
    assert "/thumb/7-abababab/640.webp 640w" in html
    first = Template("{% load photos %}{% photo cover eager=True %}").render(context)
    assert "lazy" not in first
    none = Template("{% load photos %}{% photo None %}").render(context)
    assert none == '<span class="photo-missing">No photo</span>'
