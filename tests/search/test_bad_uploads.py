"""Every odd or hostile file, on the page and by the API: a clear message, the right status."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.test import Client, RequestFactory
from PIL import Image, ImageChops, ImageOps, ImageStat

from catalog.exceptions import PhotoRejected
from catalog.types import PhotoRejection
from search.models import QueryPhoto
from search.uploads import upload_capped
from tests.catalog.photos import encoded, picture
from tests.search.site import BAD, GOOD, Site, jpeg, problem, text, upload

API = ("/api/v1/photos", "/api/v1/search", "/api/v1/identify")


@pytest.mark.parametrize("name", GOOD)
def test_odd_photos_are_taken_in_upright_and_bare(site: Site, name: str) -> None:
    site.photo_sent(GOOD[name])
    kept = QueryPhoto.objects.get()
    with Image.open(io.BytesIO(GOOD[name])) as stored:
        size = ImageOps.exif_transpose(stored).size
    with Image.open(kept.file) as image:
        assert image.format == "JPEG"
        assert image.mode == "RGB"
        assert image.size == (kept.width, kept.height) == size
        assert not image.getexif()
        assert "icc_profile" not in image.info


@pytest.mark.parametrize("number", range(1, 9))
def test_a_photo_stands_as_the_camera_was_held(site: Site, number: int) -> None:
    content = GOOD[f"orientation {number}"]
    site.photo_sent(content)
    with (
        Image.open(io.BytesIO(content)) as stored,
        Image.open(QueryPhoto.objects.get().file) as now,
    ):
        difference = ImageChops.difference(ImageOps.exif_transpose(stored), now)
    assert ImageStat.Stat(difference).mean < [8.0, 8.0, 8.0]


def test_place_and_camera_do_not_stay(site: Site) -> None:
    exif = Image.Exif()
    exif[0x010F] = "ACME Camera"
    exif.get_ifd(0x8825)[1] = "N"
    site.photo_sent(encoded(picture(), exif=exif, comment=b"my home"))
    with QueryPhoto.objects.get().file.open("rb") as file:
        content = file.read()
    assert b"ACME" not in content
    assert b"my home" not in content


def test_large_photos_are_kept_smaller(site: Site) -> None:
    site.photo_sent(encoded(picture((3000, 900))))
    kept = QueryPhoto.objects.get()
    assert (kept.width, kept.height) == (1600, 480)


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_photo_is_told_on_the_page(site: Site, name: str) -> None:
    content, status, word = BAD[name]
    answer = site.client.post("/", {"file": upload(content), "q": "red"})
    assert answer.status_code == status
    assert word in text(answer)
    assert "Traceback" not in text(answer)
    assert 'value="red"' in answer.content.decode()
    part = site.client.post("/", {"file": upload(content)}, headers=site.htmx)
    assert (part.status_code, part["X-Told"]) == (status, "1")
    assert not QueryPhoto.objects.exists()


@pytest.mark.parametrize("address", API)
@pytest.mark.parametrize("name", BAD)
def test_what_is_no_photo_is_told_by_the_api(site: Site, name: str, address: str) -> None:
    content, status, word = BAD[name]
    found = problem(site.client.post(address, {"file": upload(content)}))
    assert found["status"] == status
    assert word in found["detail"]
    assert found["reason"]
    assert not QueryPhoto.objects.exists()


@pytest.mark.parametrize("address", ["/", *API])
def test_over_the_cap_nothing_is_read_in(site: Site, settings: Any, address: str) -> None:
    settings.SHOEFINDER_UPLOAD_MAX_BYTES = 1000
    answer = site.client.post(address, {"file": upload(jpeg() + b"\0" * 200_000)})
    assert answer.status_code == 413
    assert "0.2 MB" in answer.content.decode()


@pytest.mark.parametrize("address", ["/", *API])
def test_a_little_over_the_cap(site: Site, settings: Any, address: str) -> None:
    """The form around it may be larger than the cap; the photo may not."""
    settings.SHOEFINDER_UPLOAD_MAX_BYTES = 1000
    answer = site.client.post(address, {"file": upload(jpeg())})
    assert answer.status_code == 413
    assert "are taken" in answer.content.decode()


def test_the_body_over_the_cap_is_drained_and_the_view_not_called() -> None:
    def view(request: Any) -> Any:
        raise AssertionError

    def refuse(request: Any, error: PhotoRejected) -> Any:
        return error.reason

    request = RequestFactory().post("/", b"x" * 500_000, content_type="application/octet-stream")
    request.META["CONTENT_LENGTH"] = str(100 * 1024 * 1024)
    assert upload_capped(refuse)(view)(request) == PhotoRejection.TOO_MANY_BYTES  # type: ignore[comparison-overlap]
    assert request.read() == b""


@pytest.mark.parametrize("address", ["/", *API])
def test_a_broken_body(site: Site, address: str) -> None:
    kind = "multipart/form-data"  # without its boundary
    answer = Client().post(address, b"garbage", content_type=kind)
    assert 400 <= answer.status_code < 500
    assert b"Traceback" not in answer.content


@pytest.mark.parametrize("address", ["/", "/api/v1/search"])
def test_too_many_fields(site: Site, address: str) -> None:
    answer = site.client.post(address, {f"f{number}": "x" for number in range(1100)})
    assert answer.status_code == 400
    assert b"Traceback" not in answer.content
